"""The sweepers end and remove what nobody else does, one by one."""

from dataclasses import replace
from datetime import timedelta

import pytest
from generation.adapters.outbound.memory import MemoryUnitOfWork
from generation.application.sweep_deadlines import SweepDeadlinesHandler
from generation.domain.attempt import Outcome
from generation.domain.events import Event
from generation.domain.generation import Failure, Generation, Status
from generation.domain.identifiers import GenerationId
from generation.ports.answers import StoredAnswer
from generation_house import ACCOUNT, House, command, success

MOMENT = timedelta(microseconds=1)


async def processing(house: House, event_id: str = "evt_1") -> Generation:
    """A job in the hands of a worker that does nothing with it."""
    generation = await house.queued()
    await house.worker().started(house.reserved(generation, event_id))
    return house.stored(generation)


async def test_a_job_that_nobody_ends_is_ended(house: House) -> None:
    """Its lease holds, its deadline is past, its answer is there: it fails, and nothing of it is left."""
    job = await processing(house)
    (attempt,) = house.units.tables.attempts.values()
    async with house.units.of_system() as work:
        await work.answers.keep(attempt.attempt_id, StoredAnswer("{}"))
        await work.attempts.renew(
            [attempt.attempt_id], worker="w1", lease_until=job.deadline_at + timedelta(hours=1)
        )
    house.clock.moment = job.deadline_at + timedelta(seconds=10) - MOMENT
    await house.sweep_deadlines()
    assert house.stored(job) == job
    house.clock.moment += MOMENT
    for _ in range(2):
        await house.sweep_deadlines()
    ended = house.stored(job)
    assert ended.failure is not None
    assert (ended.status, ended.failure.reason) == (Status.FAILED, "DEADLINE_EXCEEDED")
    (swept,) = house.units.tables.attempts.values()
    assert (swept.outcome, swept.reason) == (Outcome.FAILED, "DEADLINE_EXCEEDED")
    assert house.events() == ["GenerationQueued", "GenerationFailed"]
    assert house.units.tables.answers == {}
    assert ended.failure.detail == "the job did not end in time"
    assert (swept.finished_at, swept.detail, house.meter.generations) == (
        house.clock.now(),
        ended.failure.detail,
        [ended],
    )
    await house.facts.expect("GenerationQueued", "GenerationFailed")


async def test_a_job_waits_for_a_worker_up_to_its_deadline(house: House) -> None:
    """At that very moment it fails, is counted once and its credits come back; it has no attempt."""
    job = await house.queued()
    house.clock.moment = job.deadline_at - MOMENT
    await house.sweep_deadlines()
    assert house.stored(job) == job
    house.clock.moment = job.deadline_at
    for _ in range(2):
        await house.sweep_deadlines()
    late = Failure("DEADLINE_EXCEEDED", "the job waited too long for a worker")
    ended = house.stored(job)
    assert ended == replace(job, status=Status.FAILED, failure=late, finished_at=job.deadline_at)
    assert (house.meter.generations, house.units.tables.attempts) == ([ended], {})
    assert ended.credits_refunded == 5
    await house.facts.expect("GenerationQueued", "GenerationFailed")


@pytest.mark.parametrize("started", [False, True], ids=["queued", "processing"])
async def test_each_overdue_job_is_looked_at_once_a_round(
    house: House, monkeypatch: pytest.MonkeyPatch, started: bool
) -> None:
    """On three pages, the oldest first, although none of them can be ended."""
    jobs = [await (processing(house, f"evt_{number}") if started else house.queued()) for number in range(7)]
    tried: list[GenerationId] = []

    async def publishes_nothing(work: MemoryUnitOfWork, event: Event) -> None:
        tried.append(event.generation_id)
        raise ValueError("this can't be said")

    monkeypatch.setattr(MemoryUnitOfWork, "publish", publishes_nothing)
    house.clock.forward(hours=2)
    await SweepDeadlinesHandler(house.units, house.clock, house.meter, page_size=3)()
    assert tried == [job.generation_id for job in jobs]
    assert (house.meter.generations, [house.stored(job) for job in jobs]) == ([], jobs)
    await house.facts.expect(*["GenerationQueued"] * 7)


@pytest.mark.parametrize("meanwhile", ["started", "ended", "given more time", "gone"])
async def test_what_changed_since_it_was_found_is_left_alone(
    house: House, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    """Another transaction was quicker: its job is as that left it."""
    first, second = [await house.queued() for _ in range(2)]
    publish = MemoryUnitOfWork.publish
    house.clock.forward(hours=2)
    now = house.clock.now()
    changed = {
        "started": second.started(now=now, deadline_at=now),
        "ended": second.cancelled(now=now),
        "given more time": replace(second, deadline_at=now + MOMENT),
        "gone": None,
    }[meanwhile]

    async def publishes_after_another(work: MemoryUnitOfWork, event: Event) -> None:
        del work.tables.generations[second.generation_id]
        if changed:
            work.tables.generations[second.generation_id] = changed
        await publish(work, event)

    monkeypatch.setattr(MemoryUnitOfWork, "publish", publishes_after_another)
    await house.sweep_deadlines()
    assert house.units.tables.generations.get(second.generation_id) == changed
    assert house.meter.generations == [house.stored(first)]
    await house.facts.expect("GenerationQueued", "GenerationQueued", "GenerationFailed")


async def test_a_job_that_is_being_cancelled_ends_as_cancelled(house: House) -> None:
    """Its user was told so, and the worker that should have heard is gone."""
    job = await processing(house)
    await house.cancel(ACCOUNT, job.generation_id)
    house.clock.forward(hours=1)
    await house.sweep_deadlines()
    assert house.stored(job).status is Status.CANCELLED
    assert house.stored(job).finished_at == house.clock.now()
    assert house.meter.generations == [house.stored(job)]
    assert house.events()[-1] == "GenerationCancelled"
    await house.facts.expect("GenerationQueued", "GenerationCancelled")


@pytest.mark.parametrize("started", [False, True], ids=["queued", "processing"])
async def test_one_that_cannot_be_ended_stops_no_other(
    house: House, monkeypatch: pytest.MonkeyPatch, started: bool
) -> None:
    """However many are behind it, on whichever page."""
    jobs = [await (processing(house, f"evt_{number}") if started else house.queued()) for number in range(7)]
    poisoned = {jobs[0].generation_id, jobs[3].generation_id}
    publish = MemoryUnitOfWork.publish

    async def publishes_most(work: MemoryUnitOfWork, event: Event) -> None:
        if event.generation_id in poisoned:
            raise ValueError("this can't be said")
        await publish(work, event)

    monkeypatch.setattr(MemoryUnitOfWork, "publish", publishes_most)
    house.clock.forward(hours=2)
    await SweepDeadlinesHandler(house.units, house.clock, house.meter, page_size=2)()
    left = {job.generation_id for job in jobs if not house.stored(job).is_terminal}
    assert left == poisoned
    await house.facts.expect(*["GenerationQueued"] * 7, *["GenerationFailed"] * 5)


async def test_one_object_that_cannot_be_removed_stops_no_other(house: House) -> None:
    """It stays queued, with an error that nobody foresaw, and comes again."""
    house.provider.reports = [success(b"1", b"2", b"3")]
    job = await house.queued(output_count=3)
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(job)))
    await house.delete(ACCOUNT, job.generation_id)
    stuck, remove = min(house.store.objects), house.store.remove

    async def removes_most(key: str) -> None:
        if key == stuck:
            raise ZeroDivisionError
        await remove(key)

    house.store.remove = removes_most  # type: ignore[method-assign]
    await house.sweep_deletions()
    assert list(house.store.objects) == [stuck]
    assert list(house.units.tables.deletions) == [stuck]
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_one_reservation_that_cannot_be_resolved_stops_no_other(house: House) -> None:
    """An unforeseen error is logged, the jobs behind it are resolved, and at last it is given up."""
    house.ledger.loses_answers = True
    for _ in range(3):
        with pytest.raises(Exception, match="lost"):
            await house.create(command())
    house.ledger.loses_answers = False
    first = min(house.units.tables.generations)
    reserve = house.ledger.reserve

    async def stumbles(generation_id: GenerationId, *args: object, **more: object) -> object:
        if generation_id == first:
            raise ZeroDivisionError
        return await reserve(generation_id, *args, **more)  # type: ignore[arg-type]

    house.ledger.reserve = stumbles  # type: ignore[method-assign,assignment]
    house.clock.forward(seconds=20)
    await house.sweep_reservations()
    statuses = {key: job.status for key, job in house.units.tables.generations.items()}
    assert statuses.pop(first) is Status.RESERVING
    assert set(statuses.values()) == {Status.QUEUED}
    house.clock.forward(minutes=16)
    await house.sweep_reservations()
    assert house.units.tables.generations[first].status is Status.FAILED
    await house.facts.expect("GenerationQueued", "GenerationQueued", "GenerationFailed")
