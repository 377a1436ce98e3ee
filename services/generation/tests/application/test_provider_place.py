"""What somebody is told whose job waits at its provider's."""

from typing import Any

import pytest
from generation.adapters.outbound.memory import MemoryGenerations
from generation.domain.identifiers import RunId
from generation.domain.waiting import COUNTED_MAX
from generation.ports.media_provider import ProviderUnavailable, RunReport, RunState
from generation_house import ACCOUNT, House, success


def waiting(place: int | None) -> RunReport:
    """A run that has not begun, or has."""
    return RunReport(RunState.RUNNING, queue_position=place)


async def test_a_place_at_a_provider_is_told_while_the_job_is_there(house: House) -> None:
    """As it was told last, and nothing of it once the run has begun, or has ended."""
    generation = await house.queued()
    worker = house.worker()
    job = await worker.started(house.reserved(generation))
    progress = worker.run_job.attempts.runs.progress
    for told, shown in ((3, 3), (COUNTED_MAX + 50, COUNTED_MAX + 1), (1, 1), (None, None), (2, 2)):
        await progress.stands(job, told)
        view = await house.read.generation(ACCOUNT, generation.generation_id)
        assert view.standing.queue_position == shown
    house.provider.reports = [waiting(5), waiting(None), success(b"1")]
    await worker.run(job)
    view = await house.read.generation(ACCOUNT, generation.generation_id)
    assert view.standing.queue_position is None
    assert house.stored(generation).provider_place is None
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_the_same_place_is_written_down_once(house: House) -> None:
    """A run is looked at often, and stands still for long."""
    generation = await house.queued()
    worker = house.worker()
    job = await worker.started(house.reserved(generation))
    progress = worker.run_job.attempts.runs.progress
    await progress.stands(job, 3)
    house.units.tables.generations[generation.generation_id] = job.generation
    await progress.stands(job, 3)
    assert house.stored(generation).provider_place is None
    progress.forget(job)
    await progress.stands(job, 3)
    assert house.stored(generation).provider_place == 3
    await house.facts.expect("GenerationQueued")


async def test_a_place_stays_while_nobody_answers(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not knowing is not having moved: nothing is written, and nothing shown but what was told last."""
    generation = await house.queued()
    worker = house.worker()
    job = await worker.started(house.reserved(generation))
    written, stand = list[int | None](), MemoryGenerations.stand

    async def counted(self: MemoryGenerations, *asked: Any, provider_place: int | None) -> None:
        written.append(provider_place)
        await stand(self, *asked, provider_place=provider_place)

    check, answers = house.provider.check, iter([True, False, False, True])

    async def at_times_away(run_id: RunId) -> RunReport:
        if next(answers):
            return await check(run_id)
        raise ProviderUnavailable("away")

    monkeypatch.setattr(MemoryGenerations, "stand", counted)
    monkeypatch.setattr(house.provider, "check", at_times_away)
    house.provider.reports = [waiting(5), success(b"1")]
    await worker.run(job)
    assert written == [5]
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")
