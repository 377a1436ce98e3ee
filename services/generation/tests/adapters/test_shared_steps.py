"""Starts and ends of several jobs in one transaction: what they share, and what they never do."""

import asyncio
from collections.abc import AsyncIterator
from contextvars import ContextVar
from pathlib import Path

import pytest
from chassis.testing.wire import Wire
from embedded.testing import ServiceDatabase
from generation.adapters.outbound.answer_spool import TransactionalSpool
from generation.adapters.outbound.memory_services import MemoryOutput
from generation.application.finish_attempt import LeaseLost
from generation.application.start_generation import CreditsReserved, Job
from generation.domain.generation import Generation, Status
from generation.domain.identifiers import EventId, GenerationId
from generation.ports.needs import Needs
from generation.ports.unit_of_work import UnitOfWork
from generation_house import House, success
from killed_at_statement import STATEMENTS_MAX, acted, dies, opened, overheard, rows

pytestmark = pytest.mark.server

JOBS = 3
ASKED_BY: ContextVar[str] = ContextVar("asked_by", default="nobody")


@pytest.fixture
async def house(database: ServiceDatabase) -> AsyncIterator[House]:
    """The same for one test."""
    async with opened(database.url) as house:
        yield house


async def reserved(house: House, jobs: int = JOBS) -> list[CreditsReserved]:
    """Jobs whose credits are held, as the ledger tells of them."""
    queued = [await house.queued() for _ in range(jobs)]
    return [house.reserved(each, f"evt_{each.generation_id}") for each in queued]


async def started(house: House, events: list[CreditsReserved]) -> list[Job | None]:
    """What becomes of these events when they come together."""
    start = house.worker().start
    return list(await asyncio.gather(*(start(event) for event in events)))


async def ended(house: House, jobs: list[Job]) -> list[object]:
    """What becomes of jobs that end together."""
    finish = house.worker().finish
    ends = (finish.succeed(job, [], delivered_units=1) for job in jobs)
    return list(await asyncio.gather(*ends, return_exceptions=True))


async def test_jobs_that_start_together_are_one_transaction(
    database: ServiceDatabase, tmp_path: Path
) -> None:
    """However many they are, and so are their ends."""
    async with overheard(database.url, tmp_path) as (house, wire):
        events = await reserved(house, 12)
        wire.forget()
        jobs = [job for job in await started(house, events) if job]
        assert _counted(wire) == {"COMMIT": 1, "INSERT INTO inbox": 1, "INSERT INTO attempts": 12}
        wire.forget()
        await kept(house, jobs)
        assert _counted(wire) == {"COMMIT": 1, "INSERT INTO spooled_answers": 12}
        wire.forget()
        await ended(house, jobs)
        assert _counted(wire) == {"COMMIT": 1, "UPDATE attempts": 12, "INSERT INTO outbox": 12}
    assert rows(database, "SELECT status, count(*) FROM generations GROUP BY status") == [("succeeded", 12)]


def _counted(wire: Wire) -> dict[str, int]:
    said = wire.said()
    looked_at = (
        *("COMMIT", "INSERT INTO inbox", "INSERT INTO attempts", "INSERT INTO spooled_answers"),
        *("UPDATE attempts", "INSERT INTO outbox"),
    )
    return {statement: said.count(statement) for statement in looked_at if statement in said}


async def test_an_event_that_comes_twice_at_once_starts_one_job(house: House) -> None:
    """The second one is told that there was a first, in the same transaction too."""
    (event,) = await reserved(house, 1)
    jobs = await started(house, [event, event])
    assert [job is None for job in jobs] == [False, True]


async def test_a_job_that_ends_twice_at_once_ends_once(house: House, database: ServiceDatabase) -> None:
    """The second end finds nothing to end, and says so."""
    (job,) = [job for job in await started(house, await reserved(house, 1)) if job]
    told = await ended(house, [job, job])
    assert [type(one) for one in told] == [Generation, LeaseLost]
    assert rows(database, "SELECT count(*) FROM outbox WHERE ce_type LIKE '%Succeeded'") == [(1,)]


async def test_a_poisoned_job_fails_alone(house: House, database: ServiceDatabase) -> None:
    """Whatever it raises: its event is as unheard as before, and the others' jobs have started."""
    events = await reserved(house)

    async def poison(work: UnitOfWork) -> None:
        assert await work.first_time(EventId("evt_poison"))
        raise LookupError("poisoned")

    needs = Needs(generation_id=GenerationId("gen_none"), event_id=EventId("evt_poison"))
    start = house.worker().start
    told = await asyncio.gather(
        start(events[0]),
        house.units.shared(poison, needs),
        *(start(event) for event in events[1:]),
        return_exceptions=True,
    )
    assert [type(one) for one in told] == [Job, LookupError, Job, Job]
    assert rows(database, "SELECT count(*) FROM inbox WHERE event_id = 'evt_poison'") == [(0,)]
    assert rows(database, "SELECT count(*), count(DISTINCT generation_id) FROM attempts") == [(3, 3)]


async def test_a_row_that_breaks_a_rule_fails_alone(house: House, database: ServiceDatabase) -> None:
    """The database says so when all is sent; it is found out whose it is."""
    events = await reserved(house)
    broken = events[1].generation_id

    async def spoil(work: UnitOfWork) -> None:
        job = await work.generations.lock(broken)
        assert job is not None
        await work.generations.save(_spoilt(job))

    start = house.worker().start
    told = await asyncio.gather(
        start(events[0]),
        house.units.shared(spoil, Needs(generation_id=broken)),
        start(events[2]),
        return_exceptions=True,
    )
    assert [type(told[0]), type(told[2])] == [Job, Job]
    assert isinstance(told[1], Exception)
    assert rows(database, f"SELECT status FROM generations WHERE generation_id = '{broken}'") == [("queued",)]


def _spoilt(job: Generation) -> Generation:
    # No dataclass would: it is what a bug of ours does.
    object.__setattr__(job, "progress", 7.0)
    return job


async def test_each_step_is_its_own_callers(house: House) -> None:
    """What travels with a fact is of whoever asked for it, not of whoever came first."""
    seen = []

    async def look(_work: UnitOfWork) -> None:
        seen.append(ASKED_BY.get())

    async def ask(name: str) -> None:
        ASKED_BY.set(name)
        await house.units.shared(look, Needs(generation_id=GenerationId("gen_none")))

    await asyncio.gather(ask("alice"), ask("bob"))
    assert seen == ["alice", "bob"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_starts_that_are_killed_start_once_when_they_come_again(
    after: bool, database: ServiceDatabase
) -> None:
    """Whatever statement it was: all of them have started, or none has, and then the events start them."""
    crashes = 0
    for at in range(1, STATEMENTS_MAX):
        events = asyncio.run(acted(reserved, database.url))
        died = dies(lambda house, events=events: started(house, events), database.url, at=at, after=after)  # type: ignore[misc]
        wanted = ", ".join(f"'{event.generation_id}'" for event in events)
        there = rows(database, f"SELECT count(*) FROM attempts WHERE generation_id IN ({wanted})")
        assert there in ([(0,)], [(JOBS,)])
        asyncio.run(acted(lambda house, events=events: started(house, events), database.url))  # type: ignore[misc]
        states = rows(
            database,
            "SELECT status, count(*), count(DISTINCT attempt_id) FROM generations JOIN attempts"
            f" USING (generation_id) WHERE generation_id IN ({wanted}) GROUP BY status",
        )
        assert states == [("processing", JOBS, JOBS)]
        if not died:
            break
        crashes += 1
    else:
        pytest.fail("it never came through")
    assert crashes >= 10


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_ends_that_are_killed_end_once_when_they_are_tried_again(
    after: bool, database: ServiceDatabase
) -> None:
    """One fact each, whoever told it: what was committed can't be ended again."""
    crashes = 0
    for at in range(1, STATEMENTS_MAX):
        events = asyncio.run(acted(reserved, database.url))
        begun = asyncio.run(acted(lambda house, events=events: started(house, events), database.url))  # type: ignore[misc]
        jobs = [job for job in begun if job]
        died = dies(lambda house, jobs=jobs: ended(house, jobs), database.url, at=at, after=after)  # type: ignore[misc]
        told = asyncio.run(acted(lambda house, jobs=jobs: ended(house, jobs), database.url))  # type: ignore[misc]
        assert {type(one) for one in told} in ({Generation}, {LeaseLost})
        wanted = ", ".join(f"'{job.generation.generation_id}'" for job in jobs)
        assert rows(
            database, f"SELECT DISTINCT status FROM generations WHERE generation_id IN ({wanted})"
        ) == [(Status.SUCCEEDED.value,)]
        if not died:
            break
        crashes += 1
    else:
        pytest.fail("it never came through")
    assert crashes >= 10
    facts = "SELECT count(*) FROM outbox WHERE ce_type LIKE '%Succeeded'"
    assert rows(database, facts) == [((crashes + 1) * JOBS,)]


async def kept(house: House, jobs: list[Job]) -> None:
    """Their answers, which came together, are in the spool."""
    spool = TransactionalSpool(house.units, fetched=lambda _: MemoryOutput(b""))
    await asyncio.gather(*(spool.keep(job.attempt.attempt_id, success(b"a text")) for job in jobs))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_answers_that_are_killed_on_their_way_are_kept_once(after: bool, database: ServiceDatabase) -> None:
    """All of them or none, and each once however often it is kept."""
    crashes = 0
    for at in range(1, STATEMENTS_MAX):
        events = asyncio.run(acted(reserved, database.url))
        begun = asyncio.run(acted(lambda house, events=events: started(house, events), database.url))  # type: ignore[misc]
        jobs = [job for job in begun if job]
        died = dies(lambda house, jobs=jobs: kept(house, jobs), database.url, at=at, after=after)  # type: ignore[misc]
        there = "SELECT count(*) FROM spooled_answers"
        assert rows(database, there) in ([(crashes * JOBS,)], [((crashes + 1) * JOBS,)])
        asyncio.run(acted(lambda house, jobs=jobs: kept(house, jobs), database.url))  # type: ignore[misc]
        assert rows(database, there) == [((crashes + 1) * JOBS,)]
        if not died:
            break
        crashes += 1
    else:
        pytest.fail("it never came through")
    assert crashes == JOBS + 3
    assert rows(database, "SELECT count(*) FROM spooled_pieces") == [((crashes + 1) * JOBS,)]
