"""How models fared on the last day, as far as the API knows."""

from dataclasses import replace
from datetime import timedelta

import pytest
from generation.domain.attempt import Outcome
from generation.domain.errors import StorageUnavailable
from generation.domain.identifiers import ModelId
from generation.domain.model_statistics import ModelStatistics, RunStatistics
from generation_house import House
from generation_rows import ALICE, attempt, running, stored

SKETCH = ModelId("local/sketch")
NOTHING = ModelStatistics()


async def tried(house: House, *outcomes: Outcome, first: int = 1) -> None:
    """Tries that ended a minute ago, each of a job of its own."""
    ended_at = house.clock.now() - timedelta(minutes=1)
    for number, outcome in enumerate(outcomes, start=first):
        await stored(house.units, running(number))
        began = attempt(number, started_at=ended_at - timedelta(seconds=3))
        async with house.units.of_system() as work:
            await work.attempts.add(replace(began, outcome=outcome, finished_at=ended_at))


async def told(house: House) -> ModelStatistics:
    """What is said of the model."""
    return (await house.models.model(SKETCH, ALICE)).last_day


async def test_it_is_known_once_it_was_learnt(house: House) -> None:
    """And is the same until it is learnt again: whoever asks reads no tries."""
    await tried(house, *[Outcome.SUCCEEDED] * 6, *[Outcome.FAILED] * 2, Outcome.CANCELLED)
    assert await told(house) == NOTHING
    await house.last_day.learn()
    known = RunStatistics(success_rate=0.75, median_duration_s=3.0)
    assert await told(house) == ModelStatistics(known, {"local": known})
    await tried(house, *[Outcome.FAILED] * 9, first=20)
    assert (await told(house)).overall == known


async def test_where_nothing_ran_nothing_is_said(house: House) -> None:
    """Nor of what ran the day before, though it was known."""
    await tried(house, *[Outcome.SUCCEEDED] * 6)
    await house.last_day.learn()
    assert (await told(house)).overall.success_rate == 1
    house.clock.forward(days=1)
    await house.last_day.learn()
    assert await told(house) == NOTHING


async def test_what_is_known_stays_while_the_database_is_away(house: House) -> None:
    """The model is shown as it was."""
    await tried(house, *[Outcome.SUCCEEDED] * 6)
    await house.last_day.learn()
    before = await told(house)
    house.units.failure = StorageUnavailable("away")
    with pytest.raises(StorageUnavailable):
        await house.last_day.learn()
    house.units.failure = None
    assert await told(house) == before
