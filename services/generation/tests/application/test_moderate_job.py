"""Jobs that are asked about before anybody makes them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.application.start_generation import Job
from generation.domain.attempt import Outcome
from generation.domain.generation import Failure, Status
from generation.domain.moderation import Category
from generation.domain.settlement import Decision
from generation.ports.media_provider import Run
from generation.ports.meter import Verdict
from generation.ports.moderation import ModerationUnavailable
from generation_house import House, success

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
AWAY = Failure("MODERATION_UNAVAILABLE", "whether this may be made could not be asked in time")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Two providers that could make it, and foxes that nobody may make."""
    models = tmp_path / "models.toml"
    models.write_text(TWO_PROVIDERS)
    opened = House(catalogue=TomlCatalogue(models, providers={"local", "openai"}))
    opened.moderation.words["fox"] = Category.VIOLENCE
    async with opened.facts:
        yield opened


async def started(house: House, prompt: str = "a red fox") -> Job:
    """A job that a worker has."""
    job = await house.worker().started(house.reserved(await house.queued(prompt=prompt)))
    await house.facts.expect("GenerationQueued")
    return job


async def test_what_is_refused_is_made_by_nobody(house: House) -> None:
    """Its user pays nothing and reads why; no provider hears of it, not even the second one."""
    job = await started(house)
    await house.worker().run(job)
    ended = house.stored(job.generation)
    assert (ended.status, ended.credits_charged) == (Status.FAILED, 0)
    assert ended.failure == Failure("CONTENT_REFUSED", "the request was refused for: violence")
    assert (await house.settlements.of(ended.generation_id)).decision is Decision.REFUND
    assert house.provider.submitted == []
    (attempt,) = house.units.tables.attempts.values()
    assert (attempt.outcome, attempt.reason) == (Outcome.FAILED, "CONTENT_REFUSED")
    assert house.meter.verdicts == [Verdict.REFUSED]
    await house.facts.expect("GenerationFailed")


async def test_what_is_fine_is_made(house: House) -> None:
    """What was written is all that is asked about."""
    job = await started(house, "a heron")
    house.provider.reports = [success(b"1")]
    await house.worker().run(job)
    assert house.stored(job.generation).status is Status.SUCCEEDED
    assert house.moderation.asked == [["a heron"]]
    assert house.meter.verdicts == [Verdict.PASSED]
    await house.facts.expect("GenerationSucceeded")


async def test_while_nobody_can_say_the_job_waits(house: House) -> None:
    """It takes no try and no slot, and nobody hears of it; once somebody can, it is decided."""
    job = await started(house)
    house.moderation.away = ModerationUnavailable("no answer", retry_after_s=9)
    await house.worker().run(job)
    assert house.stored(job.generation).status is Status.PROCESSING
    house.clock.forward(seconds=8)
    assert await house.worker().take_due(limit=5) == []
    house.clock.forward(seconds=1)
    (taken,) = await house.worker("w2").take_due(limit=5)
    assert (taken.attempt.number, taken.attempt.tries, taken.taken_over) == (1, 1, False)
    house.moderation.away = None
    await house.worker("w2").run(taken)
    assert house.stored(job.generation).failure == Failure(
        "CONTENT_REFUSED", "the request was refused for: violence"
    )
    assert house.provider.submitted == []
    await house.facts.expect("GenerationFailed")


async def test_when_nobody_could_say_in_time_nothing_is_charged(house: House) -> None:
    """The job ends with its deadline, and says why."""
    job = await started(house)
    house.moderation.away = ModerationUnavailable("no answer", retry_after_s=3_600)
    await house.worker().run(job)
    ended = house.stored(job.generation)
    assert (ended.status, ended.failure, ended.credits_charged) == (Status.FAILED, AWAY, 0)
    assert house.provider.submitted == []
    await house.facts.expect("GenerationFailed")


async def test_an_operator_may_let_through_what_nobody_can_say_anything_about(house: House) -> None:
    """It is counted all the same."""
    house.moderation_is_open = True
    house.moderation.away = ModerationUnavailable("no answer")
    job = await started(house)
    house.provider.reports = [success(b"1")]
    await house.worker().run(job)
    assert house.stored(job.generation).status is Status.SUCCEEDED
    assert house.meter.verdicts == [Verdict.AWAY]
    await house.facts.expect("GenerationSucceeded")


async def test_a_worker_that_died_while_it_asked_lets_nothing_through(house: House) -> None:
    """Whoever takes over asks before it looks for a run or submits one; a known run was asked about."""
    await started(house)
    house.clock.forward(seconds=16)
    (taken,) = await house.worker("w2").take_due(limit=5)
    assert taken.taken_over
    await house.worker("w2").run(taken)
    assert house.stored(taken.generation).failure == Failure(
        "CONTENT_REFUSED", "the request was refused for: violence"
    )
    assert house.provider.submitted == []
    await house.facts.expect("GenerationFailed")


async def test_a_run_that_is_known_is_not_asked_about_again(house: House) -> None:
    """It was before it was submitted, and is paid for."""
    job = await started(house)
    run_id = await house.provider.submit(Run(key=job.attempt.attempt_id, model="a", input={}))
    async with house.units.of_system() as work:
        job.attempt = replace(job.attempt, run_id=run_id)
        await work.attempts.save(job.attempt)
    house.provider.reports = [success(b"1")]
    await house.worker().run(job)
    assert house.stored(job.generation).status is Status.SUCCEEDED
    assert house.moderation.asked == []
    await house.facts.expect("GenerationSucceeded")
