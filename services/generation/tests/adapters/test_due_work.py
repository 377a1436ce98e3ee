"""One look says what is due for a worker: whatever a sweep would take, and nothing else."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from chassis.ids import UuidIds
from chassis.postgres import create_engine
from chassis.testing.clock import HandClock
from chassis.testing.wire import CAN_TRACE, ROUND_TRIP, listening
from embedded.testing import ServiceDatabase
from generation.adapters.outbound.postgres.due_work import PostgresDueWork, Queue
from generation.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from generation.application.sweep_deadlines import PROCESSING_GRACE
from generation.application.sweep_reservations import RESERVING_GRACE
from generation.domain.attempt import Outcome
from generation.domain.generation import Status
from generation.ports.answers import StoredAnswer
from generation.ports.unit_of_work import UnitOfWork
from generation_rows import ALICE, LATER, NOW, attempt, job, running
from sqlalchemy.ext.asyncio import AsyncEngine

TICK = timedelta(microseconds=1)
HELD = {"status": Status.QUEUED, "reservation_id": "res_1"}


@pytest.fixture
async def engine(database: ServiceDatabase) -> AsyncIterator[AsyncEngine]:
    """The worker's database."""
    engine = create_engine(database.url)
    yield engine
    await engine.dispose()


async def due(engine: AsyncEngine, now: datetime) -> Collection[Queue]:
    """What a look says at a time."""
    return await PostgresDueWork(engine, HandClock(now)).look()


Change = Callable[[UnitOfWork], Awaitable[object]]


async def did(engine: AsyncEngine, *changes: Change) -> None:
    """Commit them, one after the other."""
    for change in changes:
        async with PostgresUnitsOfWork(engine, UuidIds()).of_system() as work:
            await change(work)


async def test_a_look_is_one_round_trip(engine: AsyncEngine, tmp_path: Path) -> None:
    """Whatever is due."""
    if not CAN_TRACE:
        pytest.skip("libpq traces on Linux alone")
    with listening(engine, tmp_path / "wire") as wire:
        assert await due(engine, NOW) == []
        assert wire.said().count(ROUND_TRIP) == 1


@pytest.mark.parametrize(
    ("queue", "since", "begin", "end"),
    [
        (
            Queue.RESERVATIONS,
            NOW + RESERVING_GRACE + TICK,
            [lambda work: work.generations.add(job())],
            lambda work: work.generations.save(job(**HELD)),
        ),
        (
            Queue.DEADLINES,
            LATER,
            [lambda work: work.generations.add(job(**HELD))],
            lambda work: work.generations.save(job(**HELD).cancelled(now=NOW)),
        ),
        (
            Queue.DEADLINES,
            LATER + PROCESSING_GRACE,
            [lambda work: work.generations.add(running())],
            lambda work: work.generations.save(running().cancelled(now=NOW)),
        ),
        (
            Queue.ATTEMPTS,
            LATER,
            [
                lambda work: work.generations.add(running(deadline_at=LATER + timedelta(hours=1))),
                lambda work: work.attempts.add(attempt()),
            ],
            lambda work: work.attempts.save(attempt().ended(Outcome.LOST, now=NOW)),
        ),
        (
            Queue.DISCARDED,
            LATER,
            [
                lambda work: work.generations.add(running().cancelled(now=NOW)),
                lambda work: work.generations.save(
                    running().cancelled(now=NOW).discarded(now=NOW, purge_at=LATER)
                ),
            ],
            lambda work: work.generations.save(
                running().cancelled(now=NOW).discarded(now=NOW, purge_at=LATER).deleted(now=LATER)
            ),
        ),
        (
            Queue.DELETIONS,
            LATER,
            [lambda work: work.deletions.schedule(["a"], due_at=LATER)],
            lambda work: work.deletions.forget(["a"]),
        ),
    ],
)
async def test_it_is_due_from_its_time_on(
    engine: AsyncEngine, queue: Queue, since: datetime, begin: list[Change], end: Change
) -> None:
    """Not before, and no longer once it is done; nothing else is due meanwhile."""
    await did(engine, *begin)
    assert await due(engine, since - TICK) == []
    assert await due(engine, since) == [queue]
    await did(engine, end)
    assert queue not in await due(engine, since)


async def test_an_answer_is_due_once_its_job_has_ended(engine: AsyncEngine) -> None:
    """Until then it waits for its job."""
    await did(
        engine,
        lambda work: work.generations.add(running()),
        lambda work: work.attempts.add(attempt()),
        lambda work: work.answers.keep(attempt().attempt_id, StoredAnswer("{}", [])),
    )
    assert await due(engine, NOW) == []
    await did(
        engine,
        lambda work: work.generations.save(running().cancelled(now=NOW)),
        lambda work: work.attempts.save(attempt().ended(Outcome.CANCELLED, now=NOW)),
    )
    assert await due(engine, NOW) == [Queue.ANSWERS]
    await did(engine, lambda work: work.answers.forget_ended(limit=1))
    assert await due(engine, NOW) == []


async def test_an_erasure_is_due_until_it_is_finished(engine: AsyncEngine) -> None:
    """However long it takes."""
    await did(engine, lambda work: work.erasures.begin(ALICE, now=NOW))
    assert await due(engine, NOW) == [Queue.ERASURES]
    await did(engine, lambda work: work.erasures.finish(ALICE, now=NOW))
    assert await due(engine, NOW) == []
