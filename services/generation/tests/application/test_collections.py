"""Collections: what a person does with them, and everything that must not happen."""

import asyncio
from collections.abc import Sequence

import pytest
from generation.application.collection_change import CollectionChange
from generation.application.rename_collection import RenameCollection
from generation.domain.collection import COLLECTIONS_MAX, Collection
from generation.domain.errors import (
    CollectionNameTaken,
    CollectionNotFound,
    GenerationNotFound,
    InvalidInput,
    TooManyCollections,
)
from generation.domain.generation import Generation
from generation.domain.identifiers import AccountId, CollectionId, GenerationId
from generation.domain.library_filter import LibraryFilter
from generation_house import ACCOUNT, House, success
from generation_rows import BOB


async def opened(house: House, name: str = "Foxes", *, account_id: AccountId = ACCOUNT) -> Collection:
    """A new collection."""
    return await house.collections.create(account_id, name=name)


def change(
    collection: Collection, *generations: Generation, account_id: AccountId = ACCOUNT
) -> CollectionChange:
    """These jobs, into it or out of it."""
    return CollectionChange(
        account_id=account_id,
        collection_id=collection.collection_id,
        generation_ids=[generation.generation_id for generation in generations],
    )


async def shown(house: House, collection: Collection) -> Sequence[GenerationId]:
    """What the library shows of a collection."""
    wanted = LibraryFilter(collection_id=collection.collection_id)
    views, _ = await house.read.page(ACCOUNT, wanted=wanted, before=None, limit=99)
    return [view.generation.generation_id for view in views]


async def ended(house: House, key: str) -> Generation:
    """A job that can be deleted."""
    generation = await house.queued(key=key)
    await house.cancel(ACCOUNT, generation.generation_id)
    await house.facts.expect("GenerationQueued", "GenerationCancelled")
    return generation


async def test_a_collection_holds_what_is_put_into_it(house: House) -> None:
    """Newest first, each once; what is taken out stays in the library. Nothing is told to anybody."""
    first, second = await house.queued(key="1"), await house.queued(key="2")
    foxes, snow = await opened(house), await opened(house, "Snow")
    assert await shown(house, foxes) == []
    for _ in range(2):
        assert await house.collections.add(change(foxes, first, second, first)) == foxes
        assert await shown(house, foxes) == [second.generation_id, first.generation_id]
    await house.collections.add(change(snow, first))
    for _ in range(2):
        assert await house.collections.remove(change(foxes, first)) == foxes
        assert await shown(house, foxes) == [second.generation_id]
    assert await shown(house, snow) == [first.generation_id]
    views = await house.collections.read.all(ACCOUNT)
    assert [(view.collection, view.generation_count) for view in views] == [(foxes, 1), (snow, 1)]
    holding = await house.collections.read.all(ACCOUNT, holding=first.generation_id)
    assert [view.collection for view in holding] == [snow]
    assert house.stored(first) == first
    await house.facts.expect("GenerationQueued", "GenerationQueued")


async def test_a_cover_is_a_signed_thumbnail(house: House) -> None:
    """Of the newest that has one; a collection without one has no cover."""
    generation = await house.queued()
    house.intake.thumbnails = True
    house.provider.reports = [success(b"a fox")]
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(generation)))
    foxes, empty = await opened(house), await opened(house, "Empty")
    await house.collections.add(change(foxes, generation))
    (none, view) = await house.collections.read.all(ACCOUNT)
    assert (none.collection, none.cover) == (empty, None)
    (output,) = house.units.tables.outputs
    assert view.cover
    assert view.cover.output == output
    assert view.cover.thumbnail_url == house.store.signed_url(str(output.thumbnail_key), ttl_s=900)
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_names_are_an_accounts_own_and_told_apart_by_more_than_case(house: House) -> None:
    """Who has it is named; another account may call its own the same."""
    foxes, snow = await opened(house), await opened(house, "Snow")
    await opened(house, account_id=BOB)
    with pytest.raises(CollectionNameTaken, match="Foxes"):
        await opened(house, " FOXES ")
    with pytest.raises(CollectionNameTaken, match="Foxes"):
        await rename(house, snow, "foxes")
    with pytest.raises(InvalidInput):
        await opened(house, " ")
    assert [view.collection for view in await house.collections.read.all(ACCOUNT)] == [foxes, snow]


async def test_a_collection_is_renamed(house: House) -> None:
    """Its own name in another case too; its jobs stay in it, and the name that it had is free."""
    generation = await house.queued()
    foxes = await opened(house)
    await house.collections.add(change(foxes, generation))
    for _ in range(2):
        renamed = await rename(house, foxes, " FOXES in snow ")
        assert renamed == foxes.renamed("FOXES in snow")
    assert (await rename(house, renamed, "Foxes in snow")).name == "Foxes in snow"
    assert await shown(house, foxes) == [generation.generation_id]
    await opened(house, "foxes")
    await house.facts.expect("GenerationQueued")


async def rename(
    house: House, collection: Collection, name: str, *, account_id: AccountId = ACCOUNT
) -> Collection:
    """Call it otherwise."""
    return await house.collections.rename(
        RenameCollection(account_id=account_id, collection_id=collection.collection_id, name=name)
    )


async def test_a_collection_is_deleted_and_its_jobs_stay(house: House) -> None:
    """From then on it is not there, and its name is free."""
    generation = await house.queued()
    foxes = await opened(house)
    await house.collections.add(change(foxes, generation))
    await house.collections.delete(ACCOUNT, foxes.collection_id)
    for call in (
        house.collections.delete(ACCOUNT, foxes.collection_id),
        house.collections.read.collection(ACCOUNT, foxes.collection_id),
        house.collections.add(change(foxes, generation)),
        house.collections.remove(change(foxes, generation)),
        rename(house, foxes, "Snow"),
        shown(house, foxes),
    ):
        with pytest.raises(CollectionNotFound):
            await call
    assert house.stored(generation) == generation
    assert house.units.tables.collected == set()
    assert await shown(house, await opened(house)) == []
    await house.facts.expect("GenerationQueued")


async def test_nobody_elses_collection_is_there(house: House) -> None:
    """Whatever one does with its id; it stays as it was."""
    hers = await house.queued()
    foxes = await opened(house)
    await house.collections.add(change(foxes, hers))
    before = house.units.tables
    for call in (
        house.collections.read.collection(BOB, foxes.collection_id),
        rename(house, foxes, "Bob's", account_id=BOB),
        house.collections.delete(BOB, foxes.collection_id),
        house.collections.add(change(foxes, account_id=BOB)),
        house.collections.remove(change(foxes, hers, account_id=BOB)),
        house.read.page(BOB, wanted=LibraryFilter(collection_id=foxes.collection_id), before=None, limit=9),
    ):
        with pytest.raises(CollectionNotFound):
            await call
    with pytest.raises(GenerationNotFound):
        await house.collections.read.all(BOB, holding=hers.generation_id)
    assert await house.collections.read.all(BOB) == []
    assert house.units.tables.collections == before.collections
    assert house.units.tables.collected == before.collected
    await house.facts.expect("GenerationQueued")


@pytest.mark.parametrize("deed", ["add", "remove"])
async def test_one_that_is_not_there_stops_all_and_is_named(house: House, deed: str) -> None:
    """Another account's, a deleted one, one that never was: nothing half done."""
    gone, mine, other = await ended(house, "1"), await house.queued(key="2"), await house.queued(key="3")
    foxes = await opened(house)
    await house.collections.add(change(foxes, mine, gone))
    await house.discard(ACCOUNT, gone.generation_id)
    bobs = await opened(house, account_id=BOB)
    changed = getattr(house.collections, deed)
    collected = house.units.tables.collected
    with pytest.raises(GenerationNotFound, match=f": {gone.generation_id}$"):
        await changed(change(foxes, mine, gone, other))
    with pytest.raises(GenerationNotFound, match=mine.generation_id):
        await changed(change(bobs, mine, account_id=BOB))
    unknown = [GenerationId(f"gen_{number:032x}") for number in range(900, 912)]
    command = CollectionChange(
        account_id=ACCOUNT,
        collection_id=foxes.collection_id,
        generation_ids=[other.generation_id, *unknown],
    )
    with pytest.raises(GenerationNotFound) as refused:
        await changed(command)
    assert all((each in str(refused.value)) is (each in unknown[:10]) for each in command.generation_ids)
    assert str(refused.value).endswith(", and 2 more")
    assert house.units.tables.collected == collected
    await house.facts.expect("GenerationQueued", "GenerationQueued")


async def test_a_deleted_job_is_out_of_its_collections_and_back_when_that_is_undone(house: House) -> None:
    """It neither shows nor counts meanwhile; once it is gone for good nothing is left of it."""
    kept, gone = await ended(house, "1"), await ended(house, "2")
    foxes = await opened(house)
    await house.collections.add(change(foxes, kept, gone))
    await house.discard(ACCOUNT, gone.generation_id)
    assert await shown(house, foxes) == [kept.generation_id]
    assert (await house.collections.read.collection(ACCOUNT, foxes.collection_id)).generation_count == 1
    await house.restore(ACCOUNT, gone.generation_id)
    assert await shown(house, foxes) == [gone.generation_id, kept.generation_id]
    await house.discard(ACCOUNT, gone.generation_id)
    house.clock.forward(minutes=10)
    await house.purge_discarded()
    assert house.units.tables.collected == {(foxes.collection_id, kept.generation_id)}
    await house.delete(ACCOUNT, kept.generation_id)
    assert house.units.tables.collected == set()
    assert (await house.collections.read.collection(ACCOUNT, foxes.collection_id)).generation_count == 0


async def test_an_account_has_a_bounded_number_of_collections(house: House) -> None:
    """However many ask at once; one that is deleted makes room."""
    made = [await opened(house, f"Number {number}") for number in range(COLLECTIONS_MAX - 1)]
    answers = await asyncio.gather(
        *(opened(house, f"More {number}") for number in range(3)), return_exceptions=True
    )
    assert [type(answer) for answer in answers].count(TooManyCollections) == 2
    assert len(house.units.tables.collections) == COLLECTIONS_MAX
    await opened(house, account_id=BOB)
    await house.collections.delete(ACCOUNT, made[0].collection_id)
    await opened(house, "Another")
    with pytest.raises(CollectionNotFound):
        await house.collections.delete(ACCOUNT, CollectionId("col_none"))
