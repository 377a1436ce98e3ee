"""Reserved credits whose event could not be handled: kept, shown, and applied once by a command."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from chassis.consumer import incoming
from chassis.dead_letters import DeadLetters
from chassis.nats import Connection, connect
from chassis.postgres import create_engine
from embedded.nats_permissions import ADMIN
from embedded.testing import NatsLogin
from generation_stack import Stack, until
from tintype.generation.v1 import generation_pb2 as pb

pytestmark = pytest.mark.server


@asynccontextmanager
async def connected(login: NatsLogin) -> AsyncIterator[Connection]:
    """A connection that ends with the block."""
    connection = await connect(login.url, user=login.user, password=login.password, name="test")
    try:
        yield connection
    finally:
        await connection.close()


async def command(stack: Stack, *words: str) -> tuple[int | None, str]:
    """Run `python -m generation ...` as a person does."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "generation", *words,
        env=os.environ | stack.settings, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    return process.returncode, out.decode()


async def test_a_replayed_event_starts_its_job_once(
    stack: Stack, nats_account: Callable[[str], NatsLogin]
) -> None:
    """Given up with the job still queued; the command starts it, the next worker runs it, charged once."""
    created = await stack.create()
    async with connected(nats_account(ADMIN)) as admin:
        reading = await admin.jetstream().pull_subscribe("tintype.ledger.v1.credits_reserved.*", durable="t")
        (message,) = await reading.fetch(1, timeout=20)
        event = incoming(message)
    engine = create_engine(stack.settings["GENERATION_DATABASE_URL"])
    await DeadLetters(engine).keep(event, ValueError("not this time"))
    assert event.event_id in (await command(stack, "dead-letters", "list"))[1]
    assert await command(stack, "dead-letters", "replay", event.event_id) == (
        0,
        f"{event.event_id}  applied\n",
    )
    assert (await stack.get(created.generation_id)).status == pb.GENERATION_STATUS_PROCESSING
    assert (await command(stack, "dead-letters", "replay", event.event_id))[0] == 0
    # It also finds the event in the stream, and knows it already.
    await stack.process("serve-worker")
    done = await stack.reaches(created.generation_id, pb.GENERATION_STATUS_SUCCEEDED)
    assert done.credits_charged == created.credits_reserved
    assert [attempt.outcome for attempt in done.attempts] == ["succeeded"]
    assert await stack.settled(created.generation_id) == ["GenerationSucceeded"]
    await engine.dispose()


async def test_what_the_ledger_never_said_is_kept_and_stops_nobody(stack: Stack) -> None:
    """A message that can't be read, on the ledger's own subject: the next job runs all the same."""
    await stack.process("serve-worker")
    subject = f"tintype.ledger.v1.credits_reserved.{stack.account}"
    async with connected(stack.nats) as ledger:
        await ledger.jetstream().publish(subject, b"\xff", headers={"ce-id": "evt_unreadable"})
    created = await stack.create()
    await stack.reaches(created.generation_id, pb.GENERATION_STATUS_SUCCEEDED)
    engine = create_engine(stack.settings["GENERATION_DATABASE_URL"])

    async def kept() -> bool:
        return [one.event.event_id for one in await DeadLetters(engine).list()] == ["evt_unreadable"]

    await until(kept)
    code, told = await command(stack, "dead-letters", "replay", "evt_unreadable")
    assert code == 1
    assert "Refused" in told
    assert (await command(stack, "outbox", "list")) == (0, "every fact can be published\n")
    await engine.dispose()
