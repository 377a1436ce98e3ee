"""What somebody who waits is told: a place in the queue, and when it should be done."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from generation.application.read_generations import GenerationView
from generation.domain.errors import StorageUnavailable
from generation.domain.generation import Status
from generation.domain.identifiers import GenerationId, ModelId
from generation_house import ACCOUNT, House
from generation_rows import BOB, job, running, stored

SKETCH = ModelId("local/sketch")


async def view(house: House, generation_id: GenerationId) -> GenerationView:
    """A job of Alice's, as she reads it a second later."""
    house.clock.forward(seconds=1)
    return await house.read.generation(ACCOUNT, generation_id)


async def made(house: House, *durations_s: float, account: str = BOB) -> None:
    """Jobs that succeeded just now, after so long."""
    now, first = house.clock.now(), len(house.units.tables.generations) + 500
    for number, duration_s in enumerate(durations_s, start=first):
        began = running(number, account_id=account)
        began = replace(began, started_at=now - timedelta(seconds=duration_s))
        await stored(house.units, began.succeeded(delivered_units=1, now=now))


async def test_everybodys_jobs_stand_in_one_queue(house: House) -> None:
    """Alice's is behind Bob's, and moves up as his is taken; nothing else of his is told."""
    held = {"status": Status.QUEUED, "reservation_id": "res_1"}
    await stored(house.units, job(1, account_id=BOB, **held), job(2, **held), job(3, **held))
    assert (await view(house, job(2).generation_id)).standing.queue_position == 2
    page, _ = await house.read.page(ACCOUNT, before=None, limit=9)
    assert [shown.standing.queue_position for shown in page] == [3, 2]
    house.units.tables.generations[job(1).generation_id] = running(1, account_id=BOB)
    assert (await view(house, job(2).generation_id)).standing.queue_position == 1


async def test_the_queue_is_read_once_a_second(house: House) -> None:
    """However many ask meanwhile; then the place is the one of that moment."""
    held = {"status": Status.QUEUED, "reservation_id": "res_1"}
    await stored(house.units, job(1, **held), job(2, **held))
    assert await house.read.queue.position(job(2, **held)) == 2
    house.units.tables.generations[job(1).generation_id] = running(1)
    house.clock.forward(seconds=0.999999)
    assert await house.read.queue.position(job(2, **held)) == 2
    house.clock.forward(microseconds=1)
    assert await house.read.queue.position(job(2, **held)) == 1


async def test_those_who_come_together_have_the_queue_read_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of them may leave meanwhile: the others are told all the same."""
    waiting = [job(number, status=Status.QUEUED) for number in range(1, 5)]
    reads, opened, may_go_on = 0, house.units.of_system, asyncio.Event()

    @asynccontextmanager
    async def slow() -> AsyncIterator[object]:
        nonlocal reads
        reads += 1
        await may_go_on.wait()
        async with opened() as work:
            yield work

    monkeypatch.setattr(house.units, "of_system", slow)
    asking = [asyncio.create_task(house.read.queue.position(one)) for one in waiting]
    await asyncio.sleep(0)
    asking[0].cancel()
    may_go_on.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert answers[1:] == [1, 1, 1]
    assert reads == 1


@pytest.mark.parametrize(("number", "place"), [(100, 100), (101, 101), (102, 101), (150, 101)])
async def test_a_place_behind_a_hundred_is_not_counted(house: House, number: int, place: int) -> None:
    """It is behind more than a hundred, and that is all that is said."""
    held = {"status": Status.QUEUED, "reservation_id": "res_1"}
    await stored(house.units, *(job(waiting, **held) for waiting in range(1, 151)))
    assert await house.read.queue.position(job(number, **held)) == place


async def test_a_job_that_does_not_wait_has_no_place(house: House) -> None:
    """Neither before its credits are held nor once a worker has it."""
    await stored(house.units, job(1), running(2))
    for number in (1, 2):
        assert (await view(house, job(number).generation_id)).standing.queue_position is None


async def test_a_new_job_has_its_place_at_once(house: House) -> None:
    """Whoever creates it is told, though the queue was read before."""
    first, second = await house.queued(key="a"), await house.queued(key="b")
    for place, generation in enumerate((first, second), start=1):
        assert (await house.read.view(generation)).standing.queue_position == place
    await house.facts.expect("GenerationQueued", "GenerationQueued")


async def test_a_queue_that_cannot_be_read_hides_no_job(house: House) -> None:
    """The job is what was asked for."""
    waiting = job(1, status=Status.QUEUED, reservation_id="res_1")
    house.units.failure = StorageUnavailable("away")
    assert await house.read.queue.position(waiting) is None


async def test_a_models_time_is_the_median_of_everybodys_jobs(house: House) -> None:
    """Of those that succeeded of late; nobody waits for it to be learnt."""
    await made(house, 4, 5, 6, 7)
    await house.durations.learn()
    assert (await house.models.model(SKETCH, None)).median_duration_s is None
    await made(house, 600)
    assert (await house.models.model(SKETCH, None)).median_duration_s is None
    await house.durations.learn()
    assert (await house.models.model(SKETCH, None)).median_duration_s == 6
    assert {known.median_duration_s for known in await house.models.all(None)} == {6, None}
    house.clock.forward(days=7)
    await house.durations.learn()
    assert (await house.models.model(SKETCH, None)).median_duration_s == 6
    house.clock.forward(microseconds=1)
    await house.durations.learn()
    assert (await house.models.model(SKETCH, None)).median_duration_s is None


async def test_what_is_known_outlives_the_database(house: House) -> None:
    """Models are on offer without it, with the times that were learnt last."""
    await made(house, 8, 8, 8, 8, 8)
    await house.durations.learn()
    house.units.failure = StorageUnavailable("away")
    with pytest.raises(StorageUnavailable):
        await house.durations.learn()
    assert (await house.models.model(SKETCH, None)).median_duration_s == 8


async def test_a_job_that_runs_says_when_it_should_be_done(house: House) -> None:
    """From when a worker took it; the time stays what it is when it has passed."""
    await stored(house.units, running(1))
    started_at = running(1).started_at
    assert started_at is not None
    assert (await view(house, job(1).generation_id)).standing.expected_ready_at is None
    await made(house, 8, 8, 8, 8, 8)
    await house.durations.learn()
    house.clock.forward(seconds=60)
    standing = (await view(house, job(1).generation_id)).standing
    assert standing.expected_ready_at == started_at + timedelta(seconds=8)
