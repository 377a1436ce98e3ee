"""Who takes an attempt whose time has come, and what that costs it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from generation.adapters.outbound.memory import MemoryGenerations
from generation.application.finish_attempt import AttemptFinisher
from generation.application.start_generation import Job
from generation.domain.generation import Failure, Generation
from generation.domain.identifiers import GenerationId
from generation_house import ACCOUNT, House, Worker

MOMENT = timedelta(microseconds=1)
PAID = "openai/gpt-image-1"


async def started(
    house: House, worker: Worker, *, model: str = "local/sketch", event_id: str = "evt_1"
) -> Job:
    """A job in this worker's hands."""
    job = await worker.started(house.reserved(await house.queued(model=model), event_id))
    await house.facts.expect("GenerationQueued")
    return job


async def test_a_lease_that_ran_out_is_anothers(house: House) -> None:
    """At its last moment and not before; it has used up a try, and its provider may know of it."""
    first, second = house.worker("w1"), house.worker("w2")
    job = await started(house, first)
    house.clock.moment = job.attempt.lease_until - MOMENT
    assert await second.take_due(limit=1) == []
    house.clock.moment += MOMENT
    (taken,) = await second.take_due(limit=1)
    now = house.clock.now()
    assert taken.attempt == replace(
        job.attempt, worker="w2", lease_until=now + timedelta(seconds=15), tries=2
    )
    assert (taken.generation, taken.taken_over, taken.cancel_requested) == (job.generation, True, False)
    assert house.units.tables.attempts == {job.attempt.attempt_id: taken.attempt}
    assert await house.worker("w3").take_due(limit=1) == []


async def test_what_was_left_for_anybody_costs_no_try(house: House) -> None:
    """No provider knows of it, and it begins now."""
    worker = house.worker()
    generation = await house.queued()
    await replace(worker.start, lease_s=0)(house.reserved(generation))
    house.clock.forward(seconds=3)
    (taken,) = await worker.take_due(limit=1)
    now = house.clock.now()
    assert (taken.attempt.tries, taken.attempt.not_before, taken.taken_over) == (1, None, False)
    assert (taken.attempt.started_at, taken.attempt.lease_until) == (now, now + timedelta(seconds=15))
    assert taken.attempt.submitted
    await house.facts.expect("GenerationQueued")


async def test_a_cancel_is_heard_by_whoever_takes_the_job(house: House) -> None:
    """From the first moment."""
    job = await started(house, house.worker("w1"))
    await house.cancel(ACCOUNT, job.generation.generation_id)
    house.clock.forward(seconds=15)
    (taken,) = await house.worker("w2").take_due(limit=1)
    assert taken.cancel_requested


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
async def test_no_more_are_taken_than_there_are_slots(house: House, limit: int) -> None:
    """The one that waits longest first; those in hand are left out, and the rest are as they were."""
    first, second = house.worker("w1"), house.worker("w2")
    jobs = []
    for number in range(4):
        jobs.append(await started(house, first, event_id=f"evt_{number}"))
        house.clock.forward(seconds=1)
    house.clock.forward(seconds=20)
    in_hand = jobs[0].attempt.attempt_id
    taken = await second.take_due(limit=limit, excluding=[in_hand])
    due = [job.generation.generation_id for job in jobs[1:]]
    assert [job.generation.generation_id for job in taken] == due[:limit]
    owners = [house.units.tables.attempts[job.attempt.attempt_id].worker for job in jobs]
    assert owners.count("w2") == min(limit, 3)


@pytest.mark.parametrize(("tries", "goes_on"), [(2, True), (3, False)])
async def test_one_interruption_too_many_ends_the_job(house: House, tries: int, goes_on: bool) -> None:
    """The last try may still be made."""
    job = await started(house, house.worker("w1"))
    house.units.tables.attempts[job.attempt.attempt_id] = replace(job.attempt, tries=tries)
    house.clock.forward(seconds=15)
    taken = await house.worker("w2", attempts_max=3).take_due(limit=1)
    assert len(taken) == goes_on
    interrupted = Failure("INTERRUPTED", "the job was interrupted too often on our side")
    assert house.stored(job.generation).failure == (None if goes_on else interrupted)
    assert len(house.meter.generations) == (not goes_on)
    await house.facts.expect(*([] if goes_on else ["GenerationFailed"]))


async def test_a_paid_call_is_left_to_a_worker_that_is_there(house: House) -> None:
    """For 160 seconds after its lease and no longer."""
    first, second = house.worker("w1"), house.worker("w2")
    job = await started(house, first, model=PAID)
    house.units.tables.living.add("w1")
    house.clock.moment = job.attempt.lease_until + timedelta(seconds=160) - MOMENT
    assert await second.take_due(limit=1) == []
    assert house.units.tables.attempts == {job.attempt.attempt_id: job.attempt}
    house.clock.moment += MOMENT
    assert len(await second.take_due(limit=1)) == 1


@pytest.mark.parametrize(
    "why", ["its worker is gone", "it is this worker's", "it can be asked for", "it was put down"]
)
async def test_nobody_waits_for_a_call_that_can_be_had(house: House, why: str) -> None:
    """It is taken as soon as its lease is over."""
    first, second = house.worker("w1"), house.worker("w2")
    job = await started(house, first, model="local/sketch" if why == "it can be asked for" else PAID)
    if why != "its worker is gone":
        house.units.tables.living.add("w1")
    if why == "it was put down":
        job.taken_over = True
        await first.run_job.hand_on(job)
    else:
        house.clock.moment = job.attempt.lease_until
    (taken,) = await (first if why == "it is this worker's" else second).take_due(limit=1)
    assert taken.attempt.attempt_id == job.attempt.attempt_id
    assert taken.taken_over


async def test_fifty_that_are_left_to_their_worker_hide_nothing(house: House) -> None:
    """What is behind them is found."""
    first, second = house.worker("w1"), house.worker("w2")
    house.units.tables.living.add("w1")
    for number in range(50):
        await started(house, first, model=PAID, event_id=f"evt_{number}")
    house.clock.forward(seconds=1)
    drawn = await started(house, first, event_id="evt_drawn")
    house.clock.forward(seconds=15)
    (taken,) = await second.take_due(limit=1)
    assert taken.generation.generation_id == drawn.generation.generation_id


@pytest.mark.parametrize("trouble", ["it can't be read", "it can't be ended"])
async def test_one_that_can_not_be_taken_up_stops_no_other(
    house: House, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    """Those before and behind it are taken up; it comes again once its lease has run out."""
    first, second = house.worker("w1"), house.worker("w2", attempts_max=3)
    jobs = [await started(house, first, event_id=f"evt_{number}") for number in range(3)]
    poisoned = jobs[1]
    if trouble == "it can't be read":
        get = MemoryGenerations.get

        async def broken(self: MemoryGenerations, generation_id: GenerationId) -> Generation | None:
            if generation_id == poisoned.generation.generation_id:
                raise ValueError("poisoned")
            return await get(self, generation_id)

        monkeypatch.setattr(MemoryGenerations, "get", broken)
    else:
        house.units.tables.attempts[poisoned.attempt.attempt_id] = replace(poisoned.attempt, tries=3)

        async def refused(self: AttemptFinisher, job: Job, failure: Failure) -> None:
            raise ValueError("poisoned")

        monkeypatch.setattr(AttemptFinisher, "fail", refused)
    house.clock.forward(seconds=15)
    taken = await second.take_due(limit=3)
    others = [job.generation.generation_id for job in (jobs[0], jobs[2])]
    assert [job.generation.generation_id for job in taken] == others
    monkeypatch.undo()
    house.clock.forward(seconds=15)
    again = await house.worker("w3", attempts_max=9).take_due(limit=3)
    assert poisoned.generation.generation_id in [job.generation.generation_id for job in again]
