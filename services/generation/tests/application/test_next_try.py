"""After an attempt: who tries next, when, and what is said of the one that ended."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.application.start_generation import Job
from generation.domain.attempt import Attempt, Outcome
from generation.domain.generation import Failure, Status
from generation.domain.identifiers import GenerationId, ModelId, RunId
from generation.ports.media_provider import ProviderRefused, RunReport, RunState
from generation.ports.provider_guard import Call
from generation_house import House, Worker, success

BUSY = Failure("PROVIDER_FAILED", "busy")
CALL = Call("local", ModelId("local/sketch"), GenerationId("gen_before"))
STOPPED = Failure("PROVIDER_FAILED", "the provider stopped the run")
LOST = Failure("PROVIDER_FAILED", "the provider lost the run")
UNUSABLE = Failure("OUTPUT_UNUSABLE", "the provider's files could not be used")
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
        worker.gate.heard(CALL, failed(account_trouble=True))
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


async def test_a_submit_that_is_turned_away_is_made_again_when_its_provider_said(house: House) -> None:
    """Nothing was bought: it costs no try."""
    worker = house.worker(backoff_s=1)
    job = await started(house, worker)
    house.provider.refusal = ProviderRefused(BUSY, retryable=True, retry_after_s=40)
    await worker.run(job)
    assert (waits_s(house), attempts(house)[-1].tries, house.provider.submitted) == (40, 1, [])
    assert worker.gate.closed_until(CALL) == house.clock.now() + timedelta(seconds=40)
    await house.facts.expect()


async def test_a_submit_that_meets_trouble_with_our_account_closes_its_provider(house: House) -> None:
    """For as long as the trouble takes at first; it costs no try."""
    worker = house.worker(backoff_s=1)
    job = await started(house, worker)
    house.provider.refusal = ProviderRefused(BUSY, retryable=True, account_trouble=True)
    await worker.run(job)
    assert (waits_s(house), attempts(house)[-1].tries) == (30, 1)
    assert house.meter.troubles == [("local", True)]
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


async def test_the_only_open_provider_is_given_time_before_it_is_asked_again(house: House) -> None:
    """Although there is one that was not asked: that one opens later."""
    worker = house.worker(backoff_s=2)
    worker.gate.heard(replace(CALL, provider="openai"), failed(account_trouble=True))
    job = await started(house, worker, providers=("local", "openai"))
    house.provider.reports = [failed()]
    await worker.run(job)
    assert (attempts(house)[-1].provider, waits_s(house), attempts(house)[-1].tries) == ("local", 2, 2)
    await house.facts.expect()


async def test_with_every_provider_closed_the_one_that_opens_first_is_next(house: House) -> None:
    """At the moment when it opens: it was not asked yet, and is given no time beyond."""
    worker = house.worker(backoff_s=1)
    worker.gate.heard(replace(CALL, provider="openai"), failed(account_trouble=True))
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
