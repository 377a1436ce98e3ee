"""What attempts cost us, whatever became of them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from generation.adapters.inbound.messages import generation_message
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.application.start_generation import Job
from generation.domain.attempt import Outcome
from generation.domain.cost import Cost, CostSource
from generation.domain.generation import Failure, Status
from generation.ports.media_provider import Run, RunReport, RunState
from generation_house import ACCOUNT, House, Worker, success

TWO_COSTS = """
[[models]]
id = "local/sketch"
title = "Two"
modality = "image"
category = "x"
deadline_s = 300
price = { unit = "image", credits = 5 }
providers = [
    { name = "local", model = "a", cost = { unit = "image", usd_micros = 3_000 } },
    { name = "openai", model = "b" },
]
[models.input.properties]
prompt = { type = "string" }
output_count = { type = "integer", minimum = 1, maximum = 4, default = 1 }
"""
SAID, LISTED = CostSource.REPORTED, CostSource.CONFIGURED


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A house with a provider whose costs are listed, and one whose costs are not."""
    models = tmp_path / "models.toml"
    models.write_text(TWO_COSTS)
    opened = House(catalogue=TomlCatalogue(models, providers={"local", "openai"}))
    async with opened.facts:
        yield opened


async def started(house: House, worker: Worker, **wanted: int) -> Job:
    """A job that a worker has."""
    job = await worker.started(house.reserved(await house.queued(**wanted)))
    await house.facts.expect("GenerationQueued")
    return job


def costs(house: House) -> list[Cost | None]:
    """What is kept of each attempt, in order."""
    return [attempt.cost for attempt in house.units.tables.attempts.values()]


async def test_a_provider_that_says_what_a_run_cost_is_believed(house: House) -> None:
    """Whatever the catalogue lists."""
    worker = house.worker()
    job = await started(house, worker)
    house.provider.reports = [replace(success(b"1"), cost_usd_micros=3_900)]
    await worker.run(job)
    assert costs(house) == [Cost(3_900, SAID)]
    assert house.meter.payments == [("local", 3_900)]
    await house.facts.expect("GenerationSucceeded")


async def test_the_catalogue_says_it_otherwise(house: House) -> None:
    """Of what was made: its user pays for the three that can be used, we for all four."""
    worker = house.worker()
    job = await started(house, worker, output_count=4)
    house.provider.reports = [success(b"1", b"", b"3", b"4")]
    await worker.run(job)
    assert costs(house) == [Cost(12_000, LISTED)]
    assert house.stored(job.generation).credits_charged == 15
    await house.facts.expect("GenerationSucceeded")


async def test_what_could_not_be_used_was_bought_all_the_same(house: House) -> None:
    """Unpaid failures cost us; each attempt its own, counted once each, and nobody knows of the second."""
    worker = house.worker()
    job = await started(house, worker)
    house.provider.reports = [success(b""), success(b"")]
    await worker.run(job)
    assert costs(house) == [Cost(3_000, LISTED), None]
    assert house.meter.payments == [("local", 3_000)]
    assert house.stored(job.generation).credits_charged == 0
    await house.facts.expect("GenerationFailed")


@pytest.mark.parametrize(("reported", "kept"), [(700, Cost(700, SAID)), (None, None)])
async def test_a_failure_costs_what_its_provider_says(
    house: House, reported: int | None, kept: Cost | None
) -> None:
    """The catalogue lists what is made, so without a word of theirs nothing is known."""
    worker = house.worker()
    job = await started(house, worker)
    failure = Failure("CONTENT_REFUSED", "no")
    house.provider.reports = [RunReport(RunState.FAILED, failure=failure, cost_usd_micros=reported)]
    await worker.run(job)
    assert costs(house) == [kept]
    assert house.stored(job.generation).failure == failure
    await house.facts.expect("GenerationFailed")


async def test_a_cancel_that_came_late_was_bought(house: House) -> None:
    """The run had ended: its user pays nothing, we do."""
    worker = house.worker()
    job = await started(house, worker)
    await house.cancel(ACCOUNT, job.generation.generation_id)
    house.provider.reports = [success(b"1")]
    job.taken_over = True
    await house.provider.submit(Run(key=job.attempt.attempt_id, model="a", input={}))
    await worker.run(job)
    (attempt,) = house.units.tables.attempts.values()
    assert (attempt.outcome, house.stored(job.generation).status) == (Outcome.CANCELLED, Status.CANCELLED)
    assert attempt.cost == Cost(3_000, LISTED)
    await house.facts.expect("GenerationCancelled")


async def test_its_user_is_told_nothing_of_it(house: House) -> None:
    """Neither what it cost nor who says so."""
    worker = house.worker()
    job = await started(house, worker)
    house.provider.reports = [replace(success(b"1"), cost_usd_micros=987_654)]
    await worker.run(job)
    view = await house.read.generation(ACCOUNT, job.generation.generation_id)
    told = generation_message(view)
    assert [attempt.attempt_id for attempt in told.attempts] == [job.attempt.attempt_id]
    assert "987654" not in str(told)
    assert "cost" not in str(told)
    await house.facts.expect("GenerationSucceeded")
