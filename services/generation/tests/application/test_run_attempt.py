"""Running jobs: delivered, charged and told once."""

from dataclasses import replace
from pathlib import Path

import pytest
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.application.start_generation import Job
from generation.domain.attempt import Outcome
from generation.domain.generation import Failure, Status
from generation.domain.settlement import Decision
from generation.ports.media_provider import (
    ProviderRefused,
    ProviderUnavailable,
    Run,
    RunReport,
    RunState,
)
from generation_house import ACCOUNT, House, command, success


async def test_a_job_is_run_delivered_and_charged(house: House) -> None:
    """Outputs are stored, the price is charged and nothing is queued for removal."""
    generation = await house.queued(output_count=2)
    house.provider.reports = [RunReport(RunState.RUNNING, 0.5), success(b"one", b"two")]
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(generation)))
    view = await house.read.generation(ACCOUNT, generation.generation_id)
    assert (view.generation.status, view.generation.credits_charged) == (Status.SUCCEEDED, 10)
    assert [house.store.objects[signed.output.object_key] for signed in view.outputs] == [b"one", b"two"]
    assert [attempt.outcome for attempt in view.attempts] == [Outcome.SUCCEEDED]
    assert house.feed.told == [0.5]
    assert house.events() == ["GenerationQueued", "GenerationSucceeded"]
    assert house.units.tables.deletions == {}
    assert (await house.settlements.of(generation.generation_id)).decision is Decision.CHARGE
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


ACME = """
[[models]]
id = "acme/picture"
title = "Picture"
modality = "image"
category = "text-to-image"
deadline_s = 60
price = { unit = "image", credits = 5 }
providers = [{ name = "local", model = "p2", request = { text = "{prompt}", size = %s } }]
[models.input.properties]
prompt = { type = "string" }
ratio = { type = "string", enum = %s }
"""
SIZES = '{ from = "ratio", map = { "1:1" = "s", "16:9" = "w" } }'


def acme(folder: Path, sizes: str, ratios: str) -> TomlCatalogue:
    """A model that `local` is asked for in other words."""
    path = folder / "models.toml"
    path.write_text(ACME % (sizes, ratios))
    return TomlCatalogue(path, providers={"local"})


async def test_a_provider_is_sent_its_own_request(tmp_path: Path) -> None:
    """Made by the catalogue's template; the job keeps the input as its user wrote it."""
    house = House(catalogue=acme(tmp_path, SIZES, '["1:1", "16:9"]'))
    generation = await house.queued(model="acme/picture", ratio="16:9")
    house.provider.reports = [success(b"1")]
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(generation)))
    (run,) = house.provider.submitted
    assert (run.model, run.input) == ("p2", {"text": generation.input["prompt"], "size": "w"})
    assert house.stored(generation).input == {"prompt": generation.input["prompt"], "ratio": "16:9"}
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_an_input_that_has_no_word_any_more_is_not_sent(tmp_path: Path) -> None:
    """The model was changed while the job waited: it fails unpaid, and nothing is submitted."""
    house = House(catalogue=acme(tmp_path, SIZES, '["1:1", "16:9"]'))
    generation = await house.queued(model="acme/picture", ratio="16:9")
    house.catalogue = acme(tmp_path, SIZES.replace(', "16:9" = "w"', ""), '["1:1"]')
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(generation)))
    ended = house.stored(generation)
    assert (ended.status, ended.credits_charged) == (Status.FAILED, 0)
    assert ended.failure == Failure("MODEL_WITHDRAWN", "the model is no longer on offer")
    assert house.provider.submitted == []
    await house.facts.expect("GenerationQueued", "GenerationFailed")


async def test_three_of_four_are_charged_as_three(house: House) -> None:
    """An output that can't be used is neither delivered nor charged."""
    generation = await house.queued(output_count=4)
    house.provider.reports = [success(b"1", b"", b"3", b"4")]
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(generation)))
    ended = house.stored(generation)
    assert (ended.credits_reserved, ended.credits_charged, ended.credits_refunded) == (20, 15, 5)
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_an_answer_is_charged_by_its_usage(house: House) -> None:
    """Credits are held for the longest answer, charged for the tokens used, and the rest returns."""
    generation = await house.queued(model="openai/chat", max_tokens=9_000)
    assert generation.credits_reserved == 10
    answer = success(b"foxes are red")
    house.provider.reports = [replace(answer, usage_units=2_500)]
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(generation)))
    ended = house.stored(generation)
    assert (ended.credits_charged, ended.credits_refunded) == (3, 7)
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_a_fifth_output_is_left_out(house: House) -> None:
    """A provider that makes more than it was asked for is not paid more."""
    generation = await house.queued()
    house.provider.reports = [success(b"1", b"2")]
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(generation)))
    assert house.stored(generation).credits_charged == 5
    assert len(house.store.objects) == 1
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_a_redelivered_event_starts_nothing(house: House) -> None:
    """The inbox knows the event; another event about the same job changes nothing either."""
    generation = await house.queued()
    worker = house.worker()
    await worker.started(house.reserved(generation))
    assert await worker.start(house.reserved(generation)) is None
    assert await worker.start(house.reserved(generation, "evt_2")) is None
    assert len(house.units.tables.attempts) == 1
    await house.facts.expect("GenerationQueued")


async def test_the_event_may_come_before_the_answer(house: House) -> None:
    """The worker queues and starts a job whose reserving call has not returned; the API then agrees."""
    house.ledger.loses_answers = True
    with pytest.raises(Exception, match="lost"):
        await house.create(command(key="k1"))
    house.ledger.loses_answers = False
    (generation,) = house.units.tables.generations.values()
    job = await house.worker().start(house.reserved(generation))
    assert job is not None
    answered, _ = await house.create(command(key="k1"))
    assert answered.status is Status.PROCESSING
    assert house.events() == ["GenerationQueued"]
    await house.facts.expect("GenerationQueued")


async def test_a_failed_job_costs_nothing(house: House) -> None:
    """A failure that another try can't mend ends the job."""
    generation = await house.queued()
    house.provider.reports = [RunReport(RunState.FAILED, failure=Failure("PROVIDER_FAILED", "told to"))]
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(generation)))
    ended = house.stored(generation)
    assert (ended.status, ended.failure) == (Status.FAILED, Failure("PROVIDER_FAILED", "told to"))
    assert (ended.credits_charged, ended.credits_refunded) == (0, 5)
    assert house.events()[-1] == "GenerationFailed"
    await house.facts.expect("GenerationQueued", "GenerationFailed")


async def test_tries_are_bounded(house: House) -> None:
    """A provider that keeps failing is tried three times, then the job fails, once."""
    generation = await house.queued()
    house.provider.reports = [
        RunReport(RunState.FAILED, failure=Failure("PROVIDER_FAILED", "busy"), retryable=True)
    ]
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(generation)))
    view = await house.read.generation(ACCOUNT, generation.generation_id)
    assert [attempt.number for attempt in view.attempts] == [1, 2, 3]
    assert view.generation.status is Status.FAILED
    assert house.events().count("GenerationFailed") == 1
    await house.facts.expect("GenerationQueued", "GenerationFailed")


async def test_a_refused_run_ends_the_job(house: House) -> None:
    """A provider that refuses the content is not asked again."""
    generation = await house.queued()
    house.provider.refusal = ProviderRefused(Failure("CONTENT_REFUSED", "no"), retryable=False)
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(generation)))
    assert house.stored(generation).failure == Failure("CONTENT_REFUSED", "no")
    await house.facts.expect("GenerationQueued", "GenerationFailed")


async def test_a_submit_without_answer_is_looked_up(house: House) -> None:
    """A submit that may have arrived is not made again before the provider was asked."""
    generation = await house.queued()
    worker = house.worker()
    job = await worker.started(house.reserved(generation))
    submit = house.provider.submit

    async def submits_and_breaks(run: object) -> None:
        await submit(run)  # type: ignore[arg-type]
        raise ProviderUnavailable

    house.provider.submit = submits_and_breaks  # type: ignore[method-assign,assignment]
    house.provider.reports = [success(b"1")]
    await worker.run(job)
    assert house.stored(generation).status is Status.SUCCEEDED
    assert len(house.provider.submitted) == 1
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_a_stalled_run_ends_at_its_deadline(house: House) -> None:
    """The provider is told to stop, and nothing is charged."""
    generation = await house.queued()
    worker = house.worker()
    job = await worker.started(house.reserved(generation))
    await house.provider.submit(_run_of(job))
    house.clock.forward(minutes=5)
    (taken,) = await worker.take_due(limit=1)
    await worker.run(taken)
    ended = house.stored(generation)
    assert ended.failure is not None
    assert (ended.failure.reason, ended.credits_charged) == ("DEADLINE_EXCEEDED", 0)
    assert house.provider.cancelled
    await house.facts.expect("GenerationQueued", "GenerationFailed")


async def test_a_silent_provider_is_no_verdict(house: House) -> None:
    """Polls that time out leave the job running until an answer comes."""
    generation = await house.queued()
    worker = house.worker()
    job = await worker.started(house.reserved(generation))
    check, failures = house.provider.check, [ProviderUnavailable(), ProviderUnavailable()]

    async def check_at_last(run_id: object) -> RunReport:
        if failures:
            raise failures.pop()
        return await check(run_id)  # type: ignore[arg-type]

    house.provider.check = check_at_last  # type: ignore[method-assign]
    house.provider.reports = [success(b"1")]
    await worker.run(job)
    assert house.stored(generation).status is Status.SUCCEEDED
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


def _run_of(job: Job) -> Run:
    return Run(key=job.attempt.attempt_id, model="sketch", input=job.generation.input)
