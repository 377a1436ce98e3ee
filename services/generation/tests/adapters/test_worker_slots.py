"""A slot is a job's that runs, whoever brought it: the stream, or its time."""

import asyncio
from collections.abc import AsyncIterator, Collection
from typing import Any

import pytest
from generation.adapters.inbound.slots import Slots
from generation.adapters.inbound.worker import Worker, fetched_at_once
from generation.domain.errors import StorageUnavailable
from generation.domain.generation import Generation, Status
from generation.domain.identifiers import GenerationId
from generation.ports.media_provider import RunReport, RunState
from generation_house import House, success
from generation_works import worker_of

BUSY = RunReport(RunState.FAILED, retryable=True, retry_after_s=60)


@pytest.fixture
async def worker(house: House) -> AsyncIterator[Worker]:
    """A worker with one slot, whose jobs end with the test."""
    hired = worker_of(house, "w1", {"local": house.provider}, slots=1)
    yield hired
    for _, task in list(hired._in_hand._jobs.values()):
        task.cancel()


async def brought(house: House, worker: Worker, **job: Any) -> Generation:
    """A job that a message started, as the consumer does it."""
    generation = await house.queued(**job)
    await worker.acquire()
    started = await worker._start(house.reserved(generation, f"evt_{generation.generation_id}"))
    assert started is not None
    worker._launch(started)
    worker.release()
    return generation


async def ended(house: House, generation_id: GenerationId) -> Status:
    """The status of a job once no worker has it in hand."""
    async with asyncio.timeout(10):
        while not house.units.tables.generations[generation_id].is_terminal:
            await asyncio.sleep(0.005)
    return house.units.tables.generations[generation_id].status


async def test_the_job_keeps_the_slot_of_its_message(house: House, worker: Worker) -> None:
    """Nothing more is fetched before it ends."""
    generation = await brought(house, worker)
    assert worker.locked()
    following = asyncio.create_task(worker.acquire())
    assert (await asyncio.wait([following], timeout=0.05))[1] == {following}
    house.provider.reports = [success(b"1")]
    assert await ended(house, generation.generation_id) is Status.SUCCEEDED
    await asyncio.wait_for(following, 10)
    assert worker.locked()
    worker.release()
    assert not worker.locked()
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_a_job_that_waits_takes_no_slot(house: House, worker: Worker) -> None:
    """A provider that says when to come again is not waited for in a slot."""
    house.provider.reports = [BUSY]
    await brought(house, worker)
    await asyncio.wait_for(worker.acquire(), 10)
    (following,) = [row for row in house.units.tables.attempts.values() if row.number == 2]
    assert following.not_before is not None
    assert worker.free == 1
    await house.facts.expect("GenerationQueued")


async def test_what_is_due_comes_before_a_message(house: House, worker: Worker) -> None:
    """It has waited longer, and takes the slot that the consumer asked for."""
    house.provider.reports = [BUSY]
    generation = await brought(house, worker)
    await asyncio.wait_for(worker.acquire(), 10)
    worker.release()
    house.provider.reports = [RunReport(RunState.RUNNING)]
    house.clock.forward(seconds=61)
    asking = asyncio.create_task(worker.acquire())
    async with asyncio.timeout(10):
        while not worker._in_hand._jobs:
            await asyncio.sleep(0.005)
    assert (list(worker._in_hand._jobs), asking.done()) == ([generation.generation_id], False)
    house.provider.reports = [success(b"1")]
    await asyncio.wait_for(asking, 10)
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_the_last_free_slot_is_what_is_dues_before_a_messages(house: House) -> None:
    """While there are others it is enough to have looked a moment ago: a message waits for no second look."""
    worker = worker_of(house, "w1", {"local": house.provider}, slots=3, look_again_s=3_600)
    house.provider.reports = [BUSY]
    generation = await brought(house, worker)
    async with asyncio.timeout(10):
        while worker._in_hand._jobs:
            await asyncio.sleep(0.005)
    house.provider.reports = [RunReport(RunState.RUNNING)]
    house.clock.forward(seconds=61)
    for _ in range(2):
        await asyncio.wait_for(worker.acquire(), 10)
    assert worker._in_hand._jobs == {}
    asking = asyncio.create_task(worker.acquire())
    async with asyncio.timeout(10):
        while not worker._in_hand._jobs:
            await asyncio.sleep(0.005)
    assert (list(worker._in_hand._jobs), asking.done()) == ([generation.generation_id], False)
    house.provider.reports = [success(b"1")]
    await asyncio.wait_for(asking, 10)
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


@pytest.mark.parametrize(("slots", "messages"), [(1, 1), (4, 1), (7, 1), (8, 2), (32, 8), (256, 8)])
def test_messages_hold_a_quarter_of_the_slots_at_most(slots: int, messages: int) -> None:
    """What is due finds the others free, however long no message comes."""
    assert fetched_at_once(slots) == messages


async def test_no_more_jobs_than_slots(house: House, worker: Worker) -> None:
    """While a message is waited for, its slot is not given to what is due."""
    house.provider.reports = [BUSY]
    await brought(house, worker)
    await asyncio.wait_for(worker.acquire(), 10)
    house.clock.forward(seconds=61)
    await worker.take_due()
    assert worker._in_hand._jobs == {}
    worker.release()
    house.provider.reports = [RunReport(RunState.RUNNING)]
    await worker.take_due()
    assert len(worker._in_hand._jobs) == 1
    await house.facts.expect("GenerationQueued")


async def test_without_room_no_slot_is_free(house: House, worker: Worker) -> None:
    """The consumer is kept waiting until there is room again; the job that runs goes on."""
    house.intake.is_full = True
    await worker.watch_room()
    assert (worker.free, worker.locked()) == (0, True)
    asking = asyncio.create_task(worker.acquire())
    assert (await asyncio.wait([asking], timeout=0.05))[1] == {asking}
    house.intake.is_full = False
    await worker.watch_room()
    await asyncio.wait_for(asking, 10)


async def test_a_failed_search_for_what_is_due_keeps_no_slot(house: House, worker: Worker) -> None:
    """The database was away; every slot is free again."""
    house.units.failure = ZeroDivisionError("away")
    with pytest.raises(ZeroDivisionError):
        await worker.take_due()
    assert not worker.locked()


async def test_slots_wake_whoever_waits() -> None:
    """A release lets as many in as it frees."""
    slots = Slots(2)
    slots.take(2)
    slots.take()
    slots.release()
    assert slots.free == 0
    waiting = asyncio.create_task(slots.until_free())
    assert (await asyncio.wait([waiting], timeout=0.02))[1] == {waiting}
    slots.release()
    await asyncio.wait_for(waiting, 1)
    assert slots.free == 1


async def test_a_look_that_failed_keeps_others_jobs_with_their_workers(house: House) -> None:
    """For the length of a lease: they may be well, and could not say so. What is due besides says nothing."""

    async def away(names: Collection[str]) -> Collection[str]:
        raise StorageUnavailable(str(names))

    generation = await house.queued()
    assert await house.worker("w2").start(house.reserved(generation)) is not None
    house.clock.forward(seconds=61)
    for names, taken in ((["attempts", "deletions"], 0), (["deletions"], 1)):
        worker = worker_of(house, "w1", {"local": house.provider}, slots=1)
        with pytest.raises(StorageUnavailable):
            await worker.look(away, names)
        await worker.take_due()
        assert len(worker._in_hand) == taken
        for _, task in list(worker._in_hand._jobs.values()):
            task.cancel()
    await house.facts.expect("GenerationQueued")


async def test_without_a_job_no_lease_is_renewed(house: House, worker: Worker) -> None:
    """What is due is looked for all the same, which tells of an outage."""
    house.units.failure = StorageUnavailable("away")
    await worker.renew()
