"""A provider's word wakes whoever follows the run, and decides nothing."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.application.start_generation import Job
from generation.domain.attempt import Outcome
from generation.domain.errors import InvalidSignature, RunNotFound
from generation.domain.generation import Status
from generation.domain.identifiers import AttemptId, RunId
from generation.ports.media_provider import PollSchedule, ProviderUnavailable, RunReport, RunState
from generation.ports.provider_webhooks import ReceivedWebhook
from generation_house import House, success
from generation_works import DEADLINE_S, MODELS, works

NEVER_BY_ITSELF = PollSchedule(first_s=3_600, longest_s=3_600)


def webhook(run_id: str, *, signature: str = "local") -> ReceivedWebhook:
    """As the memory provider signs."""
    return ReceivedWebhook(body=run_id.encode(), headers={"signature": signature}, query={})


async def followed(house: House) -> Job:
    """A job whose run is known and has not ended."""
    generation = await house.queued()
    job = await house.worker().started(house.reserved(generation))
    job.attempt = replace(job.attempt, run_id=RunId("run_1"))
    async with house.units.of_system() as work:
        await work.attempts.save(job.attempt)
    return job


async def test_the_runs_attempt_is_nudged(house: House) -> None:
    """As often as it is told, and nothing is written down."""
    job = await followed(house)
    before = dict(house.units.tables.attempts)
    for _ in range(2):
        await house.receive_webhook("local", webhook("run_1"))
    assert house.nudges.nudged == [job.attempt.attempt_id] * 2
    assert house.units.tables.attempts == before
    await house.facts.expect("GenerationQueued")


async def test_a_run_that_has_ended_wakes_nobody(house: House) -> None:
    """It is no error: its provider need not say it again."""
    job = await followed(house)
    async with house.units.of_system() as work:
        ended = job.attempt.ended(Outcome.FAILED, now=house.clock.now())
        await work.attempts.save(ended)
    await house.receive_webhook("local", webhook("run_1"))
    assert house.nudges.nudged == []
    await house.facts.expect("GenerationQueued")


@pytest.mark.parametrize(
    ("provider", "told", "refusal"),
    [
        ("local", webhook("run_2"), RunNotFound),
        ("local", webhook("run_1", signature="other"), InvalidSignature),
        # Told of under another provider's name, it is another run.
        ("openai", webhook("run_1", signature="openai"), RunNotFound),
        ("nobody", webhook("run_1"), RunNotFound),
    ],
)
async def test_what_is_not_so_touches_nothing(
    house: House, provider: str, told: ReceivedWebhook, refusal: type[Exception]
) -> None:
    """Forged, unknown, or somebody else's."""
    house.webhooks.providers = frozenset({"local", "openai"})
    await followed(house)
    before = dict(house.units.tables.attempts)
    with pytest.raises(refusal):
        await house.receive_webhook(provider, told)
    assert house.nudges.nudged == []
    assert house.units.tables.attempts == before
    await house.facts.expect("GenerationQueued")


async def test_who_waits_looks_at_once(house: House) -> None:
    """The run is asked for, whatever was said: it goes on until its provider says that it ended."""
    generation = await house.queued()
    house.provider.polling = NEVER_BY_ITSELF
    house.provider.reports = [RunReport(RunState.RUNNING, step / 10) for step in range(1, 4)]
    worker = house.worker()
    job = await worker.started(house.reserved(generation))
    running = asyncio.create_task(worker.run(job))
    async with asyncio.timeout(30):
        for looks in range(1, 4):
            while len(house.feed.told) < looks:
                await asyncio.sleep(0.001)
            assert house.stored(generation).status is Status.PROCESSING
            if looks == 3:
                house.provider.reports = [success(b"1")]
            job.wake()
        await running
    assert house.stored(generation).status is Status.SUCCEEDED
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_a_worker_wakes_its_own_jobs(tmp_path: Path) -> None:
    """By the attempt's name; a name that is none of its own is another worker's."""
    path = tmp_path / "models.toml"
    path.write_text(MODELS.replace(f"deadline_s = {DEADLINE_S}", "deadline_s = 3600"))
    house = House(catalogue=TomlCatalogue(path, providers={"local"}))
    house.provider.polling = NEVER_BY_ITSELF
    house.provider.reports = [RunReport(RunState.RUNNING, 0.5), success(b"1")]
    async with works(house) as built, asyncio.timeout(60):
        worker = built.hire("w1", {"local": house.provider})
        generation = await built.started(worker)
        while not house.feed.told:
            await asyncio.sleep(0.001)
        worker.wake(AttemptId("att_of_another"))
        for _ in range(20):
            await asyncio.sleep(0)
        assert house.stored(generation).status is Status.PROCESSING
        (attempt,) = house.units.tables.attempts.values()
        worker.wake(attempt.attempt_id)
        ended = await built.ended(generation.generation_id, within_s=30)
    assert ended.status is Status.SUCCEEDED
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_a_word_before_the_first_look_is_not_lost(house: House) -> None:
    """It came while the run was submitted: the first pause ends at once."""
    generation = await house.queued()
    house.provider.polling = NEVER_BY_ITSELF
    house.provider.reports = [RunReport(RunState.RUNNING), success(b"1")]
    worker = house.worker()
    job = await worker.started(house.reserved(generation))
    job.wake()
    async with asyncio.timeout(30):
        await worker.run(job)
    assert house.stored(generation).status is Status.SUCCEEDED
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_a_provider_that_asked_for_peace_is_left_alone(house: House) -> None:
    """Its word does not outweigh its Retry-After; a user who cancels does."""
    generation = await house.queued()
    house.provider.polling = NEVER_BY_ITSELF
    looks: list[RunId] = []

    async def busy(run_id: RunId) -> RunReport:
        looks.append(run_id)
        job.wake()
        raise ProviderUnavailable("busy", retry_after_s=3_600)

    house.provider.check = busy  # type: ignore[method-assign]
    worker = house.worker()
    job = await worker.started(house.reserved(generation))
    running = asyncio.create_task(worker.run(job))
    async with asyncio.timeout(30):
        while not looks:
            await asyncio.sleep(0.001)
        for _ in range(20):
            job.wake()
            await asyncio.sleep(0)
        assert len(looks) == 1
        job.cancel()
        await running
    assert house.stored(generation).status is Status.CANCELLED
    await house.facts.expect("GenerationQueued", "GenerationCancelled")
