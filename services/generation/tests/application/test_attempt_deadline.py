"""Nothing that an attempt waits for lasts much longer than its job may."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from generation.adapters.outbound.memory_services import MemoryIntake
from generation.application.start_generation import Job
from generation.domain.attempt import Attempt, Outcome
from generation.domain.generation import Failure
from generation.domain.identifiers import RunId
from generation.domain.model import Modality
from generation.ports.media_intake import ReceivedMedia
from generation.ports.media_provider import PollSchedule, ProviderUnavailable, RunOutput, RunReport, RunState
from generation_house import House, Worker, success

OVERDUE = Failure("DEADLINE_EXCEEDED", "the provider did not finish in time")
UNDELIVERED = Failure("DEADLINE_EXCEEDED", "what was made could not be stored in time")
MOMENT = timedelta(microseconds=1)


async def started(house: House, worker: Worker) -> Job:
    """A job in this worker's hands."""
    job = await worker.started(house.reserved(await house.queued()))
    await house.facts.expect("GenerationQueued")
    return job


def attempts(house: House) -> list[Attempt]:
    """The attempts, the first one first."""
    return sorted(house.units.tables.attempts.values(), key=lambda attempt: attempt.number)


def waits_s(house: House) -> float:
    """How many seconds the last attempt waits from now."""
    last = attempts(house)[-1]
    assert last.not_before is not None
    return (last.not_before - house.clock.now()).total_seconds()


def noted_bounds_s(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Bounds of whatever is waited for from now on; they hold as ever."""
    bounds_s: list[float] = []
    timeout = asyncio.timeout

    def noted(delay_s: float) -> asyncio.Timeout:
        bounds_s.append(delay_s)
        return timeout(delay_s)

    monkeypatch.setattr(asyncio, "timeout", noted)
    return bounds_s


@pytest.mark.parametrize(
    ("left", "ends"), [(timedelta(seconds=5), True), (timedelta(seconds=5) + MOMENT, False)]
)
async def test_a_provider_that_cannot_say_whether_it_knows_a_run_is_asked_again(
    house: House, left: timedelta, ends: bool
) -> None:
    """In five seconds, by whoever is free, if there is time for that; nothing is bought meanwhile."""
    worker = house.worker()
    job = await started(house, worker)
    job.taken_over = True

    async def find(key: object) -> RunId | None:
        raise ProviderUnavailable

    house.provider.find = find  # type: ignore[method-assign]
    house.clock.moment = job.generation.deadline_at - left
    await worker.run(job)
    (attempt,) = attempts(house)
    silent = Failure("PROVIDER_FAILED", "the provider does not answer")
    assert house.stored(job.generation).failure == (silent if ends else None)
    assert (house.provider.submitted, house.provider.forgotten) == ([], [])
    if not ends:
        assert (waits_s(house), attempt.submitted, attempt.tries) == (5, True, 1)
    await house.facts.expect(*(["GenerationFailed"] if ends else []))


async def test_a_job_that_is_taken_up_late_ends_as_its_providers_delay(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However late it is, its provider is told to stop, and given five seconds for that."""
    worker = house.worker()
    job = await started(house, worker)
    job.taken_over = True
    house.provider.reports = [RunReport(RunState.RUNNING)]
    house.provider.polling = replace(house.provider.polling, first_s=9, longest_s=9)
    await house.provider.submit(await worker.attempts.runs._run(job))
    house.clock.moment = job.generation.deadline_at + timedelta(hours=1)
    bounds_s = noted_bounds_s(monkeypatch)
    await worker.run(job)
    assert bounds_s == [5, 10]
    assert house.stored(job.generation).failure == OVERDUE
    assert len(house.provider.cancelled) == 1
    assert house.provider.forgotten == house.provider.cancelled
    await house.facts.expect("GenerationFailed")


class Stuck(MemoryIntake):
    """Takes in nothing, and does not say so."""

    @asynccontextmanager
    async def receive(self, output: RunOutput, *, modality: Modality) -> AsyncIterator[ReceivedMedia]:
        await asyncio.Event().wait()
        yield  # type: ignore[misc]


async def test_a_delivery_has_until_a_little_after_the_deadline(house: House) -> None:
    """Then the job fails, once, and the run is forgotten."""
    worker = house.worker()
    runner = replace(
        worker.attempts,
        delivery_grace_s=0.02,
        outputs=replace(worker.attempts.outputs, intake=Stuck()),
    )
    job = await started(house, worker)
    house.provider.reports = [success(b"1")]
    house.clock.moment = job.generation.deadline_at - MOMENT
    await runner.run(job)
    assert house.stored(job.generation).failure == UNDELIVERED
    (attempt,) = attempts(house)
    assert (attempt.outcome, attempt.reason) == (Outcome.FAILED, "DEADLINE_EXCEEDED")
    assert house.provider.forgotten == [f"run:{attempt.attempt_id}"]
    assert (len(house.provider.submitted), house.store.objects) == (1, {})
    await house.facts.expect("GenerationFailed")


async def test_whatever_is_waited_for_has_its_bound(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five seconds past the deadline for the whole, ten for a provider to forget."""
    worker = house.worker()
    job = await started(house, worker)
    house.provider.reports = [success(b"1")]
    house.clock.moment = job.generation.deadline_at - timedelta(seconds=50)
    bounds_s = noted_bounds_s(monkeypatch)
    await worker.run(job)
    assert bounds_s == [55, 10]
    await house.facts.expect("GenerationSucceeded")


@pytest.mark.parametrize(("retry_after_s", "gap_s"), [(None, 0.01), (0.005, 0.01), (0.02, 0.02)])
async def test_a_run_is_looked_at_no_sooner_than_its_provider_asks(
    house: House, monkeypatch: pytest.MonkeyPatch, retry_after_s: float | None, gap_s: float
) -> None:
    """Nor sooner than we do."""
    worker = house.worker()
    job = await started(house, worker)
    house.provider.polling = PollSchedule(first_s=0.01, longest_s=0.01)
    house.provider.reports = [RunReport(RunState.RUNNING, retry_after_s=retry_after_s), success(b"1")]
    house.clock.moment = job.generation.deadline_at - timedelta(seconds=50)
    bounds_s = noted_bounds_s(monkeypatch)
    await worker.run(job)
    assert bounds_s == [55, gap_s, 10]
    await house.facts.expect("GenerationSucceeded")


async def test_a_run_that_is_known_is_neither_looked_up_nor_submitted(house: House) -> None:
    """It is looked at; where its provider is not set up, nothing of it is being paid for here."""
    worker = house.worker()
    job = await started(house, worker)
    run_id = await house.provider.submit(await worker.attempts.runs._run(job))
    job.attempt, job.taken_over = replace(job.attempt, run_id=run_id), True

    async def find(key: object) -> RunId | None:
        raise AssertionError("it is known")

    house.provider.find = find  # type: ignore[method-assign]
    house.provider.reports = [success(b"1")]
    assert replace(worker.attempts.runs, providers={}).is_paying(job) is False
    await worker.run(job)
    assert len(house.provider.submitted) == 1
    await house.facts.expect("GenerationSucceeded")


async def test_a_timeout_that_is_not_the_jobs_is_an_error(house: House) -> None:
    """It ends nothing: the job is as it was."""
    worker = house.worker()
    job = await started(house, worker)

    async def check(run_id: object) -> RunReport:
        raise TimeoutError("of something else")

    house.provider.check = check  # type: ignore[method-assign]
    with pytest.raises(TimeoutError, match="of something else"):
        await worker.run(job)
    (attempt,) = attempts(house)
    assert (house.stored(job.generation), attempt.outcome) == (job.generation, Outcome.RUNNING)
    assert (house.provider.forgotten, house.meter.generations) == ([], [])
    await house.facts.expect()
