"""Everything that a job says to database, ledger, store and broker, in its order.

A statement, a round trip or a call that is added shows here: whoever adds one writes it down.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from chassis.ids import UuidIds
from chassis.postgres import create_engine
from chassis.testing.wire import CAN_TRACE, ROUND_TRIP, Wire, listening
from embedded.testing import ServiceDatabase
from generation.adapters.outbound.answer_spool import TransactionalSpool
from generation.adapters.outbound.in_call import InCallProvider
from generation.adapters.outbound.inline import InlineOutput
from generation.adapters.outbound.intake import FileIntake
from generation.adapters.outbound.memory_ledger import MemoryLedger
from generation.adapters.outbound.memory_services import MemoryMediaStore, MemoryProgressFeed
from generation.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from generation.domain.generation import Generation, Status
from generation.ports.media_provider import Run, RunReport, RunState
from generation_house import House, command

pytestmark = pytest.mark.server

BEGIN = ("BEGIN", "SELECT set_config")
COMMIT = ("COMMIT", ROUND_TRIP)
LOCK_JOB = ("SELECT generations FOR NO KEY UPDATE", ROUND_TRIP)
# Whoever has the key, the lock of its account (out of a list of accounts), and whether that is erased.
LOOK_AT_KEY = ("SELECT generations", "SELECT unnest", "SELECT erasures", ROUND_TRIP)
TOLD = ("INSERT INTO outbox", "SELECT pg_notify")


@dataclass
class Steps:
    """What was said so far."""

    wire: Wire
    said: list[str] = field(default_factory=list)

    def note(self, call: str) -> None:
        """Write down a call to somebody else than the database."""
        self.said += [*self.wire.said(), call]
        self.wire.forget()

    def all(self) -> list[str]:
        """Return everything since the last time."""
        self.note("")
        said, self.said = self.said[:-1], []
        return said


@dataclass
class Told:
    """Notes each call of a method that is named, and passes it on."""

    to: Any
    steps: Steps
    names: dict[str, str]

    def __getattr__(self, name: str) -> Any:
        if name in self.names:
            self.steps.note(self.names[name])
        return getattr(self.to, name)


class Caller:
    """A provider that answers at once."""

    async def call(self, run: Run, advance: Callable[[float], None]) -> RunReport:
        """Return a text."""
        return RunReport(RunState.SUCCEEDED, 1.0, (InlineOutput(b"a short answer"),), usage_units=12)

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
async def house(database: ServiceDatabase, tmp_path: Path) -> AsyncIterator[tuple[House, Steps]]:
    """Use cases over PostgreSQL; whatever else they call is in memory, and noted."""
    if not CAN_TRACE:
        pytest.skip("libpq traces on Linux alone")
    engine = create_engine(database.url, pool_size=1)
    with listening(engine, tmp_path / "wire") as wire:
        steps = Steps(wire)
        units = PostgresUnitsOfWork(engine, UuidIds())
        provider = InCallProvider(
            Told(Caller(), steps, {"call": "HTTP provider"}),
            TransactionalSpool(units, fetched=lambda _: InlineOutput(b"")),
            name="openai",
        )
        yield (
            House(
                units=units,  # type: ignore[arg-type]
                ledger=Told(MemoryLedger(), steps, {"reserve": "RPC Reserve"}),  # type: ignore[arg-type]
                store=Told(MemoryMediaStore(), steps, {"put": "S3 put"}),  # type: ignore[arg-type]
                feed=Told(MemoryProgressFeed(), steps, {"tell": "NATS progress"}),  # type: ignore[arg-type]
                intake=FileIntake(1024**2),  # type: ignore[arg-type]
                provider=provider,  # type: ignore[arg-type]
            ),
            steps,
        )
        await provider.close()
    await engine.dispose()


async def created(house: House, key: str) -> Generation:
    """A job for a text."""
    generation, _ = await house.create(command(model="openai/chat", key=key, max_tokens=32))
    return generation


async def test_what_a_job_says(house: tuple[House, Steps]) -> None:
    """From the request to the fact that it succeeded."""
    made, steps = house
    generation = await created(made, "k1")
    assert steps.all() == [
        *(*BEGIN, *LOOK_AT_KEY),
        *("INSERT INTO generations", *COMMIT),
        "RPC Reserve",
        *(*BEGIN, *LOCK_JOB, "UPDATE generations", *TOLD, *COMMIT),
    ]
    worker = made.worker()
    job = await worker.started(made.reserved(generation))
    assert steps.all() == [
        *(*BEGIN, "INSERT INTO inbox", *LOCK_JOB),
        *("UPDATE generations", "INSERT INTO attempts", *COMMIT),
    ]
    await worker.run(job)
    assert steps.all() == [
        "HTTP provider",
        *(*BEGIN, "INSERT INTO spooled_answers", *COMMIT),
        # The text goes with the end: nothing is queued for removal, and nobody asks the store.
        *(*BEGIN, LOCK_JOB[0], "SELECT attempts FOR UPDATE", ROUND_TRIP),
        *("INSERT INTO outputs", "INSERT INTO output_texts", "UPDATE attempts", "UPDATE generations"),
        *("DELETE FROM spooled_answers", *TOLD, *COMMIT),
    ]
    stored, _ = await made.create(command(model="openai/chat", key="k1", max_tokens=32))
    assert stored.status is Status.SUCCEEDED
    assert steps.all() == [
        *(*BEGIN, *LOOK_AT_KEY),
        *COMMIT,
    ]
