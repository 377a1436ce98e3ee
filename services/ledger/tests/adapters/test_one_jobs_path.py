"""Everything that a reserve, a settling event and a window of the relay say to the database, in its order.

A statement or a round trip that is added shows here: whoever adds one writes it down.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import psycopg
import pytest
from chassis.clock import SystemClock
from chassis.events import IncomingEvent, OutgoingEvent, event
from chassis.ids import UuidIds, new_id
from chassis.pipeline import Pipeline
from chassis.postgres import create_engine
from chassis.relay import Relay
from chassis.shards import SHARDS
from chassis.testing.wire import CAN_TRACE, ROUND_TRIP, Wire, in_short, listening, trace
from command_makers import grant, reserve
from embedded.testing import ServiceDatabase
from ledger.adapters.inbound.events import LedgerEvents
from ledger.adapters.outbound.postgres import tables
from ledger.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from ledger.application.command_writer import CommandWriter
from sqlalchemy.ext.asyncio import AsyncEngine
from tintype.generation.v1.events_pb2 import GenerationSucceeded

pytestmark = pytest.mark.server

LOCK = ("BEGIN", "SELECT accounts FOR NO KEY UPDATE", "SELECT requests", "SELECT lots")
COMMIT = ("COMMIT", ROUND_TRIP)
RESERVED = (
    "INSERT INTO requests + INSERT INTO entries + INSERT INTO reservations + UPDATE lots + UPDATE accounts"
    " + INSERT INTO outbox + pg_notify"
)
SETTLED = (
    "INSERT INTO requests + INSERT INTO entries + UPDATE reservations + UPDATE lots + UPDATE accounts"
    " + INSERT INTO inbox + INSERT INTO outbox + pg_notify"
)


class TracedUnits(PostgresUnitsOfWork):
    """Transactions whose connections write down what they say."""

    def __init__(self, engine: AsyncEngine, file: IO[str]) -> None:
        super().__init__(engine, UuidIds())
        self._file = file

    def _pipeline(self, connection: psycopg.AsyncConnection) -> Pipeline:
        trace(connection, self._file)
        return super()._pipeline(connection)


@dataclass
class Told:
    """A ledger, and what it said."""

    wire: Wire
    writer: CommandWriter
    events: LedgerEvents

    def said(self) -> list[str]:
        """Return what was said since the last time."""
        said = self.wire.said()
        self.wire.forget()
        return said

    async def reserved(self, account: str) -> str:
        """Reserve credits, and return the reservation's id."""
        outcome = await self.writer.apply(reserve(account, 5))
        assert outcome is not None
        return str(outcome.made_id)


@pytest.fixture
async def path(database: ServiceDatabase, engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Told]:
    """A ledger that spoke to the database before: what is prepared once does not count."""
    if not CAN_TRACE:
        pytest.skip("libpq traces on Linux alone")
    with (tmp_path / "wire").open("a") as file:
        units = TracedUnits(engine, file)
        writer = CommandWriter(units, SystemClock(), UuidIds())
        yield Told(Wire(tmp_path / "wire", parts), writer, LedgerEvents(writer=writer, welcome_credits=0))
        await units.close()


def parts(statement: str) -> str:
    """Name all that a statement writes."""
    written = re.findall(r"part_\d+ AS \((INSERT INTO|UPDATE) (\w+)", statement)
    told = ["pg_notify"] if "pg_notify" in statement else []
    return " + ".join([*(f"{verb} {table}" for verb, table in written), *told]) or in_short(statement)


def succeeded(account: str, reservation_id: str) -> IncomingEvent:
    """The event that charges a reservation."""
    message = GenerationSucceeded(
        generation_id=new_id("gen"), account_id=account, reservation_id=reservation_id, charge_credits=4
    )
    told = event(message, account=account, event_id=new_id("evt"), time=datetime.now(UTC))
    return IncomingEvent(subject=told.subject, event_id=told.event_id, time=told.time, payload=told.payload)


async def test_what_a_reserve_says(path: Told) -> None:
    """Two round trips: what it is about, and all that it changes, with the commit."""
    account = new_id("usr")
    await path.writer.apply(grant(account, 100))
    path.said()
    await path.reserved(account)
    assert path.said() == [
        *(*LOCK, ROUND_TRIP),
        RESERVED,
        *COMMIT,
    ]


async def test_what_settling_says(path: Told) -> None:
    """Two round trips, the row of the inbox among what is changed; the same for events that wait together."""
    accounts = [new_id("usr") for _ in range(8)]
    await path.writer.apply_batch([grant(account, 100) for account in accounts])
    reserved = [await path.reserved(account) for account in accounts]
    settle = [
        *(*LOCK, "SELECT reservations", "SELECT inbox", ROUND_TRIP),
        SETTLED,
        *COMMIT,
    ]
    path.said()
    first, *others = map(succeeded, accounts, reserved)
    await path.events.handle(first)
    assert path.said() == settle
    await asyncio.gather(*map(path.events.handle, others))
    assert path.said() == settle
    await path.events.handle(first)
    assert path.said() == [*LOCK, "SELECT reservations", "SELECT inbox", ROUND_TRIP, "COMMIT", ROUND_TRIP]


async def test_whose_a_reservation_is_is_asked_once(
    path: Told, database: ServiceDatabase, engine: AsyncEngine
) -> None:
    """A ledger that did not make the reservation looks that up before it locks the account."""
    account = new_id("usr")
    other = PostgresUnitsOfWork(engine, UuidIds())
    writer = CommandWriter(other, SystemClock(), UuidIds())
    await writer.apply(grant(account, 100))
    held = await writer.apply(reserve(account, 5))
    await other.close()
    assert held is not None
    told = succeeded(account, held.made_id)
    await path.events.handle(told)
    assert path.said()[:4] == ["BEGIN", "SELECT reservations", ROUND_TRIP, LOCK[1]]
    await path.events.handle(told)
    assert path.said()[:2] == list(LOCK[:2])


class NotingPublisher:
    """A broker that takes everything."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    async def publish_many(self, events: Sequence[OutgoingEvent]) -> list[Exception | None]:
        """Count, and say that all of it is stored."""
        self.batches.append(len(events))
        return [None] * len(events)


async def test_what_a_window_of_the_relay_says(path: Told, database: ServiceDatabase, tmp_path: Path) -> None:
    """One round trip to read what waits, one to move it, and one batch to the broker, however many facts."""
    accounts = [new_id("usr") for _ in range(8)]
    await path.writer.apply_batch([grant(account, 100) for account in accounts])
    engine: Any = create_engine(database.url)
    broker = NotingPublisher()
    with listening(engine, tmp_path / "relay") as wire:
        relay = Relay(engine, tables.outbox, broker)
        async with engine.connect() as opened:
            connection = await opened.execution_options(isolation_level="AUTOCOMMIT")
            wire.forget()
            await relay._publish_window(connection, frozenset(range(SHARDS)))
            assert broker.batches == [8]
            assert wire.said() == ["SELECT outbox", ROUND_TRIP, "DELETE FROM outbox", ROUND_TRIP]
            wire.forget()
            await relay._publish_window(connection, frozenset(range(SHARDS)))
            assert wire.said() == ["SELECT outbox", ROUND_TRIP]
            assert broker.batches == [8]
    await engine.dispose()
