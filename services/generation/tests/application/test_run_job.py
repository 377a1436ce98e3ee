"""A job is never left without somebody to end it, whatever happens in its worker."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from generation.adapters.outbound.memory_services import MemoryProvider
from generation.application.run_job import RunJobHandler
from generation.application.start_generation import Job
from generation.domain.attempt import Attempt
from generation.domain.errors import StorageUnavailable
from generation.domain.generation import Failure, Status
from generation.domain.identifiers import RunId
from generation.ports.media_provider import RunReport, RunState
from generation_house import House, Worker, success

MADE = ("GenerationQueued", "GenerationSucceeded")
MOMENT = timedelta(microseconds=1)


@dataclass
class Pauses:
    """Lengths of the pauses that were made, none of which takes time; `then` happens in each."""

    lengths_s: list[float] = field(default_factory=list)
    then: Callable[[int], None] = lambda _: None

    async def sleep(self, length_s: float) -> None:
        self.lengths_s.append(length_s)
        self.then(len(self.lengths_s))


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Pauses:
    """Every pause of the test."""
    made = Pauses()
    monkeypatch.setattr(asyncio, "sleep", made.sleep)
    return made


@dataclass
class Paying(MemoryProvider):
    """Its runs are calls of this process."""

    pays: bool = True

    def is_paying(self, run_id: RunId) -> bool:
        return self.pays


def shipped(worker: Worker) -> RunJobHandler:
    """The handler as it is by default."""
    return RunJobHandler(worker.attempts, worker.finish, worker.attempts.clock)


def stumble(worker: Worker, meanwhile: Callable[[], None] = lambda: None) -> Callable[[], None]:
    """Make every delivery of this worker's meet an error of ours; return how it is mended."""
    deliver = worker.attempts.outputs.deliver

    async def stumbles(*_: object) -> None:
        meanwhile()
        raise ZeroDivisionError

    def mend() -> None:
        object.__setattr__(worker.attempts.outputs, "deliver", deliver)

    object.__setattr__(worker.attempts.outputs, "deliver", stumbles)
    return mend


async def started(house: House, worker: Worker) -> Job:
    """A job in this worker's hands, whose provider makes one file."""
    house.provider.reports = [success(b"1")]
    return await worker.started(house.reserved(await house.queued()))


def attempt_of(house: House) -> Attempt:
    """The only attempt, as it is stored."""
    (attempt,) = house.units.tables.attempts.values()
    return attempt


async def test_an_outage_of_the_database_is_waited_for(house: House, pauses: Pauses) -> None:
    """With pauses that double up to a bound; the same run is delivered, and what was told is forgotten."""
    worker = house.worker()
    job = await started(house, worker)
    house.provider.reports = [RunReport(RunState.RUNNING, 0.5), success(b"1")]
    check, outages = house.provider.check, [StorageUnavailable("away") for _ in range(7)]

    async def check_at_last(run_id: RunId) -> RunReport:
        if outages:
            raise outages.pop()
        return await check(run_id)

    house.provider.check = check_at_last  # type: ignore[method-assign]
    await shipped(worker)(job)
    assert pauses.lengths_s == [0.5, 1, 2, 4, 8, 10, 10]
    assert (house.stored(job.generation).status, len(house.provider.submitted)) == (Status.SUCCEEDED, 1)
    assert (house.feed.told, worker.attempts.runs.progress._told) == ([0.5], {})
    await house.facts.expect(*MADE)


async def test_a_job_that_is_somebody_elses_is_left_alone(house: House, pauses: Pauses) -> None:
    """Nothing is waited for, and nothing of it changes."""
    first, second = house.worker("w1"), house.worker("w2")
    job = await started(house, first)
    house.clock.forward(seconds=16)
    await second.take_due(limit=1)
    before = attempt_of(house)
    await first.run_job(job)
    await first.run_job.hand_on(job)
    assert (pauses.lengths_s, attempt_of(house).worker) == ([], "w2")
    assert replace(attempt_of(house), run_id=None) == replace(before, run_id=None)
    await house.facts.expect("GenerationQueued")


async def test_a_full_disk_leaves_the_job_to_another_worker(house: House, pauses: Pauses) -> None:
    """In five seconds, with the run it has, at no cost in tries."""
    first, second = house.worker("w1"), house.worker("w2")
    job = await started(house, first)
    house.intake.is_full = True
    held = attempt_of(house)
    await shipped(first)(job)
    until = house.clock.now() + timedelta(seconds=5)
    assert attempt_of(house) == replace(
        held, run_id=RunId(f"run:{held.attempt_id}"), lease_until=until, not_before=until
    )
    house.clock.moment = until - MOMENT
    assert await second.take_due(limit=1) == []
    house.clock.moment = until
    (taken,) = await second.take_due(limit=1)
    house.intake.is_full = False
    await shipped(second)(taken)
    assert (attempt_of(house).tries, len(house.provider.submitted), pauses.lengths_s) == (1, 1, [])
    assert house.stored(job.generation).status is Status.SUCCEEDED
    await house.facts.expect(*MADE)


@pytest.mark.parametrize(
    ("left", "ends"), [(timedelta(seconds=5), True), (timedelta(seconds=5) + MOMENT, False)]
)
async def test_no_room_up_to_the_deadline_ends_the_job(
    house: House, pauses: Pauses, left: timedelta, ends: bool
) -> None:
    """Nobody takes up at its deadline what was made before: it fails at once, with the true reason."""
    worker = house.worker()
    job = await started(house, worker)
    house.intake.is_full = True
    house.clock.moment = job.generation.deadline_at - left
    await shipped(worker)(job)
    undelivered = Failure("DEADLINE_EXCEEDED", "what was made could not be stored in time")
    assert house.stored(job.generation).failure == (undelivered if ends else None)
    assert house.meter.generations == ([house.stored(job.generation)] if ends else [])
    assert pauses.lengths_s == []
    await house.facts.expect("GenerationQueued", *(["GenerationFailed"] if ends else []))


async def test_an_error_of_ours_is_tried_again_ever_later(house: House, pauses: Pauses) -> None:
    """By whoever is free then; each time costs a try, and the pause doubles up to a bound."""
    worker = house.worker(attempts_max=7)
    job = await started(house, worker)
    stumble(worker)
    for tries, pause_s in enumerate((1, 2, 4, 8, 10, 10), start=2):
        await shipped(worker)(job)
        until = house.clock.now() + timedelta(seconds=pause_s)
        dropped = attempt_of(house)
        assert (dropped.lease_until, dropped.not_before, dropped.tries) == (until, until, tries)
        house.clock.moment = until
        (job,) = await worker.take_due(limit=1)
    assert (house.meter.generations, pauses.lengths_s) == ([], [])
    await shipped(worker)(job)
    ended = house.stored(job.generation)
    interrupted = Failure("INTERRUPTED", "the job was interrupted too often on our side")
    assert (ended.status, ended.failure, ended.credits_refunded) == (Status.FAILED, interrupted, 5)
    assert (house.meter.generations, len(house.provider.submitted)) == ([ended], 1)
    await house.facts.expect("GenerationQueued", "GenerationFailed")


async def test_a_call_that_is_being_paid_for_is_kept_through_an_error(pauses: Pauses) -> None:
    """No other worker could have its answer: it is waited for here, until it costs nothing to let go."""
    house = House(provider=(provider := Paying()))
    worker = house.worker()
    job = await started(house, worker)
    assert not worker.run_job.is_paying(job)
    stumble(worker)
    held = attempt_of(house)

    def end_at_last(count: int) -> None:
        assert worker.run_job.is_paying(job)
        assert replace(attempt_of(house), run_id=None) == held
        provider.pays = count < 3

    pauses.then = end_at_last
    await shipped(worker)(job)
    assert pauses.lengths_s == [0.5, 1, 2]
    until = house.clock.now() + timedelta(seconds=1)
    assert (attempt_of(house).not_before, attempt_of(house).tries) == (until, 2)
    assert not worker.run_job.is_paying(job)


async def test_a_job_that_cannot_be_left_stays_here(house: House, pauses: Pauses) -> None:
    """Nobody else can be given it while the database stumbles: this worker goes on with it."""
    worker = house.worker()
    job = await started(house, worker)

    def break_database() -> None:
        house.units.failure = ZeroDivisionError("a bug")

    mend = stumble(worker, break_database)

    def come_back(_: int) -> None:
        house.units.failure = None
        mend()

    pauses.then = come_back
    await shipped(worker)(job)
    assert pauses.lengths_s == [0.5]
    assert (house.stored(job.generation).status, attempt_of(house).tries) == (Status.SUCCEEDED, 1)
    assert len(house.provider.submitted) == 1
    await house.facts.expect(*MADE)


async def test_a_job_that_was_taken_meanwhile_is_not_dropped(house: House, pauses: Pauses) -> None:
    """The error came too late to matter."""
    first = house.worker("w1")
    job = await started(house, first)

    def take() -> None:
        attempt = attempt_of(house)
        house.units.tables.attempts[attempt.attempt_id] = replace(attempt, worker="w2")

    stumble(first, take)
    await shipped(first)(job)
    taken = attempt_of(house)
    assert (taken.worker, taken.tries, taken.not_before, pauses.lengths_s) == ("w2", 1, None, [])
    await house.facts.expect("GenerationQueued")


@pytest.mark.parametrize("submitted", [False, True])
async def test_a_stopped_job_is_handed_on_at_once(house: House, submitted: bool) -> None:
    """Whoever takes it asks its provider only where that may know of it; it costs no try."""
    first, second = house.worker("w1"), house.worker("w2")
    job = await started(house, first)
    job.taken_over = submitted
    held = attempt_of(house)
    await first.run_job.hand_on(job)
    now = house.clock.now()
    assert attempt_of(house) == replace(held, lease_until=now, not_before=now, submitted=submitted)
    (taken,) = await second.take_due(limit=1)
    assert (taken.attempt.tries, taken.taken_over) == (1, submitted)
    await house.facts.expect("GenerationQueued")


async def test_what_cannot_be_handed_on_is_left_as_it_is(house: House) -> None:
    """Its lease ends soon enough."""
    worker = house.worker()
    job = await started(house, worker)
    held = attempt_of(house)
    house.units.failure = StorageUnavailable("away")
    await worker.run_job.hand_on(job)
    assert attempt_of(house) == held
    await house.facts.expect("GenerationQueued")
