"""Jobs that wait: when they go on, who takes them up, and what that costs."""

from datetime import timedelta
from pathlib import Path

import pytest
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.application.finish_attempt import LeaseLost
from generation.application.take_due import PATIENCE
from generation.domain.attempt import Outcome
from generation.domain.generation import Failure, Generation, Status
from generation.ports.media_provider import RunReport, RunState
from generation_house import ACCOUNT, House, Worker, success
from structlog.testing import capture_logs

BUSY = Failure("PROVIDER_FAILED", "busy")
TURNED_AWAY = RunReport(RunState.FAILED, failure=BUSY, retryable=True, retry_after_s=20)
TROUBLE = RunReport(RunState.FAILED, failure=BUSY, retryable=True, account_trouble=True)
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
def two_providers(tmp_path: Path) -> House:
    """A house in which another provider can run the same model."""
    models = tmp_path / "models.toml"
    models.write_text(TWO_PROVIDERS)
    return House(catalogue=TomlCatalogue(models, providers={"local", "openai"}))


async def run_once(house: House, worker: Worker, event_id: str = "evt_1") -> Generation:
    """A new job, run until it ends or waits."""
    generation = await house.queued()
    await worker.run(await worker.started(house.reserved(generation, event_id)))
    return generation


async def run_due(worker: Worker) -> int:
    """Whatever is due now, run until it ends or waits; how many there were."""
    jobs = await worker.take_due(limit=9)
    for job in jobs:
        await worker.run(job)
    return len(jobs)


async def test_retry_after_is_honoured(house: House) -> None:
    """Asked again when the provider said, not before; being turned away uses up no try."""
    worker = house.worker(attempts_max=2)
    house.provider.reports = [TURNED_AWAY, TURNED_AWAY, TURNED_AWAY, success(b"1")]
    generation = await run_once(house, worker)
    for asked in (1, 2, 3):
        assert len(house.provider.submitted) == asked
        house.clock.forward(seconds=19.9)
        assert await run_due(worker) == 0
        house.clock.forward(seconds=0.1)
        assert await run_due(worker) == 1
    ended = house.stored(generation)
    assert (ended.status, len(house.provider.submitted)) == (Status.SUCCEEDED, 4)
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_a_wait_past_the_deadline_is_not_begun(house: House) -> None:
    """A provider that wants an hour fails the job now: the credits come back at once."""
    house.provider.reports = [RunReport(RunState.FAILED, failure=BUSY, retryable=True, retry_after_s=3600)]
    generation = await run_once(house, house.worker())
    assert house.stored(generation).failure == BUSY
    assert len(house.provider.submitted) == 1
    await house.facts.expect("GenerationQueued", "GenerationFailed")


async def test_a_waiting_job_survives_its_worker(house: House) -> None:
    """It is nobody's meanwhile: a worker that stops does not hasten it, another takes it when it is due."""
    first, second = house.worker("w1"), house.worker("w2")
    house.provider.reports = [TURNED_AWAY, success(b"1")]
    generation = await run_once(house, first)
    await first.leases.release()
    assert await run_due(second) == 0
    house.clock.forward(seconds=20)
    assert await run_due(second) == 1
    view = await house.read.generation(ACCOUNT, generation.generation_id)
    assert [one.outcome for one in view.attempts] == [Outcome.FAILED, Outcome.SUCCEEDED]
    assert view.attempts[1].started_at - view.attempts[0].started_at == timedelta(seconds=20)
    assert view.attempts[1].tries == 1
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_a_failing_provider_is_asked_ever_more_seldom(house: House) -> None:
    """Each try waits three times as long as the one before, and they are bounded."""
    worker = house.worker(attempts_max=4, backoff_s=1)
    house.provider.reports = [RunReport(RunState.FAILED, failure=BUSY, retryable=True)]
    generation = await run_once(house, worker)
    for pause_s in (1, 3, 9):
        house.clock.forward(seconds=pause_s - 0.1)
        assert await run_due(worker) == 0
        house.clock.forward(seconds=0.1)
        assert await run_due(worker) == 1
    assert house.stored(generation).failure == BUSY
    assert len(house.provider.submitted) == 4
    await house.facts.expect("GenerationQueued", "GenerationFailed")


async def test_our_accounts_trouble_is_told_once_and_not_hammered(
    house: House,
) -> None:
    """Ten jobs, one call: the others wait with it, longer each time, and go on when it is over."""
    worker = house.worker()
    house.provider.reports = [TROUBLE]
    with capture_logs() as logs:
        jobs = [await run_once(house, worker, f"evt_{number}") for number in range(10)]
        assert len(house.provider.submitted) == 1
        for pause_s, calls in ((30, 2), (60, 3)):
            house.clock.forward(seconds=pause_s)
            await run_due(worker)
            assert len(house.provider.submitted) == calls
    told = [entry for entry in logs if entry["log_level"] == "error" and "our account" in entry["event"]]
    assert len(told) == 1
    assert house.meter.troubles == [("local", True)]
    house.clock.forward(seconds=200)
    await house.sweep_deadlines()
    assert {house.stored(job).status for job in jobs} == {Status.FAILED}
    house.provider.reports = [success(b"1")]
    later = await run_once(house, worker, "evt_later")
    assert house.stored(later).status is Status.SUCCEEDED
    assert house.meter.troubles == [("local", True), ("local", False)]
    await house.facts.expect(
        *["GenerationQueued"] * 10, *["GenerationFailed"] * 10, "GenerationQueued", "GenerationSucceeded"
    )


async def test_our_accounts_trouble_sends_jobs_elsewhere(two_providers: House) -> None:
    """The next provider in the order takes over at once, and later jobs don't even ask the first."""
    house, worker = two_providers, two_providers.worker()
    house.provider.reports = [TROUBLE, success(b"1")]
    for number in range(3):
        generation = await run_once(house, worker, f"evt_{number}")
        assert house.stored(generation).status is Status.SUCCEEDED
    assert [run.model for run in house.provider.submitted] == ["a", "b", "b", "b"]


async def test_a_failure_goes_to_the_next_provider_at_once(two_providers: House) -> None:
    """Only a provider that was asked before is given time."""
    house = two_providers
    worker = house.worker(attempts_max=4, backoff_s=1)
    house.provider.reports = [RunReport(RunState.FAILED, failure=BUSY, retryable=True)]
    await run_once(house, worker)
    assert [run.model for run in house.provider.submitted] == ["a", "b"]


async def test_what_is_unusable_is_bought_twice_at_most(two_providers: House) -> None:
    """Over the job's whole life, whoever makes it."""
    house, worker = two_providers, two_providers.worker(attempts_max=5)
    house.provider.reports = [success(b"")]
    generation = await run_once(house, worker)
    ended = house.stored(generation)
    assert ended.failure is not None
    assert (ended.failure.reason, len(house.provider.submitted)) == ("OUTPUT_UNUSABLE", 2)
    view = await house.read.generation(ACCOUNT, generation.generation_id)
    assert [one.reason for one in view.attempts] == ["OUTPUT_UNUSABLE", "OUTPUT_UNUSABLE"]


async def test_an_interruption_uses_up_a_try_and_buys_nothing(house: House) -> None:
    """A worker that dies again and again ends the job, not the provider's patience: one submit in all."""
    generation = await house.queued()
    worker = house.worker("w1", attempts_max=3)
    job = await worker.started(house.reserved(generation))
    await worker.attempts.runs._run_of(job, house.provider)
    for number in range(2, 4):
        house.clock.forward(seconds=16)
        (taken,) = await house.worker(f"w{number}", attempts_max=3).take_due(limit=1)
        assert (taken.attempt.tries, taken.attempt.number) == (number, 1)
    house.clock.forward(seconds=16)
    assert await house.worker("w4", attempts_max=3).take_due(limit=1) == []
    ended = house.stored(generation)
    assert ended.failure is not None
    assert (ended.failure.reason, len(house.provider.submitted)) == ("INTERRUPTED", 1)
    with pytest.raises(LeaseLost):
        await worker.finish.fail(job, BUSY)
    await house.facts.expect("GenerationQueued", "GenerationFailed")


async def test_an_error_of_ours_is_a_try_of_the_same_run(house: House) -> None:
    """The attempt is left to others with the run it has; after the last try the job ends."""
    generation = await house.queued()
    house.provider.reports = [success(b"1")]
    worker = house.worker(attempts_max=3)

    async def stumbles(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    object.__setattr__(worker.attempts.outputs, "deliver", stumbles)
    await worker.run_job(await worker.started(house.reserved(generation)))
    for _ in range(3):
        house.clock.forward(seconds=1)
        for job in await worker.take_due(limit=1):
            await worker.run_job(job)
    ended = house.stored(generation)
    assert ended.failure is not None
    assert (ended.failure.reason, len(house.provider.submitted)) == ("INTERRUPTED", 1)
    assert house.events().count("GenerationFailed") == 1
    await house.facts.expect("GenerationQueued", "GenerationFailed")


async def test_progress_never_goes_back(house: House) -> None:
    """Neither in a second attempt, nor with the worker that took the job over."""
    generation = await house.queued()
    first, second = house.worker("w1", backoff_s=1), house.worker("w2", backoff_s=1)
    house.provider.reports = [
        RunReport(RunState.RUNNING, 0.4),
        RunReport(RunState.FAILED, failure=BUSY, retryable=True),
        RunReport(RunState.RUNNING, 0.02),
        RunReport(RunState.RUNNING, 0.3),
        RunReport(RunState.RUNNING, 0.5),
        success(b"1"),
    ]
    await first.run(await first.started(house.reserved(generation)))
    house.clock.forward(seconds=1)
    assert await run_due(second) == 1
    assert house.feed.told == [0.4, 0.5]
    assert house.stored(generation).status is Status.SUCCEEDED
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_a_worker_that_stands_still_keeps_its_paid_call(house: House) -> None:
    """Nobody takes it over while its process is there and a call may be going on; others' jobs go past it."""
    first, second = house.worker("w1"), house.worker("w2")
    paid = await house.queued(model="openai/gpt-image-1")
    job = await first.started(house.reserved(paid))
    house.units.tables.living.add("w1")
    drawn = await house.queued()
    await first.started(house.reserved(drawn, "evt_2"))
    house.clock.forward(seconds=16)
    (taken,) = await second.take_due(limit=1)
    assert taken.generation.generation_id == drawn.generation_id
    assert await first.leases.renew([job]) == []
    house.clock.forward(seconds=16)
    in_hand = [taken.attempt.attempt_id]
    assert await second.take_due(limit=1, excluding=in_hand) == []
    house.units.tables.living.clear()
    (taken,) = await second.take_due(limit=1, excluding=in_hand)
    assert taken.generation.generation_id == paid.generation_id
    await house.facts.expect("GenerationQueued", "GenerationQueued")


async def test_patience_has_an_end(house: House) -> None:
    """No call takes as long: a worker that stands still for good has lost its job."""
    first, second = house.worker("w1"), house.worker("w2")
    paid = await house.queued(model="openai/gpt-image-1")
    await first.started(house.reserved(paid))
    house.units.tables.living.add("w1")
    house.clock.forward(seconds=15 + PATIENCE.total_seconds())
    assert len(await second.take_due(limit=1)) == 1
    await house.facts.expect("GenerationQueued")
