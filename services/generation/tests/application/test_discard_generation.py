"""A deletion that can be taken back for ten minutes, and is final afterwards."""

import pytest
from generation.application.discard_generation import GRACE
from generation.application.purge_discarded import PurgeDiscardedHandler
from generation.domain.errors import GenerationNotFound, GenerationRunning
from generation.domain.generation import Generation
from generation.domain.identifiers import AccountId, GenerationId
from generation_house import ACCOUNT, House, success

MADE = ("GenerationQueued", "GenerationSucceeded")


async def made(house: House, event_id: str = "evt_1") -> Generation:
    """A picture that is stored."""
    job = await house.queued()
    house.provider.reports = [success(b"1")]
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(job, event_id)))
    return house.stored(job)


async def outputs_of(house: House, job: Generation) -> int:
    """How many outputs are known."""
    async with house.units.of_system() as work:
        return len(await work.outputs.of([job.generation_id]))


async def test_what_is_discarded_is_hidden_and_can_come_back(house: House) -> None:
    """As it was, with its files, however often it is asked; nothing of it is removed meanwhile."""
    job = await made(house)
    until = await house.discard(ACCOUNT, job.generation_id)
    assert until == house.clock.now() + GRACE
    with pytest.raises(GenerationNotFound):
        await house.read.generation(ACCOUNT, job.generation_id)
    house.clock.forward(minutes=9, seconds=59)
    assert await house.discard(ACCOUNT, job.generation_id) == until
    await house.purge_discarded()
    await house.sweep_deletions()
    for _ in range(2):
        assert await house.restore(ACCOUNT, job.generation_id) == job
    view = await house.read.generation(ACCOUNT, job.generation_id)
    assert (view.generation, len(view.outputs)) == (job, 1)
    house.clock.forward(hours=1)
    await house.purge_discarded()
    await house.sweep_deletions()
    assert view.outputs[0].output.object_key in house.store.objects
    assert await outputs_of(house, job) == 1
    await house.facts.expect(*MADE)


async def test_time_that_is_over_is_over(house: House) -> None:
    """Then it can't come back, swept or not, and its files go; the job's own row stays, deleted."""
    job = await made(house)
    until = await house.discard(ACCOUNT, job.generation_id)
    house.clock.forward(minutes=10)
    with pytest.raises(GenerationNotFound):
        await house.restore(ACCOUNT, job.generation_id)
    await house.purge_discarded()
    await house.sweep_deletions()
    with pytest.raises(GenerationNotFound):
        await house.restore(ACCOUNT, job.generation_id)
    with pytest.raises(GenerationNotFound):
        await house.discard(ACCOUNT, job.generation_id)
    assert (house.store.objects, await outputs_of(house, job)) == ({}, 0)
    gone = house.stored(job)
    assert (gone.purge_at, gone.deleted_at) == (None, until - GRACE)
    await house.facts.expect(*MADE)


async def test_who_deletes_for_good_means_it(house: House) -> None:
    """A discarded one as well: no restore finds it."""
    job = await made(house)
    await house.discard(ACCOUNT, job.generation_id)
    await house.delete(ACCOUNT, job.generation_id)
    with pytest.raises(GenerationNotFound):
        await house.restore(ACCOUNT, job.generation_id)
    assert await outputs_of(house, job) == 0
    await house.facts.expect(*MADE)


async def test_nobody_discards_what_runs_or_is_not_theirs(house: House) -> None:
    """It stays as it was."""
    job = await house.queued()
    with pytest.raises(GenerationRunning):
        await house.discard(ACCOUNT, job.generation_id)
    for call in (house.discard, house.restore):
        with pytest.raises(GenerationNotFound):
            await call(AccountId("usr_bob"), job.generation_id)
    assert house.stored(job) == job
    await house.facts.expect("GenerationQueued")


async def test_one_that_can_not_be_purged_stops_no_other(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it or after it, on its page or on the next; it keeps its files and comes again."""
    jobs = [await made(house, f"evt_{number}") for number in range(4)]
    for job in jobs:
        await house.discard(ACCOUNT, job.generation_id)
    poisoned = jobs[1].generation_id
    whole = PurgeDiscardedHandler._purge

    async def broken(self: PurgeDiscardedHandler, generation_id: GenerationId) -> None:
        if generation_id == poisoned:
            raise ValueError("poisoned")
        await whole(self, generation_id)

    monkeypatch.setattr(PurgeDiscardedHandler, "_purge", broken)
    house.clock.forward(minutes=10)
    await PurgeDiscardedHandler(house.units, house.clock, page_size=2)()
    assert [await outputs_of(house, job) for job in jobs] == [0, 1, 0, 0]
    await house.sweep_deletions()
    assert len(house.store.objects) == 1
    monkeypatch.undo()
    await house.purge_discarded()
    await house.sweep_deletions()
    assert house.store.objects == {}
    await house.facts.expect(*MADE * 4)


async def test_one_that_is_restored_meanwhile_stays(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was found, and is looked at again before it goes."""
    job = await made(house)
    await house.discard(ACCOUNT, job.generation_id)
    house.clock.forward(minutes=10)
    whole = PurgeDiscardedHandler._purge

    async def late(self: PurgeDiscardedHandler, generation_id: GenerationId) -> None:
        house.clock.forward(seconds=-1)
        await house.restore(ACCOUNT, generation_id)
        house.clock.forward(seconds=1)
        await whole(self, generation_id)

    monkeypatch.setattr(PurgeDiscardedHandler, "_purge", late)
    await house.purge_discarded()
    assert await outputs_of(house, job) == 1
    assert house.stored(job) == job
    await house.facts.expect(*MADE)
