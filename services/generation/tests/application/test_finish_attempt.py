"""How an attempt ends, and with it the job or not: the whole of it, and nothing else."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from generation.application.finish_attempt import INTERRUPTED, UNUSABLE, LeaseLost, Retry
from generation.application.start_generation import Job
from generation.domain.attempt import Attempt, Outcome
from generation.domain.events import GenerationCancelled, GenerationFailed, GenerationSucceeded
from generation.domain.generation import Failure, Generation, Status
from generation.domain.identifiers import GenerationId
from generation.ports.answers import StoredAnswer
from generation_house import ACCOUNT, House, Worker
from generation_rows import output

BUSY = Failure("PROVIDER_FAILED", "busy")
MOMENT = timedelta(microseconds=1)


async def started(house: House, worker: Worker, *, cancelled: bool = False, **attempt: Any) -> Job:
    """A job in this worker's hands for two seconds, its answer kept; its attempt is what `attempt` says."""
    job = await worker.started(house.reserved(await house.queued()))
    house.clock.forward(seconds=2)
    if cancelled:
        await house.cancel(ACCOUNT, job.generation.generation_id)
    async with house.units.of_system() as work:
        await work.answers.keep(job.attempt.attempt_id, StoredAnswer("{}"))
    job.attempt = replace(job.attempt, **attempt)
    house.units.tables.attempts[job.attempt.attempt_id] = job.attempt
    await house.facts.expect("GenerationQueued")
    return job


def stored(house: House, job: Job) -> tuple[Generation, Attempt]:
    """The job and the attempt as they are stored."""
    return house.stored(job.generation), house.units.tables.attempts[job.attempt.attempt_id]


def retry(house: House, *, after: timedelta = timedelta(), **changes: Any) -> Retry:
    """Tries again with the same provider."""
    plain = Retry(
        outcome=Outcome.FAILED, failure=BUSY, provider="local", not_before=house.clock.now() + after
    )
    return replace(plain, **changes)


async def expect_released(
    house: House, job: Job, failure: Failure | None, *, cancelled: bool, outcome: Outcome = Outcome.FAILED
) -> None:
    """The job ended without a delivery: its state, its attempt, its one fact and its count say the same."""
    now, (ended, attempt) = house.clock.now(), stored(house, job)
    assert (
        ended.status,
        ended.failure,
        ended.finished_at,
        ended.credits_charged,
        ended.credits_refunded,
    ) == (
        Status.CANCELLED if cancelled else Status.FAILED,
        None if cancelled else failure,
        now,
        0,
        5,
    )
    assert attempt == job.attempt.ended(outcome, now=now, failure=failure)
    assert (house.meter.generations, house.units.tables.answers) == ([ended], {})
    (fact,) = await house.facts.expect("GenerationCancelled" if cancelled else "GenerationFailed")
    said: dict[str, Any] = {
        "account_id": ACCOUNT,
        "generation_id": ended.generation_id,
        "occurred_at": now,
        "reservation_id": ended.reservation_id,
    }
    if cancelled:
        assert fact == GenerationCancelled(**said)
    else:
        assert failure is not None
        assert fact == GenerationFailed(**said, failure=failure)


async def expect_going_on(house: House, before: Generation) -> None:
    """The job is as it was, its answer is kept, and nothing was told or counted."""
    assert house.stored(before) == before
    assert house.meter.generations == []
    assert len(house.units.tables.answers) == 1
    await house.facts.expect()


async def test_a_success_keeps_state_outputs_and_fact_together(house: House) -> None:
    """The objects are no longer due for removal; others still are."""
    worker = house.worker()
    job = await started(house, worker)
    made = replace(output(), generation_id=job.generation.generation_id, account_id=ACCOUNT)
    async with house.units.of_system() as work:
        await work.deletions.schedule([*made.object_keys, "else"], due_at=house.clock.now())
    await worker.finish.succeed(job, [made], delivered_units=1, tokens=7)
    now, (ended, attempt) = house.clock.now(), stored(house, job)
    assert ended == replace(
        job.generation, status=Status.SUCCEEDED, credits_charged=5, progress=1.0, finished_at=now
    )
    delivered = replace(job.attempt, output_count=1, tokens=7)
    assert attempt == delivered.ended(Outcome.SUCCEEDED, now=now)
    assert (house.units.tables.outputs, house.units.tables.answers) == ([made], {})
    assert house.units.tables.deletions == {"else": now}
    assert house.meter.generations == [ended]
    (fact,) = await house.facts.expect("GenerationSucceeded")
    assert fact == GenerationSucceeded(
        account_id=ACCOUNT,
        generation_id=ended.generation_id,
        occurred_at=now,
        reservation_id=ended.reservation_id,
        charge_credits=5,
        output_count=1,
    )


async def test_a_success_after_a_cancel_leaves_files_to_the_sweeper(house: House) -> None:
    """Small pictures too, due now; no output is known."""
    worker = house.worker()
    job = await started(house, worker, cancelled=True)
    made = output()
    await worker.finish.succeed(job, [made], delivered_units=1, tokens=7)
    assert house.units.tables.deletions == dict.fromkeys(made.object_keys, house.clock.now())
    assert len(house.units.tables.deletions) == 2
    assert house.units.tables.outputs == []
    await expect_released(house, job, None, cancelled=True, outcome=Outcome.CANCELLED)


@pytest.mark.parametrize("cancelled", [False, True])
async def test_a_failure_ends_the_job_for_good(house: House, cancelled: bool) -> None:
    """Unless its user cancelled it first: then the attempt alone says that it failed."""
    worker = house.worker()
    job = await started(house, worker, cancelled=cancelled)
    await worker.finish.fail(job, BUSY)
    await expect_released(house, job, BUSY, cancelled=cancelled)


async def test_a_cancel_ends_the_job_and_its_attempt(house: House) -> None:
    """Neither failed."""
    worker = house.worker()
    job = await started(house, worker, cancelled=True)
    await worker.finish.cancel(job)
    await expect_released(house, job, None, cancelled=True, outcome=Outcome.CANCELLED)


@pytest.mark.parametrize("after", [-MOMENT, timedelta()])
@pytest.mark.parametrize(("counted", "tries"), [(True, 3), (False, 2)])
async def test_the_next_try_is_this_workers_when_its_time_is_now(
    house: House, after: timedelta, counted: bool, tries: int
) -> None:
    """Leased for as long as any; one that cost nothing is not counted."""
    worker = house.worker()
    job = await started(house, worker, tries=2, number=4)
    before, now = house.stored(job.generation), house.clock.now()
    following = await worker.finish.again(
        job, retry(house, after=after, counted=counted, provider="openai", outcome=Outcome.LOST)
    )
    assert following is not None
    assert following == Attempt(
        attempt_id=following.attempt_id,
        generation_id=job.generation.generation_id,
        account_id=ACCOUNT,
        number=5,
        provider="openai",
        worker="w1",
        lease_until=now + timedelta(seconds=15),
        started_at=now,
        tries=tries,
    )
    assert following.attempt_id.startswith("att_0")
    assert house.units.tables.attempts == {
        job.attempt.attempt_id: job.attempt.ended(Outcome.LOST, now=now, failure=BUSY),
        following.attempt_id: following,
    }
    await expect_going_on(house, before)


async def test_the_next_try_is_nobodys_until_its_time(house: House) -> None:
    """Whoever takes it then need not ask the provider first: nothing was submitted."""
    worker = house.worker()
    job = await started(house, worker)
    before, now = house.stored(job.generation), house.clock.now()
    assert await worker.finish.again(job, retry(house, after=MOMENT)) is None
    ended, waiting = house.units.tables.attempts.values()
    assert ended == job.attempt.ended(Outcome.FAILED, now=now, failure=BUSY)
    assert (waiting.number, waiting.tries, waiting.submitted) == (2, 2, False)
    assert (waiting.lease_until, waiting.not_before) == (now + MOMENT, now + MOMENT)
    await expect_going_on(house, before)


@pytest.mark.parametrize(
    ("attempt", "changes", "goes_on"),
    [
        ({"tries": 2}, {}, True),
        ({"tries": 3}, {}, False),
        ({"tries": 3}, {"counted": False}, True),
        ({"number": 99}, {"counted": False}, True),
        ({"number": 100}, {"counted": False}, False),
        ({}, {"failure": UNUSABLE}, True),
    ],
    ids=["tries left", "tries used up", "costs no try", "99th", "100th", "bought once"],
)
async def test_tries_have_bounds(
    house: House, attempt: dict[str, Any], changes: dict[str, Any], goes_on: bool
) -> None:
    """Those that cost nothing as well."""
    worker = house.worker(attempts_max=3)
    job = await started(house, worker, **attempt)
    before = house.stored(job.generation)
    following = await worker.finish.again(job, retry(house, **changes))
    assert (following is not None) == goes_on
    assert len(house.units.tables.attempts) == 1 + goes_on
    if goes_on:
        await expect_going_on(house, before)
    else:
        await expect_released(house, job, BUSY, cancelled=False)


async def test_what_is_unusable_twice_is_not_bought_again(house: House) -> None:
    """Not even where trying costs no try; another failure between the two changes nothing."""
    worker = house.worker()
    job = await started(house, worker)
    for failure in (UNUSABLE, BUSY):
        following = await worker.finish.again(job, retry(house, failure=failure, counted=False))
        assert following is not None
        job.attempt = following
    assert await worker.finish.again(job, retry(house, failure=UNUSABLE, counted=False)) is None
    assert len(house.units.tables.attempts) == 3
    await expect_released(house, job, UNUSABLE, cancelled=False)


@pytest.mark.parametrize("cancelled", [False, True])
async def test_no_try_follows_at_the_deadline_or_after_a_cancel(house: House, cancelled: bool) -> None:
    """The last moment to try is the one before; a user who cancelled waits for nothing."""
    worker = house.worker()
    job = await started(house, worker, cancelled=cancelled)
    left = timedelta() if cancelled else job.generation.deadline_at - house.clock.now()
    assert await worker.finish.again(job, retry(house, after=left)) is None
    assert len(house.units.tables.attempts) == 1
    await expect_released(house, job, BUSY, cancelled=cancelled)


async def test_a_try_may_follow_just_before_the_deadline(house: House) -> None:
    """It waits, and the job goes on."""
    worker = house.worker()
    job = await started(house, worker)
    before, left = house.stored(job.generation), job.generation.deadline_at - house.clock.now() - MOMENT
    assert await worker.finish.again(job, retry(house, after=left)) is None
    assert len(house.units.tables.attempts) == 2
    await expect_going_on(house, before)


@pytest.mark.parametrize("submitted", [False, True])
async def test_a_put_down_attempt_is_nobodys_until_then(house: House, submitted: bool) -> None:
    """Up to the moment before the deadline; it says whether its provider may know of it."""
    worker = house.worker()
    job = await started(house, worker)
    job.taken_over = submitted
    before, until = house.stored(job.generation), job.generation.deadline_at - MOMENT
    await worker.finish.put_down(job, until=until, failure=BUSY)
    _, attempt = stored(house, job)
    assert attempt == replace(job.attempt, lease_until=until, not_before=until, submitted=submitted)
    await expect_going_on(house, before)


@pytest.mark.parametrize("cancelled", [False, True])
async def test_what_would_wait_in_vain_is_not_put_down(house: House, cancelled: bool) -> None:
    """At its deadline it fails, and a cancelled one ends at once."""
    worker = house.worker()
    job = await started(house, worker, cancelled=cancelled)
    until = house.clock.now() if cancelled else job.generation.deadline_at
    await worker.finish.put_down(job, until=until, failure=BUSY)
    await expect_released(house, job, BUSY, cancelled=cancelled)


@pytest.mark.parametrize("submitted", [False, True])
async def test_a_dropped_attempt_has_used_up_a_try(house: House, submitted: bool) -> None:
    """The last one may still be made."""
    worker = house.worker(attempts_max=3)
    job = await started(house, worker, tries=2)
    job.taken_over = submitted
    before, until = house.stored(job.generation), house.clock.now() + timedelta(seconds=1)
    await worker.finish.drop(job, until=until)
    _, attempt = stored(house, job)
    assert attempt == replace(job.attempt, lease_until=until, not_before=until, submitted=submitted, tries=3)
    await expect_going_on(house, before)


@pytest.mark.parametrize(("tries", "cancelled"), [(3, False), (1, True)])
async def test_an_interruption_too_many_ends_the_job(house: House, tries: int, cancelled: bool) -> None:
    """One is too many for a job that its user cancelled."""
    worker = house.worker(attempts_max=3)
    job = await started(house, worker, tries=tries, cancelled=cancelled)
    await worker.finish.drop(job, until=house.clock.now())
    await expect_released(house, job, INTERRUPTED, cancelled=cancelled)


@pytest.mark.parametrize("why", ["another worker's", "ended", "unknown"])
async def test_who_lost_the_lease_changes_nothing(house: House, why: str) -> None:
    """Whatever end it knows of."""
    worker = house.worker()
    job = await started(house, worker)
    tables = house.units.tables
    if why == "another worker's":
        tables.attempts[job.attempt.attempt_id] = replace(job.attempt, worker="w2")
    elif why == "ended":
        tables.generations[job.generation.generation_id] = job.generation.cancelled(now=house.clock.now())
    else:
        job.generation = replace(job.generation, generation_id=GenerationId("gen_none"))
    before = (dict(tables.generations), dict(tables.attempts), dict(tables.answers))
    for end in (
        worker.finish.succeed(job, [output()], delivered_units=1),
        worker.finish.fail(job, BUSY),
        worker.finish.cancel(job),
        worker.finish.again(job, retry(house)),
        worker.finish.put_down(job, until=house.clock.now(), failure=BUSY),
        worker.finish.drop(job, until=house.clock.now()),
    ):
        with pytest.raises(LeaseLost, match=job.attempt.attempt_id):
            await end
    after = house.units.tables
    assert (after.generations, after.attempts, after.answers) == before
    assert (after.outputs, after.deletions, house.meter.generations) == ([], {}, [])
    await house.facts.expect()
