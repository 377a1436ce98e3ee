"""After an attempt: who tries next, when, and what is said of the one that ended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from generation.adapters.outbound.memory_services import MemoryIntake
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.application.start_generation import Job
from generation.domain.attempt import Attempt, Outcome
from generation.domain.generation import Failure, Status
from generation.domain.identifiers import RunId
from generation.domain.model import Modality
from generation.ports.media_intake import ReceivedMedia
from generation.ports.media_provider import ProviderUnavailable, RunOutput, RunReport, RunState
from generation_house import House, Worker, success

BUSY = Failure("PROVIDER_FAILED", "busy")
STOPPED = Failure("PROVIDER_FAILED", "the provider stopped the run")
LOST = Failure("PROVIDER_FAILED", "the provider lost the run")
UNUSABLE = Failure("OUTPUT_UNUSABLE", "the provider's files could not be used")
OVERDUE = Failure("DEADLINE_EXCEEDED", "the provider did not finish in time")
UNDELIVERED = Failure("DEADLINE_EXCEEDED", "what was made could not be stored in time")
MOMENT = timedelta(microseconds=1)
TWO_PROVIDERS = """
[[models]]
id = "local/sketch"
title = "Two"
modality = "image"
category = "x"
deadline_s = 300
providers = [{ name = "local", model = "a" }, { name = "openai", model = "b" }]
price = { unit = "image", credits = 5 }
[models.input]
properties.prompt = { type = "string" }
"""


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A house in which two providers run the same model."""
    models = tmp_path / "models.toml"
    models.write_text(TWO_PROVIDERS)
    opened = House(catalogue=TomlCatalogue(models, providers={"local", "openai"}))
    async with opened.facts:
        yield opened


async def started(house: House, worker: Worker, *, providers: tuple[str, ...] = ("local",)) -> Job:
    """A job in this worker's hands that these providers may run."""
    generation = await house.queued()
    house.units.tables.generations[generation.generation_id] = replace(generation, provider_order=providers)
    job = await worker.started(house.reserved(generation))
    await house.facts.expect("GenerationQueued")
    return job


def failed(**said: Any) -> RunReport:
    """A failure that another try may mend."""
    return RunReport(RunState.FAILED, failure=BUSY, retryable=True, **said)


def attempts(house: House) -> list[Attempt]:
    """The attempts, the first one first."""
    return sorted(house.units.tables.attempts.values(), key=lambda attempt: attempt.number)


async def wait(house: House, worker: Worker) -> float:
    """Run the job up to its next wait; how many seconds that is from now."""
    (job,) = await worker.take_due(limit=1)
    await worker.run(job)
    return waits_s(house)


def waits_s(house: House) -> float:
    """How many seconds the last attempt waits from now."""
    last = attempts(house)[-1]
    assert last.not_before is not None
    return (last.not_before - house.clock.now()).total_seconds()


@pytest.mark.parametrize(
    ("report", "failure"),
    [
        (RunReport(RunState.CANCELLED), STOPPED),
        (RunReport(RunState.CANCELLED, failure=BUSY), BUSY),
        (RunReport(RunState.FAILED), STOPPED),
        (RunReport(RunState.FAILED, failure=BUSY), BUSY),
    ],
    ids=["stopped", "stopped, and said why", "failed", "failed, and said why"],
)
async def test_what_no_other_try_can_mend_ends_the_job(
    house: House, report: RunReport, failure: Failure
) -> None:
    """With what the provider said, if it said anything; a stop that no user asked for is a failure."""
    worker = house.worker()
    job = await started(house, worker, providers=("local", "openai"))
    house.provider.reports = [report]
    await worker.run(job)
    assert (house.stored(job.generation).status, house.stored(job.generation).failure) == (
        Status.FAILED,
        failure,
    )
    (attempt,) = attempts(house)
    assert (attempt.outcome, attempt.reason, attempt.detail) == (
        Outcome.FAILED,
        failure.reason,
        failure.detail,
    )
    assert house.meter.payments == []
    await house.facts.expect("GenerationFailed")


@pytest.mark.parametrize(
    ("report", "outcome", "failure"),
    [
        (RunReport(RunState.UNKNOWN), Outcome.LOST, LOST),
        (RunReport(RunState.FAILED, retryable=True), Outcome.FAILED, STOPPED),
        (RunReport(RunState.CANCELLED, retryable=True), Outcome.FAILED, STOPPED),
        (failed(), Outcome.FAILED, BUSY),
        (RunReport(RunState.SUCCEEDED), Outcome.FAILED, UNUSABLE),
    ],
    ids=["lost", "failed", "stopped", "failed, and said why", "made nothing"],
)
async def test_what_another_try_may_mend_is_tried_again(
    house: House, report: RunReport, outcome: Outcome, failure: Failure
) -> None:
    """Under a key of its own, which is submitted and not looked up; each run is forgotten once."""
    worker = house.worker()
    job = await started(house, worker)
    house.provider.reports = [report, success(b"1")]
    await worker.run(job)
    first, second = attempts(house)
    assert (first.outcome, first.reason, first.detail) == (outcome, failure.reason, failure.detail)
    assert (second.outcome, second.tries, second.number) == (Outcome.SUCCEEDED, 2, 2)
    keys = [run.key for run in house.provider.submitted]
    assert keys == [first.attempt_id, second.attempt_id]
    assert house.provider.forgotten == [f"run:{key}" for key in keys]
    assert house.stored(job.generation).status is Status.SUCCEEDED
    await house.facts.expect("GenerationSucceeded")


@pytest.mark.parametrize("cost", [0, 3_900])
async def test_what_was_delivered_is_paid_for_once(house: House, cost: int) -> None:
    """Nothing is a cost too, where the provider says so."""
    worker = house.worker()
    job = await started(house, worker)
    house.provider.reports = [replace(success(b"1"), cost_usd_micros=cost)]
    await worker.run(job)
    assert house.meter.payments == [("local", cost)]
    assert house.meter.generations == [house.stored(job.generation)]
    await house.facts.expect("GenerationSucceeded")


async def test_a_lost_run_stays_with_its_provider_and_waits_for_nothing(house: House) -> None:
    """Nobody failed, so nobody needs time."""
    worker = house.worker(backoff_s=1)
    job = await started(house, worker, providers=("local", "openai"))
    house.provider.reports = [RunReport(RunState.UNKNOWN), success(b"1")]
    await worker.run(job)
    assert [(attempt.provider, attempt.outcome) for attempt in attempts(house)] == [
        ("local", Outcome.LOST),
        ("local", Outcome.SUCCEEDED),
    ]
    await house.facts.expect("GenerationSucceeded")


async def test_a_lost_run_waits_for_its_provider_to_open(house: House) -> None:
    """Closed for trouble with our account meanwhile, it is asked when it opens."""
    worker = house.worker(backoff_s=1)
    job = await started(house, worker)
    check = house.provider.check

    async def closes(run_id: RunId) -> RunReport:
        worker.gate.heard("local", failed(account_trouble=True))
        return await check(run_id)

    house.provider.check = closes  # type: ignore[method-assign]
    house.provider.reports = [RunReport(RunState.UNKNOWN)]
    await worker.run(job)
    assert (waits_s(house), attempts(house)[-1].provider) == (30, "local")
    await house.facts.expect()


async def test_each_provider_is_asked_before_any_is_asked_again(house: House) -> None:
    """The second at once; then the first again, which is given time that grows with the attempts."""
    worker = house.worker(attempts_max=9, backoff_s=1)
    job = await started(house, worker, providers=("local", "openai"))
    house.provider.reports = [failed()]
    await worker.run(job)
    waited = [waits_s(house)]
    for _ in range(3):
        house.clock.forward(seconds=waited[-1])
        waited.append(await wait(house, worker))
    assert [attempt.provider for attempt in attempts(house)] == [*("local", "openai") * 3]
    assert [attempt.tries for attempt in attempts(house)] == [1, 2, 3, 4, 5, 6]
    assert waited == [3, 9, 27, 30]
    await house.facts.expect()


@pytest.mark.parametrize(
    ("backoff_s", "retry_after_s", "expected_s"),
    [(29, None, 29), (31, None, 30), (2, 1, 2), (2, 3, 3), (2, 40, 40), (2, 0, 2)],
)
async def test_a_provider_may_ask_for_a_longer_wait_than_ours(
    house: House, backoff_s: float, retry_after_s: float | None, expected_s: float
) -> None:
    """Ours has a bound, its has none but the deadline; being turned away costs no try."""
    worker = house.worker(backoff_s=backoff_s)
    job = await started(house, worker)
    house.provider.reports = [failed(retry_after_s=retry_after_s)]
    await worker.run(job)
    assert waits_s(house) == expected_s
    assert attempts(house)[-1].tries == (2 if retry_after_s is None else 1)
    await house.facts.expect()


async def test_our_own_backoff_is_a_second_by_default(house: House) -> None:
    """Three for the try after that."""
    worker = house.worker()
    object.__setattr__(worker.attempts, "backoff_s", type(worker.attempts).backoff_s)
    job = await started(house, worker)
    house.provider.reports = [failed()]
    await worker.run(job)
    assert waits_s(house) == 1
    house.clock.forward(seconds=1)
    assert await wait(house, worker) == 3
    await house.facts.expect()


async def test_with_every_provider_closed_the_one_that_opens_first_is_next(house: House) -> None:
    """At the moment when it opens: it was not asked yet, and is given no time beyond."""
    worker = house.worker(backoff_s=1)
    worker.gate.heard("openai", failed(account_trouble=True))
    house.clock.forward(seconds=10)
    job = await started(house, worker, providers=("local", "openai"))
    house.provider.reports = [failed(account_trouble=True)]
    await worker.run(job)
    assert (attempts(house)[-1].provider, waits_s(house)) == ("openai", 20)
    assert attempts(house)[-1].tries == 1
    await house.facts.expect()


async def test_the_same_provider_waits_for_its_gate_where_that_is_longest(house: House) -> None:
    """Trouble with our account closes it for thirty seconds, whatever our backoff is."""
    worker = house.worker(backoff_s=1)
    job = await started(house, worker)
    house.provider.reports = [failed(account_trouble=True)]
    await worker.run(job)
    assert (attempts(house)[-1].provider, waits_s(house), attempts(house)[-1].tries) == ("local", 30, 1)
    await house.facts.expect()


async def test_a_provider_that_is_not_set_up_here_is_passed_over(house: House) -> None:
    """As any that failed: the next one is asked, and the attempt says why."""
    worker = house.worker()
    runs = replace(worker.attempts.runs, providers={"openai": house.provider})
    attempt_runner = replace(worker.attempts, runs=runs)
    job = await started(house, worker, providers=("local", "openai"))
    house.provider.reports = [success(b"1")]
    await attempt_runner.run(job)
    first, second = attempts(house)
    assert (first.reason, first.detail) == ("PROVIDER_FAILED", "the provider is not set up here")
    assert (second.provider, second.outcome) == ("openai", Outcome.SUCCEEDED)
    assert house.provider.forgotten == [f"run:{second.attempt_id}"]
    assert runs.is_paying(job) is False
    await house.facts.expect("GenerationSucceeded")


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


async def test_a_job_that_is_taken_up_late_ends_as_its_providers_delay(house: House) -> None:
    """However late it is, its provider is told to stop."""
    worker = house.worker()
    job = await started(house, worker)
    job.taken_over = True
    house.provider.reports = [RunReport(RunState.RUNNING)]
    house.provider.polling = replace(house.provider.polling, first_s=9, longest_s=9)
    await house.provider.submit(worker.attempts.runs._run(job))
    house.clock.moment = job.generation.deadline_at + timedelta(hours=1)
    await worker.run(job)
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
    bounds_s: list[float] = []
    timeout = asyncio.timeout

    def noted(delay_s: float) -> asyncio.Timeout:
        bounds_s.append(delay_s)
        return timeout(delay_s)

    worker = house.worker()
    job = await started(house, worker)
    house.provider.reports = [success(b"1")]
    house.clock.forward(seconds=100)
    monkeypatch.setattr(asyncio, "timeout", noted)
    await worker.run(job)
    assert bounds_s == [205, 10]
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
