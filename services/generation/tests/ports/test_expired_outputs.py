"""Outputs whose time is over, over memory and PostgreSQL."""

from dataclasses import replace
from datetime import timedelta

from generation.domain.collection import Collection
from generation.domain.generation import Status
from generation.domain.identifiers import CollectionId
from generation.ports.unit_of_work import UnitsOfWork
from generation_rows import ALICE, LATER, NOW, job, output, running, stored

ENDED = {"status": Status.SUCCEEDED, "finished_at": NOW}


async def test_those_are_found_whose_time_is_over(units: UnitsOfWork) -> None:
    """In order of id, page by page; none that is kept for longer or for good, and none that went."""
    soon = NOW + timedelta(seconds=1)
    await stored(
        units,
        replace(running(1), **ENDED, outputs_kept_until=NOW),
        replace(running(2), **ENDED, outputs_kept_until=soon),
        replace(running(3), **ENDED),
        replace(running(4), **ENDED, outputs_kept_until=NOW, outputs_expired_at=NOW),
        replace(running(5), **ENDED, outputs_kept_until=NOW, deleted_at=NOW),
    )
    first, last = job(1).generation_id, job(5).generation_id
    async with units.of_system() as work:
        assert await work.generations.expiring(by=NOW, after=None, limit=9) == [first, last]
        assert await work.generations.expiring(by=NOW, after=None, limit=1) == [first]
        assert await work.generations.expiring(by=NOW, after=first, limit=9) == [last]
        assert await work.generations.expiring(by=NOW - timedelta(seconds=1), after=None, limit=9) == []


async def test_what_expired_is_known_and_found_by_nobody(units: UnitsOfWork) -> None:
    """Neither by its job nor by its id, nor as a collection's cover; deleting its job forgets it."""
    await stored(units, replace(running(1), **ENDED, outputs_kept_until=NOW), running(2))
    mine = job(1).generation_id
    collection = Collection(
        collection_id=CollectionId("col_1"), account_id=ALICE, name="Foxes", created_at=NOW
    )
    async with units.of_system() as work:
        await work.outputs.add([output(1, 0), output(1, 1), output(2, 0)])
        await work.collections.add(collection)
        await work.collections.put(collection, [mine])
        (summary,) = await work.collections.summaries(ALICE)
        assert summary.cover_id == mine
        (current,) = [await work.generations.lock(mine)]
        assert current is not None
        await work.generations.save(current.expired(now=LATER))
        expired = [replace(output(1, place), expired_at=LATER) for place in (0, 1)]
        assert await work.outputs.expire(mine, now=LATER) == expired
    async with units.of(ALICE) as work:
        kept = await work.generations.get(mine)
        assert kept is not None
        assert kept.outputs_expired_at == LATER
        assert list(await work.outputs.of([mine])) == []
        others = await work.outputs.with_ids([output(1, 0).output_id, output(2, 0).output_id])
        assert list(others) == [output(2, 0)]
        (summary,) = await work.collections.summaries(ALICE)
        assert (summary.generation_count, summary.cover_id) == (1, None)
        assert list(await work.outputs.expire(mine, now=LATER)) == []
        assert await work.outputs.remove(mine) == expired
