"""The library as the gateway needs it: filters, places that belong to them, and favourites."""

from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from contract_support import connect, serve_generation
from gateway.adapters.outbound.grpc_generation import GrpcGenerations
from gateway.adapters.outbound.memory.generation import MemoryGenerations
from gateway.adapters.outbound.memory.ledger import MemoryLedger
from gateway.domain.errors import Conflict, InvalidRequest, NotFound
from gateway.domain.generation import GenerationStatus, LibraryFilter, Modality, NewGeneration
from gateway.ports.generation import Generations
from generation_house import House
from support import HandClock

ME = "usr_me"
PROMPTS = ("A red Füchsin", "blue heron", "red heron, 100% wool", "灯台と海", "another blue heron")


@pytest.fixture(params=["fake", "real"])
async def generations(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Generations:
    """Five jobs of mine: the first was cancelled, the second is a favourite, the third is a film."""
    if request.param == "fake":
        ledger = MemoryLedger(HandClock())
        ledger.grant(ME, 1000)
        made: Generations = MemoryGenerations(HandClock(), ledger)
    else:
        house = House()
        house.ledger.available = 1000
        made = GrpcGenerations(await connect(stack, await serve_generation(stack, house), "gateway"))
    ids = []
    for number, prompt in enumerate(PROMPTS):
        model = "local/motion" if number == 2 else "local/sketch"
        new = NewGeneration(
            model_id=model, input={"prompt": prompt}, metadata={}, idempotency_key=f"k{number}"
        )
        ids.append((await made.create(ME, new))[0].generation_id)
    await made.cancel(ME, ids[0])
    await made.mark_favourite(ME, ids[1], is_favourite=True)
    return made


async def listed(generations: Generations, wanted: LibraryFilter, *, account: str = ME) -> list[int]:
    """The numbers of the prompts that are listed, a page of two at a time."""
    numbers: list[int] = []
    cursor = None
    for _ in range(len(PROMPTS)):
        page = await generations.page(account, wanted=wanted, cursor=cursor, limit=2)
        assert len(page.items) <= 2
        numbers += [PROMPTS.index(job.input["prompt"]) for job in page.items]
        if (cursor := page.next_cursor) is None:
            return numbers
    raise AssertionError("the last page has another")


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (LibraryFilter(), [4, 3, 2, 1, 0]),
        (LibraryFilter(statuses=(GenerationStatus.CANCELLED, GenerationStatus.FAILED)), [0]),
        (LibraryFilter(statuses=(GenerationStatus.QUEUED,)), [4, 3, 2, 1]),
        (LibraryFilter(model_id="local/motion"), [2]),
        (LibraryFilter(modality=Modality.IMAGE), [4, 3, 1, 0]),
        (LibraryFilter(favourites_only=True), [1]),
        (LibraryFilter(search="HERON"), [4, 2, 1]),
        (LibraryFilter(search="heron red"), [2]),
        (LibraryFilter(search="fuchs"), [0]),
        (LibraryFilter(search="海"), [3]),
        (LibraryFilter(search="100% woo"), [2]),
        (LibraryFilter(search="h_ron"), []),
        (LibraryFilter(search="heron", modality=Modality.IMAGE, favourites_only=True), [1]),
    ],
)
async def test_a_filter_is_kept_page_by_page(
    generations: Generations, wanted: LibraryFilter, numbers: list[int]
) -> None:
    """What it admits, newest first, each once; to another user nothing."""
    assert await listed(generations, wanted) == numbers
    assert await listed(generations, wanted, account="usr_other") == []


async def test_dates_are_a_beginning_and_an_end(generations: Generations) -> None:
    """The first moment counts, the last one does not."""
    made_at = (await generations.page(ME, cursor=None, limit=1)).items[0].created_at
    moment = timedelta(microseconds=1)
    assert await listed(generations, LibraryFilter(created_from=made_at, created_before=made_at + moment))
    assert not await listed(generations, LibraryFilter(created_from=made_at + moment))
    assert not await listed(generations, LibraryFilter(created_before=made_at))


async def test_a_cursor_belongs_to_its_filters(generations: Generations) -> None:
    """Under others it is refused, and the refusal says what to do."""
    herons = LibraryFilter(search="heron")
    page = await generations.page(ME, wanted=herons, cursor=None, limit=1)
    for other in (LibraryFilter(), LibraryFilter(search="red")):
        with pytest.raises(InvalidRequest) as refused:
            await generations.page(ME, wanted=other, cursor=page.next_cursor, limit=1)
        assert [(one.field, one.detail) for one in refused.value.fields] == [
            ("cursor", "is from a list with other filters; begin without it")
        ]
    plain = await generations.page(ME, cursor=None, limit=1)
    with pytest.raises(InvalidRequest):
        await generations.page(ME, wanted=herons, cursor=plain.next_cursor, limit=1)


async def test_what_makes_no_sense_is_named(generations: Generations) -> None:
    """By the name that the public surface has for it."""
    made_at = (await generations.page(ME, cursor=None, limit=1)).items[0].created_at
    for wanted, field in (
        (LibraryFilter(search="x" * 201), "search"),
        (LibraryFilter(search="a\x00"), "search"),
        (LibraryFilter(created_from=made_at, created_before=made_at), "to"),
    ):
        with pytest.raises(InvalidRequest) as refused:
            await generations.page(ME, wanted=wanted, cursor=None, limit=1)
        assert [one.field for one in refused.value.fields] == [field]


async def test_a_favourite_is_its_owners(generations: Generations) -> None:
    """Marking is idempotent, and nobody else's business."""
    job = (await generations.page(ME, cursor=None, limit=1)).items[0]
    assert not job.is_favourite
    with pytest.raises(NotFound):
        await generations.mark_favourite("usr_other", job.generation_id, is_favourite=True)
    assert await listed(generations, LibraryFilter(favourites_only=True)) == [1]
    for is_favourite in (True, True, False, False):
        marked = await generations.mark_favourite(ME, job.generation_id, is_favourite=is_favourite)
        assert marked.is_favourite is is_favourite
        assert (await generations.generation(ME, job.generation_id)).is_favourite is is_favourite
        assert await listed(generations, LibraryFilter(favourites_only=True)) == (
            [4, 1] if is_favourite else [1]
        )


async def test_a_deletion_can_be_taken_back(generations: Generations) -> None:
    """Hidden meanwhile, and as it was afterwards; by its owner alone, and only of what has ended."""
    page = await generations.page(ME, cursor=None, limit=9)
    running, *_, ended = [job.generation_id for job in page.items]
    before = await generations.generation(ME, ended)
    with pytest.raises(Conflict):
        await generations.discard(ME, running)
    for call in (generations.discard, generations.restore):
        with pytest.raises(NotFound):
            await call("usr_other", ended)
    until = await generations.discard(ME, ended)
    assert await generations.discard(ME, ended) == until > before.created_at
    with pytest.raises(NotFound):
        await generations.generation(ME, ended)
    with pytest.raises(NotFound):
        await generations.restore("usr_other", ended)
    assert await listed(generations, LibraryFilter()) == [4, 3, 2, 1]
    for _ in range(2):
        assert await generations.restore(ME, ended) == before
    assert await listed(generations, LibraryFilter()) == [4, 3, 2, 1, 0]
