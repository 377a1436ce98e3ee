"""What a service may tell, and what it is taken for, with its own login and the shipped permissions."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from chassis.consumer import Consumer
from chassis.events import IncomingEvent, Refused
from chassis.nats import Connection, connect, ensure_stream
from embedded.testing import NatsLogin
from embedded.topology import topology
from generation.adapters.inbound.worker import DURABLE, credits_reserved
from generation.adapters.inbound.worker import SUBJECTS as GENERATION_SUBJECTS
from golden import FOLDER, delivered
from ledger.adapters.inbound.events import SUBJECTS
from nats.js.api import RePublish
from test_ledger_consumes import ALICE, EFFECTS, ledger_with_a_held_job

Login = Callable[[str], NatsLogin]
SERVICES = topology().services
# What was handed out and not answered for comes again once the consumer's ack_wait is over: 30 s.
REDELIVERED_S = 60
FACTS = sorted(path.stem for path in FOLDER.glob("*.json"))


def context_of(ce_type: str) -> str:
    """The service that tells a fact."""
    return ce_type.split(".")[1]


@asynccontextmanager
async def connected(login: NatsLogin) -> AsyncIterator[Connection]:
    """A connection that ends with the test."""
    connection = await connect(login.url, user=login.user, password=login.password, name="test")
    try:
        yield connection
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("user", "ce_type"),
    [(user, fact) for user in SERVICES for fact in FACTS if user != context_of(fact)],
)
async def test_nobody_publishes_anothers_fact(nats_account: Login, user: str, ce_type: str) -> None:
    """The broker refuses it, and nothing is stored."""
    context, event = context_of(ce_type), delivered(ce_type)
    async with connected(nats_account(context)) as owner, connected(nats_account(user)) as forger:
        await ensure_stream(owner.jetstream(), context)
        await forger.publish(event.subject, event.payload, headers=dict(event.headers))
        await forger.flush()
        async with asyncio.timeout(5):
            while not forger.was_denied(event.subject):
                await asyncio.sleep(0.01)
        assert (await owner.jetstream().stream_info(context.upper())).state.messages == 0


GivenUp = list[tuple[IncomingEvent, Exception]]


@asynccontextmanager
async def consuming(connection: Connection, **options: Any) -> AsyncIterator[GivenUp]:
    """A service's real consumer; the list is its dead letters."""
    given_up: GivenUp = []

    async def keep(event: IncomingEvent, failure: Exception) -> None:
        given_up.append((event, failure))

    task = asyncio.create_task(Consumer(connection.jetstream(), on_dead_letter=keep, **options).run())
    try:
        yield given_up
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("sender", "claimed"),
    [
        (sender, fact)
        for sender in ("identity", "billing", "generation")
        for fact in EFFECTS
        if context_of(fact) != sender
    ],
)
async def test_a_claim_in_the_header_moves_no_credits(nats_account: Login, sender: str, claimed: str) -> None:
    """Another's fact on the sender's own subjects: refused at once, kept, and the balance is as it was."""
    ledger, events = await ledger_with_a_held_job()
    event = delivered(claimed)
    carriers = [subject.replace("*", ALICE) for subject in SUBJECTS[sender.upper()]]
    async with AsyncExitStack() as stack:
        forger = await stack.enter_async_context(connected(nats_account(sender)))
        await ensure_stream(forger.jetstream(), sender)
        for number, subject in enumerate(carriers):
            headers = dict(event.headers) | {"ce-id": f"evt_{number}", "Nats-Msg-Id": f"evt_{number}"}
            await forger.jetstream().publish(subject, event.payload, headers=headers)
        consumer = await stack.enter_async_context(connected(nats_account("ledger")))
        given_up = await stack.enter_async_context(
            consuming(
                consumer,
                stream=sender.upper(),
                durable="ledger",
                subjects=SUBJECTS[sender.upper()],
                handler=events.handle,
            )
        )
        info = await forger.jetstream().stream_info(sender.upper())
        assert info.state.messages == len(carriers)
        async with asyncio.timeout(REDELIVERED_S):
            while len(given_up) < len(carriers):
                await asyncio.sleep(0.02)
    assert await ledger.available(ALICE) == (100, 30)
    assert {one.subject for one, _ in given_up} == set(carriers)
    assert all(isinstance(why, Refused) and one.deliveries == 1 for one, why in given_up)


@pytest.mark.parametrize("sender", ["identity", "generation"])
async def test_a_stream_that_copies_itself_to_anothers_subject_moves_no_credits(
    nats_account: Login, sender: str
) -> None:
    """A producer may configure its own stream, and the broker does the copying: it is refused as copied."""
    ledger, events = await ledger_with_a_held_job()
    event = delivered("tintype.billing.v1.PaymentCompleted")
    own = SUBJECTS[sender.upper()][0].replace("*", ALICE)
    async with AsyncExitStack() as stack:
        owner = await stack.enter_async_context(connected(nats_account("billing")))
        await ensure_stream(owner.jetstream(), "billing")
        forger = await stack.enter_async_context(connected(nats_account(sender)))
        stream = forger.jetstream()
        await ensure_stream(stream, sender)
        config = (await stream.stream_info(sender.upper())).config
        await stream.update_stream(config.evolve(republish=RePublish(src=own, dest=event.subject)))
        await stream.publish(own, event.payload, headers=dict(event.headers))
        consumer = await stack.enter_async_context(connected(nats_account("ledger")))
        given_up = await stack.enter_async_context(
            consuming(
                consumer,
                stream="BILLING",
                durable="ledger",
                subjects=SUBJECTS["BILLING"],
                handler=events.handle,
            )
        )
        async with asyncio.timeout(REDELIVERED_S):
            while not given_up:
                await asyncio.sleep(0.02)
    assert await ledger.available(ALICE) == (100, 30)
    assert [(one.subject, type(why)) for one, why in given_up] == [(event.subject, Refused)]


@pytest.mark.parametrize("sender", ["identity", "generation"])
async def test_answers_sent_to_anothers_subject_move_no_credits(nats_account: Login, sender: str) -> None:
    """The broker answers wherever it is asked to: what it says there is no fact."""
    ledger, events = await ledger_with_a_held_job()
    target = delivered("tintype.billing.v1.PaymentCompleted").subject
    own = SUBJECTS[sender.upper()][0].replace("*", ALICE)
    async with AsyncExitStack() as stack:
        owner = await stack.enter_async_context(connected(nats_account("billing")))
        await ensure_stream(owner.jetstream(), "billing")
        forger = await stack.enter_async_context(connected(nats_account(sender)))
        await ensure_stream(forger.jetstream(), sender)
        await forger.publish(own, b"", reply=target)
        await forger.publish(f"$JS.API.STREAM.INFO.{sender.upper()}", b"", reply=target)
        await forger.flush()
        consumer = await stack.enter_async_context(connected(nats_account("ledger")))
        given_up = await stack.enter_async_context(
            consuming(
                consumer,
                stream="BILLING",
                durable="ledger",
                subjects=SUBJECTS["BILLING"],
                handler=events.handle,
            )
        )
        async with asyncio.timeout(REDELIVERED_S):
            while len(given_up) < 2:
                await asyncio.sleep(0.02)
    assert await ledger.available(ALICE) == (100, 30)
    assert {type(why) for _, why in given_up} == {Refused}


async def test_a_claim_in_the_header_starts_no_job(nats_account: Login) -> None:
    """Generation hears of reserved credits by subject alone, and keeps what it refuses."""
    event = delivered("tintype.ledger.v1.CreditsReserved")
    started: list[IncomingEvent] = []

    async def handle(one: IncomingEvent) -> None:
        credits_reserved(one)
        started.append(one)

    async with AsyncExitStack() as stack:
        sender = await stack.enter_async_context(connected(nats_account("ledger")))
        await ensure_stream(sender.jetstream(), "ledger")
        other = dict(event.headers) | {"ce-type": "tintype.ledger.v1.CreditsGranted"}
        await sender.jetstream().publish(event.subject, event.payload, headers=other)
        foreign = event.subject.replace(event.account, "usr_mallory")
        await sender.jetstream().publish(foreign, event.payload, headers={"ce-id": "evt_2"})
        await sender.jetstream().publish(event.subject, b"\xff", headers={"ce-id": "evt_3"})
        await sender.jetstream().publish(event.subject, event.payload, headers={"ce-id": "evt_4"})
        consumer = await stack.enter_async_context(connected(nats_account("generation")))
        given_up = await stack.enter_async_context(
            consuming(
                consumer, stream="LEDGER", durable=DURABLE, subjects=GENERATION_SUBJECTS, handler=handle
            )
        )
        async with asyncio.timeout(REDELIVERED_S):
            while not started or len(given_up) < 3:
                await asyncio.sleep(0.02)
    assert [one.event_id for one in started] == ["evt_4"]


@pytest.mark.parametrize("ce_type", FACTS)
def test_the_type_is_read_from_the_subject(ce_type: str) -> None:
    """Each golden message's subject gives the type that its producer wrote."""
    event = delivered(ce_type)
    assert event.ce_type == ce_type
    assert event.account == json.loads((FOLDER / f"{ce_type}.json").read_text())["subject"].split(".")[-1]


DURABLES = [
    (context, durable)
    for owner in SERVICES.values()
    for context in owner.listens_to
    for durable in (owner.name, f"{owner.name}-worker")
]


@pytest.mark.parametrize("user", SERVICES)
async def test_nobody_touches_anothers_consumer(nats_account: Login, user: str) -> None:
    """Others may not take, acknowledge, make or delete a service's durable consumer."""
    subjects = [
        subject
        for context, durable in DURABLES
        if not durable.startswith(user)
        for subject in (
            f"$JS.API.CONSUMER.MSG.NEXT.{context.upper()}.{durable}",
            f"$JS.API.CONSUMER.DELETE.{context.upper()}.{durable}",
            f"$JS.API.CONSUMER.CREATE.{context.upper()}.{durable}",
            f"$JS.API.CONSUMER.CREATE.{context.upper()}.{durable}.tintype.x",
            f"$JS.API.CONSUMER.DURABLE.CREATE.{context.upper()}.{durable}",
            f"$JS.ACK.{context.upper()}.{durable}.1.1.1.1.0",
        )
    ]
    async with connected(nats_account(user)) as intruder:
        for subject in subjects:
            await intruder.publish(subject, b"{}")
        await intruder.flush()
        async with asyncio.timeout(5):
            while not all(intruder.was_denied(subject) for subject in subjects):
                await asyncio.sleep(0.01)
