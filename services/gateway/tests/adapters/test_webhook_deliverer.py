"""Processes that deliver: side by side, killed, with receivers that are slow, and one that is poisoned."""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from chassis.clock import SystemClock
from chassis.events import event
from chassis.postgres import create_engine
from chassis.timestamps import to_timestamp
from event_producers import ADA, GENERATION, Producers
from gateway.adapters.inbound.webhook_deliverer import WebhookDeliverer
from gateway.adapters.outbound.http_webhook_sender import HttpWebhookSender
from gateway.adapters.outbound.postgres.webhook_queue import PostgresWebhookQueue
from gateway.application.attempt_delivery import AttemptDeliveryHandler
from gateway.application.claim_deliveries import ClaimDeliveriesHandler
from gateway.domain.webhook import (
    ClaimedDelivery,
    DeliveryState,
    WebhookEvent,
)
from gateway_process import Environment
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine
from standardwebhooks import Webhook
from tintype.generation.v1.events_pb2 import GenerationSucceeded
from webhook_processes import ACCOUNT, PATIENCE_S, SECRET, Rows, process
from webhook_receiver import answer, hang, receiving

pytestmark = pytest.mark.server


@pytest.fixture
async def rows(engine: AsyncEngine) -> Rows:
    """An empty database."""
    return Rows(engine)


@asynccontextmanager
async def delivering(rows: Rows, *, at_once: int = 8, timeout_s: float = 5.0) -> AsyncIterator[None]:
    """A deliverer until the end of the block."""
    sender = HttpWebhookSender(allow_loopback=True, timeout_s=timeout_s)
    deliverer = WebhookDeliverer(
        ClaimDeliveriesHandler(queue=rows.queue, clock=SystemClock(), per_receiver_max=2),
        AttemptDeliveryHandler(
            queue=rows.queue,
            sender=sender,
            clock=SystemClock(),
            spread=lambda delay: delay,
            failing_max=timedelta(days=3),
        ),
        at_once=at_once,
        every_s=0.02,
    )
    running = asyncio.create_task(deliverer.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait({running})
        await sender.close()


LOW, SUCCEEDED = WebhookEvent.CREDITS_LOW, WebhookEvent.GENERATION_SUCCEEDED


async def test_two_deliverers_send_each_once(rows: Rows) -> None:
    """Side by side, with much to do."""
    async with receiving(answer(200)) as receiver:
        endpoint_id = await rows.open(1, receiver.url, LOW)
        for number in range(30):
            await rows.tell(number, LOW)
        async with delivering(rows), delivering(rows):
            log = await rows.all_are(DeliveryState.SUCCEEDED, endpoint_id, count=30)
        assert {each.attempts for each in log} == {1}
        sent = [request.headers["webhook-id"] for request in receiver.received]
        assert sorted(sent) == sorted({each.message_id for each in log})
        assert receiver.open_most <= 2


async def test_a_receiver_that_hangs_holds_up_no_other(rows: Rows) -> None:
    """However much waits for it: it has its share of the slots, and no more."""
    async with receiving(hang) as slow, receiving(answer(200)) as quick:
        held = await rows.open(1, slow.url, LOW)
        for number in range(20):
            await rows.tell(number, LOW)
        async with delivering(rows, at_once=4):
            await asyncio.wait_for(slow.came.wait(), PATIENCE_S)
            endpoint_id = await rows.open(2, quick.url, SUCCEEDED)
            for number in range(10):
                await rows.tell(number, SUCCEEDED)
            await rows.all_are(DeliveryState.SUCCEEDED, endpoint_id, count=10)
            assert slow.open_most <= 2
        assert DeliveryState.SUCCEEDED not in {each.state for each in await rows.log(held)}


async def test_a_poisoned_delivery_stops_nobody(rows: Rows) -> None:
    """One whose secret is none can't be signed; those around it arrive."""
    async with receiving(answer(200)) as receiver:
        poisoned = await rows.open(1, receiver.url, LOW)
        await rows.endpoints.rotate(ACCOUNT, poisoned, fresh="whsec_", now=datetime.now(UTC))
        good = await rows.open(2, receiver.url, LOW)
        for number in range(5):
            await rows.tell(number, LOW)
        async with delivering(rows):
            await rows.all_are(DeliveryState.SUCCEEDED, good, count=5)
            async with asyncio.timeout(PATIENCE_S):
                while not all(each.last_attempt for each in await rows.log(poisoned)):
                    await asyncio.sleep(0.02)
    assert {each.state for each in await rows.log(poisoned)} == {DeliveryState.PENDING}
    assert len(receiver.received) == 5


async def test_storage_that_goes_away_comes_back(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deliverer that can't take anything, or keep what came of it, goes on afterwards."""
    away = 3
    real = PostgresWebhookQueue.claim

    async def claim(queue: PostgresWebhookQueue, **asked: Any) -> Sequence[ClaimedDelivery]:
        nonlocal away
        if away:
            away -= 1
            raise OperationalError("SELECT", {}, OSError("away"))
        return await real(queue, **asked)

    monkeypatch.setattr(PostgresWebhookQueue, "claim", claim)
    async with receiving(answer(200)) as receiver:
        endpoint_id = await rows.open(1, receiver.url, LOW)
        await rows.tell(1, LOW)
        async with delivering(rows):
            await rows.all_are(DeliveryState.SUCCEEDED, endpoint_id, count=1)
    assert away == 0


@pytest.fixture
async def same_rows(environment: Environment) -> AsyncIterator[Rows]:
    """The rows of the processes."""
    engine = create_engine(environment["GATEWAY_DATABASE_URL"])
    yield Rows(engine)
    await engine.dispose()


async def test_nothing_is_lost_when_it_is_killed(
    environment: Environment, same_rows: Rows, producers: Producers, tmp_path: Path
) -> None:
    """kill -9 while it sends: another process sends it again, signed, under the same id; facts that came
    meanwhile are told too, and SIGTERM ends the last one with 0."""
    del producers
    async with receiving(hang, answer(200)) as receiver:
        endpoint_id = await same_rows.open(1, receiver.url, LOW)
        await same_rows.tell(1, LOW)
        async with process(environment, tmp_path / "log") as killed:
            await asyncio.wait_for(receiver.came.wait(), PATIENCE_S)
            killed.send_signal(signal.SIGKILL)
        (delivery,) = await same_rows.log(endpoint_id)
        assert (delivery.state, delivery.attempts, delivery.last_attempt) == (DeliveryState.PENDING, 1, None)
        # Its time is over: the clock of a test does not wait a minute for that.
        async with same_rows.engine.begin() as connection:
            await connection.exec_driver_sql("SELECT set_config('app.account', '*', true)")
            await connection.exec_driver_sql("UPDATE webhook_deliveries SET taken_until = now()")
        async with process(environment, tmp_path / "log") as second:
            (delivery,) = await same_rows.all_are(DeliveryState.SUCCEEDED, endpoint_id, count=1)
            second.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(second.wait, PATIENCE_S) == 0
        assert delivery.attempts == 2
        first, again = receiver.received
        assert first.headers["webhook-id"] == again.headers["webhook-id"] == delivery.message_id
        assert Webhook(SECRET).verify(again.body, again.headers) == {}
    assert SECRET not in (tmp_path / "log").read_text()
    assert "Traceback" not in (tmp_path / "log").read_text()


async def test_a_fact_on_the_stream_arrives_signed(
    environment: Environment, same_rows: Rows, producers: Producers, tmp_path: Path
) -> None:
    """From NATS to the receiver, by two processes, once; another account's fact does not."""
    async with receiving(answer(200)) as receiver:
        endpoint_id = await same_rows.open(1, receiver.url, SUCCEEDED)
        async with process(environment, tmp_path / "a"), process(environment, tmp_path / "b"):
            for account in (ADA, "usr_" + "b" * 32):
                fact = GenerationSucceeded(
                    account_id=account,
                    generation_id=GENERATION,
                    charge_credits=15,
                    output_count=1,
                    occurred_at=to_timestamp(datetime.now(UTC)),
                )
                out = event(fact, account=account, event_id=f"evt_{account}", time=datetime.now(UTC))
                await producers.send("generation", out)
            await same_rows.all_are(DeliveryState.SUCCEEDED, endpoint_id, count=1)
        (request,) = receiver.received
        told = Webhook(SECRET).verify(request.body, request.headers)
        assert (told["type"], told["data"]["id"]) == ("generation.succeeded", GENERATION)
