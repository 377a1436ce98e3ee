"""What the gateway needs of collections, by its own ports: their fakes and the real thing."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from contract_support import connect, serve_generation
from gateway.adapters.outbound.grpc_generation import GrpcGenerations
from gateway.adapters.outbound.grpc_generation_collections import GrpcCollections
from gateway.adapters.outbound.memory.collections import MemoryCollections
from gateway.adapters.outbound.memory.generation import MemoryGenerations
from gateway.adapters.outbound.memory.ledger import MemoryLedger
from gateway.domain.collection import Collection
from gateway.domain.errors import Conflict, InvalidRequest, NotFound
from gateway.domain.generation import GenerationStatus, LibraryFilter, NewGeneration
from gateway.domain.identifiers import CollectionId, GenerationId
from gateway.ports.collections import Collections
from gateway.ports.generation import Generations
from generation_house import House, success
from support import HandClock

ME, OTHER = "usr_me", "usr_other"
PROMPTS = ("a fox", "a heron", "a wolf")


@dataclass
class Scene:
    """Both ports over the same jobs: three of mine; the first was cancelled, the second is a picture."""

    generations: Generations
    collections: Collections
    ids: list[GenerationId]

    async def shown(self, collection: Collection, **more: str) -> list[int]:
        """The numbers of what the library shows of a collection, one after the other."""
        wanted = LibraryFilter(collection_id=collection.collection_id, **more)
        numbers: list[int] = []
        cursor = None
        for _ in self.ids:
            page = await self.generations.page(ME, wanted=wanted, cursor=cursor, limit=1)
            numbers += [self.ids.index(job.generation_id) for job in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return numbers
        raise AssertionError("the last page has another")


@pytest.fixture(params=["fake", "real"])
async def scene(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Scene:
    """Each with 100 credits for me."""
    house, fake = House(), None
    if request.param == "fake":
        ledger = MemoryLedger(HandClock())
        ledger.grant(ME, 100)
        generations: Generations = (fake := MemoryGenerations(HandClock(), ledger))
        collections: Collections = MemoryCollections(fake)
    else:
        house.ledger.available = 100
        house.intake.thumbnails = True
        channel = await connect(stack, await serve_generation(stack, house), "gateway")
        generations, collections = GrpcGenerations(channel), GrpcCollections(channel)
    ids = []
    for prompt in PROMPTS:
        new = NewGeneration(
            model_id="local/sketch", input={"prompt": prompt}, metadata={}, idempotency_key=prompt
        )
        ids.append((await generations.create(ME, new))[0].generation_id)
    await generations.cancel(ME, ids[0])
    if fake:
        fake.finish(ids[1], GenerationStatus.SUCCEEDED)
    else:
        house.provider.reports = [success(b"a heron")]
        worker = house.worker()
        await worker.run(await worker.started(house.reserved(house.units.tables.generations[ids[1]])))
    return Scene(generations, collections, ids)


async def test_collections_are_made_listed_renamed_and_deleted(scene: Scene) -> None:
    """By name, whatever the case; what was in a deleted one stays in the library."""
    port, ids = scene.collections, scene.ids
    snow = await port.create_collection(ME, name=" Snow ")
    foxes = await port.create_collection(ME, name="foxes")
    assert (snow.name, snow.generation_count, snow.cover) == ("Snow", 0, None)
    assert list(await port.collections(ME)) == [foxes, snow]
    assert await port.collection(ME, snow.collection_id) == snow
    renamed = await port.rename_collection(ME, snow.collection_id, name="ELSEWHERE")
    assert renamed.name == "ELSEWHERE"
    assert list(await port.collections(ME)) == [renamed, foxes]
    await port.add_to_collection(ME, foxes.collection_id, ids)
    await port.delete_collection(ME, foxes.collection_id)
    assert list(await port.collections(ME)) == [renamed]
    assert len((await scene.generations.page(ME, cursor=None, limit=9)).items) == 3


async def test_a_collection_holds_what_is_put_into_it(scene: Scene) -> None:
    """Newest first, page by page, beside other filters; a count, a cover, and who holds what."""
    port, ids = scene.collections, scene.ids
    foxes = await port.create_collection(ME, name="Foxes")
    empty = await port.create_collection(ME, name="Empty")
    for _ in range(2):
        filled = await port.add_to_collection(ME, foxes.collection_id, ids[:2])
        assert filled.generation_count == 2
    assert filled.cover
    assert filled.cover.thumbnail_url
    (picture,) = (await scene.generations.generation(ME, ids[1])).outputs
    assert filled.cover.output_id == picture.output_id
    assert (await scene.shown(foxes), await scene.shown(empty)) == ([1, 0], [])
    assert await scene.shown(foxes, search="fox") == [0]
    assert [each.name for each in await port.collections(ME, holding=ids[0])] == ["Foxes"]
    assert list(await port.collections(ME, holding=ids[2])) == []
    for _ in range(2):
        left = await port.remove_from_collection(ME, foxes.collection_id, [ids[1], ids[2]])
        assert (left.generation_count, left.cover) == (1, None)
    assert await scene.shown(foxes) == [0]


async def test_a_cursor_belongs_to_its_collection(scene: Scene) -> None:
    """In another's list, or in all of the library, it leads nowhere."""
    foxes = await scene.collections.create_collection(ME, name="Foxes")
    snow = await scene.collections.create_collection(ME, name="Snow")
    for each in (foxes, snow):
        await scene.collections.add_to_collection(ME, each.collection_id, scene.ids)
    wanted = LibraryFilter(collection_id=foxes.collection_id)
    page = await scene.generations.page(ME, wanted=wanted, cursor=None, limit=1)
    for other in (LibraryFilter(), LibraryFilter(collection_id=snow.collection_id)):
        with pytest.raises(InvalidRequest) as refused:
            await scene.generations.page(ME, wanted=other, cursor=page.next_cursor, limit=1)
        assert [one.field for one in refused.value.fields] == ["cursor"]


async def test_a_deleted_job_is_out_until_that_is_undone(scene: Scene) -> None:
    """It does not count meanwhile; deleted for good it never comes back."""
    foxes = await scene.collections.create_collection(ME, name="Foxes")
    await scene.collections.add_to_collection(ME, foxes.collection_id, scene.ids)
    for deleted, shown in ((True, [2, 1]), (False, [2, 1, 0])):
        await (scene.generations.discard if deleted else scene.generations.restore)(ME, scene.ids[0])
        assert await scene.shown(foxes) == shown
        seen = await scene.collections.collection(ME, foxes.collection_id)
        assert seen.generation_count == len(shown)
    await scene.generations.delete(ME, scene.ids[0])
    assert await scene.shown(foxes) == [2, 1]


async def test_nobody_elses_is_there(scene: Scene) -> None:
    """Neither a collection nor what is in it, whatever one does with the ids; mine stay as they were."""
    port, ids = scene.collections, scene.ids
    foxes = await port.create_collection(ME, name="Foxes")
    before = await port.add_to_collection(ME, foxes.collection_id, ids[:1])
    theirs = await port.create_collection(OTHER, name="Foxes")
    for account, wanted in ((OTHER, foxes.collection_id), (ME, CollectionId("col_1"))):
        calls = (
            port.collection(account, wanted),
            port.rename_collection(account, wanted, name="Mine now"),
            port.delete_collection(account, wanted),
            port.add_to_collection(account, wanted, ids),
            port.remove_from_collection(account, wanted, ids),
            scene.generations.page(account, wanted=LibraryFilter(collection_id=wanted), cursor=None, limit=1),
        )
        for call in calls:
            with pytest.raises(NotFound) as refused:
                await call
            assert refused.value.reason == "COLLECTION_NOT_FOUND"
    for change in (port.add_to_collection, port.remove_from_collection):
        with pytest.raises(NotFound):
            await change(OTHER, theirs.collection_id, ids[:1])
    with pytest.raises(NotFound):
        await port.collections(OTHER, holding=ids[0])
    assert list(await port.collections(OTHER)) == [theirs]
    assert list(await port.collections(ME)) == [before]


async def test_one_that_is_not_there_stops_all_and_is_named(scene: Scene) -> None:
    """Nothing is half done."""
    port, ids = scene.collections, scene.ids
    foxes = await port.create_collection(ME, name="Foxes")
    before = await port.add_to_collection(ME, foxes.collection_id, ids[:1])
    unknown = GenerationId(f"gen_{'9' * 32}")
    for change in (port.add_to_collection, port.remove_from_collection):
        with pytest.raises(NotFound, match=unknown) as refused:
            await change(ME, foxes.collection_id, [*ids, unknown])
        assert (refused.value.reason, ids[0] in refused.value.detail) == ("NOT_FOUND", False)
        for number in (0, 101):
            with pytest.raises(InvalidRequest) as many:
                await change(ME, foxes.collection_id, (ids * 101)[:number])
            assert [one.field for one in many.value.fields] == ["generations"]
    assert await port.collection(ME, foxes.collection_id) == before


async def test_what_cannot_be_a_name_says_why(scene: Scene) -> None:
    """Taken, no name at all, one collection too many."""
    port = scene.collections
    foxes = await port.create_collection(ME, name="Foxes")
    snow = await port.create_collection(ME, name="Snow")
    with pytest.raises(Conflict, match="Foxes") as taken:
        await port.create_collection(ME, name="FOXES")
    assert taken.value.reason == "COLLECTION_NAME_TAKEN"
    with pytest.raises(Conflict) as taken:
        await port.rename_collection(ME, snow.collection_id, name="foxes")
    assert taken.value.reason == "COLLECTION_NAME_TAKEN"
    for name in ("", "  ", "x" * 81, "a\nb"):
        for refusing in (
            port.create_collection(ME, name=name),
            port.rename_collection(ME, snow.collection_id, name=name),
        ):
            with pytest.raises(InvalidRequest) as refused:
                await refusing
            assert [one.field for one in refused.value.fields] == ["name"]
    assert list(await port.collections(ME)) == [foxes, snow]
    for number in range(198):
        await port.create_collection(ME, name=str(number))
    with pytest.raises(Conflict) as full:
        await port.create_collection(ME, name="one more")
    assert full.value.reason == "TOO_MANY_COLLECTIONS"
