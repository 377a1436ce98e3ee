"""Collections of jobs, over memory and PostgreSQL."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from generation.adapters.outbound.memory_constraints import ConstraintBroken
from generation.domain.collection import Collection, CollectionSummary
from generation.domain.identifiers import AccountId, CollectionId, GenerationId
from generation.domain.library_filter import LibraryFilter
from generation.ports.unit_of_work import UnitsOfWork
from generation_rows import ALICE, BOB, NOW, job, output, running, stored
from sqlalchemy.exc import IntegrityError

REFUSED = (IntegrityError, ConstraintBroken)


def named(number: int, name: str = "Foxes", **changes: Any) -> Collection:
    """A collection of Alice's."""
    plain = Collection(
        collection_id=CollectionId(f"col_{number:032x}"), account_id=ALICE, name=name, created_at=NOW
    )
    return replace(plain, **changes)


def ids(*numbers: int) -> list[GenerationId]:
    """Names of jobs."""
    return [job(number).generation_id for number in numbers]


async def kept(units: UnitsOfWork, collection: Collection, *numbers: int) -> None:
    """Keep a collection with these jobs in it."""
    async with units.of_system() as work:
        await work.collections.add(collection)
        await work.collections.put(collection, ids(*numbers))


async def summaries(
    units: UnitsOfWork, account_id: AccountId = ALICE, **asked: Any
) -> list[CollectionSummary]:
    """What is listed."""
    async with units.of(account_id) as work:
        return list(await work.collections.summaries(account_id, **asked))


async def held(units: UnitsOfWork, collection: Collection, *, account_id: AccountId = ALICE) -> list[int]:
    """The numbers of the jobs that a collection shows."""
    wanted = LibraryFilter(collection_id=collection.collection_id)
    async with units.of(account_id) as work:
        page = await work.generations.page(account_id, wanted=wanted, before=None, limit=9)
    return [int(generation.generation_id.removeprefix("gen_"), 16) for generation in page]


async def test_jobs_are_put_in_and_taken_out(units: UnitsOfWork) -> None:
    """Each as often as one likes, in as many collections as one likes."""
    await stored(units, job(1), job(2), job(3))
    foxes, snow = named(1), named(2, "Snow")
    await kept(units, foxes, 1, 2)
    await kept(units, snow, 2)
    for _ in range(2):
        async with units.of(ALICE) as work:
            await work.collections.put(foxes, ids(3, 1))
            await work.collections.put(foxes, [])
        assert await held(units, foxes) == [3, 2, 1]
    for _ in range(2):
        async with units.of(ALICE) as work:
            await work.collections.take(foxes, ids(2, 1))
        assert (await held(units, foxes), await held(units, snow)) == ([3], [2])


async def test_a_job_is_forgotten_everywhere(units: UnitsOfWork) -> None:
    """It alone; a transaction of another account forgets nothing."""
    await stored(units, job(1), job(2))
    await kept(units, named(1), 1, 2)
    await kept(units, named(2, "Snow"), 1)
    async with units.of(BOB) as work:
        await work.collections.forget(ids(1)[0])
    assert [each.generation_count for each in await summaries(units)] == [2, 1]
    async with units.of_system() as work:
        await work.collections.forget(ids(1)[0])
    assert [each.generation_count for each in await summaries(units)] == [1, 0]


async def test_collections_are_listed_by_name(units: UnitsOfWork) -> None:
    """With how many jobs they show, and the newest that has a thumbnail; deleted ones count for nothing."""
    await stored(units, *(running(number) for number in range(1, 5)), job(5, deleted_at=NOW), job(9))
    async with units.of_system() as work:
        await work.outputs.add([output(1), output(2), replace(output(3), thumbnail_key=None), output(5)])
    foxes, snow, empty = named(1, "foxes"), named(2, "Snow"), named(3, "Empty")
    await kept(units, snow, 3, 9)
    await kept(units, foxes, 1, 2, 3, 5)
    await kept(units, empty)
    listed = [
        CollectionSummary(collection=empty, generation_count=0, cover_id=None),
        CollectionSummary(collection=foxes, generation_count=3, cover_id=ids(2)[0]),
        CollectionSummary(collection=snow, generation_count=2, cover_id=None),
    ]
    assert await summaries(units) == listed
    assert await summaries(units, only=snow.collection_id) == listed[2:]
    assert await summaries(units, holding=ids(3)[0]) == listed[1:]
    assert await summaries(units, holding=ids(4)[0]) == []
    assert await summaries(units, BOB) == await summaries(units, BOB, only=foxes.collection_id) == []


async def test_an_account_sees_its_own_only(units: UnitsOfWork) -> None:
    """Another's can be neither read nor changed, whatever is known of it."""
    await stored(units, job(1))
    foxes = named(1)
    await kept(units, foxes, 1)
    async with units.of(BOB) as work:
        assert await work.collections.get(foxes.collection_id) is None
        assert await work.collections.named(ALICE, foxes.name_key) is None
        assert await work.collections.count(ALICE) == 0
        await work.collections.save(replace(foxes, name="Bob's"))
        await work.collections.take(foxes, ids(1))
        await work.collections.remove(foxes.collection_id)
    assert await held(units, foxes, account_id=BOB) == []
    async with units.of(ALICE) as work:
        assert await work.collections.get(foxes.collection_id) == foxes
    assert await held(units, foxes) == [1]


async def test_a_collection_is_found_by_its_name_and_renamed(units: UnitsOfWork) -> None:
    """Whatever its case; the account's own alone."""
    foxes = named(1, "Füchse")
    await kept(units, foxes)
    await kept(units, named(2, "Füchse", account_id=BOB))
    async with units.of(ALICE) as work:
        assert await work.collections.named(ALICE, named(9, "FÜCHSE").name_key) == foxes
        assert await work.collections.named(ALICE, named(9, "Fuchse").name_key) is None
        assert await work.collections.count(ALICE) == 1
        await work.collections.save(foxes.renamed("Snow"))
    async with units.of(ALICE) as work:
        assert await work.collections.get(foxes.collection_id) == foxes.renamed("Snow")
        assert await work.collections.named(ALICE, foxes.name_key) is None


async def test_a_collection_goes_and_its_jobs_stay(units: UnitsOfWork) -> None:
    """Removing it again is no error; what other collections hold stays in them."""
    await stored(units, job(1))
    foxes, snow = named(1), named(2, "Snow")
    await kept(units, foxes, 1)
    await kept(units, snow, 1)
    for _ in range(2):
        async with units.of(ALICE) as work:
            await work.collections.remove(foxes.collection_id)
    assert [each.collection for each in await summaries(units)] == [snow]
    assert (await held(units, foxes), await held(units, snow)) == ([], [1])
    async with units.of_system() as work:
        assert await work.generations.get(ids(1)[0]) == job(1)


async def test_jobs_that_are_there(units: UnitsOfWork) -> None:
    """Neither deleted ones nor another's."""
    await stored(units, job(1), job(2, deleted_at=NOW), job(3, account_id=BOB))
    async with units.of(ALICE) as work:
        assert set(await work.generations.lock_present(ids(1, 2, 3, 4))) == set(ids(1))
        assert set(await work.generations.lock_present([])) == set()


async def test_changes_of_one_account_follow_each_other(units: UnitsOfWork) -> None:
    """Who comes second waits until the first has ended, and sees what it did."""
    order = []

    async def second() -> None:
        async with units.of(ALICE) as work:
            await work.collections.lock(ALICE)
            order.append(await work.collections.count(ALICE))

    async with units.of(ALICE) as work:
        await work.collections.lock(ALICE)
        waiting = asyncio.create_task(second())
        await asyncio.wait([waiting], timeout=0.2)
        await work.collections.add(named(1))
        order.append(-1)
    await waiting
    assert order == [-1, 1]


WRONG = {
    "no name": named(2, ""),
    "a long name": named(2, "x" * 81),
    "a name twice": named(2, "FOXES"),
    "an id that is there": named(1, "Snow"),
}


@pytest.mark.parametrize("row", WRONG.values(), ids=WRONG.keys())
async def test_a_collection_that_cannot_be(units: UnitsOfWork, row: Collection) -> None:
    """Each rule of the table, one at a time."""
    await kept(units, named(1))
    with pytest.raises(REFUSED):
        await kept(units, row)
    assert [each.collection for each in await summaries(units)] == [named(1)]


async def test_a_name_cannot_become_what_cannot_be(units: UnitsOfWork) -> None:
    """A change is held to the same rules."""
    await kept(units, named(1))
    await kept(units, named(2, "Snow"))
    with pytest.raises(REFUSED):
        async with units.of(ALICE) as work:
            await work.collections.save(named(2, "foxes"))
    assert [each.collection.name for each in await summaries(units)] == ["Foxes", "Snow"]


@pytest.mark.parametrize(
    ("collection", "number"),
    [(named(1), 2), (named(2, "Snow"), 1)],
    ids=["no such job", "no such collection"],
)
async def test_what_is_not_there_is_in_no_collection(
    units: UnitsOfWork, collection: Collection, number: int
) -> None:
    """Neither side may be missing."""
    await stored(units, job(1))
    await kept(units, named(1))
    with pytest.raises(REFUSED):
        async with units.of(ALICE) as work:
            await work.collections.put(collection, ids(number))
    assert [each.generation_count for each in await summaries(units)] == [0]
