"""What the gateway needs of pictures that are shown while they are made: its fake and the real thing."""

import asyncio
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace

import pytest
from contract_support import connect, serve_interactive
from gateway.adapters.outbound.grpc_interactive import UNREAD_MAX_BYTES, GrpcInteractiveGenerations
from gateway.adapters.outbound.memory.generation import MemoryGenerations
from gateway.adapters.outbound.memory.interactive import MemoryInteractiveGenerations
from gateway.adapters.outbound.memory.ledger import MemoryLedger
from gateway.domain.errors import Conflict, GatewayError, InsufficientCredits, InvalidRequest, NotFound
from gateway.domain.generation import GenerationStatus, NewGeneration
from gateway.domain.identifiers import ModelId, UserId
from gateway.domain.preview import PictureTokens, Preview, PreviewEvent, PreviewsAccepted, PreviewsOver
from gateway.ports.interactive_generations import InteractiveGenerations
from generation.domain import token_usage
from generation.ports.media_provider import RunReport, RunState
from generation_house import ACCOUNT, House, success
from interactive_house import Interactive
from previews_house import MODEL, Previewed, ShowingProvider
from support import HandClock

ME = UserId(str(ACCOUNT))
TOKENS = PictureTokens(text=3, image=0, output=472)


@dataclass
class Side:
    """One side, and how a test moves it."""

    shows: InteractiveGenerations
    model: ModelId
    fake: MemoryInteractiveGenerations | None = None
    real: Previewed | None = None
    provider: ShowingProvider | None = None

    def stand_still(self) -> None:
        """Let no picture come."""
        if self.fake:
            self.fake.pause = asyncio.Event()
            self.fake.generations.ends_at_once = None
        if self.provider:
            self.provider.reports = [RunReport(RunState.RUNNING)]

    def spend(self) -> None:
        """Leave no credits."""
        if self.fake:
            self.fake.generations.ledger.lots.clear()
            self.fake.generations.ledger.journal.clear()
        if self.real:
            self.real.house.ledger.available = 0

    def statuses(self) -> list[str]:
        """How its generations stand."""
        jobs = self.fake.generations.jobs if self.fake else {}
        stored = self.real.house.units.tables.generations if self.real else {}
        return [job.status.value for job in [*jobs.values(), *stored.values()]]


@pytest.fixture(params=["fake", "real"])
async def side(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Side:
    """Each with credits for me."""
    if request.param == "fake":
        ledger = MemoryLedger(HandClock())
        ledger.grant(ME, 1000)
        generations = MemoryGenerations(HandClock(), ledger)
        generations.ends_at_once = GenerationStatus.SUCCEEDED
        fake = MemoryInteractiveGenerations(generations, previews=[b"one", b"two"], tokens=TOKENS)
        return Side(shows=fake, model=ModelId("local/sketch"), fake=fake)
    counted = token_usage.PictureTokens(text=3, image=0, output=472)
    provider = ShowingProvider(reports=[replace(success(b"whole"), picture_tokens=counted)])
    house = House(provider=provider)
    house.ledger.available = 1000
    real = Previewed(house)
    target = await serve_interactive(stack, Interactive(house), real)
    await stack.enter_async_context(real.running())
    shows = GrpcInteractiveGenerations(
        await connect(stack, target, "gateway", unread_max_bytes=UNREAD_MAX_BYTES)
    )
    return Side(shows=shows, model=ModelId(MODEL), real=real, provider=provider)


def new(side: Side, *, key: str = "k", **changes: object) -> NewGeneration:
    """A request."""
    asked = NewGeneration(
        model_id=side.model, input={"prompt": "a heron"}, metadata={"album": "birds"}, idempotency_key=key
    )
    return replace(asked, **changes)  # type: ignore[arg-type]


async def told(side: Side, request: NewGeneration, *, previews_max: int = 2) -> list[PreviewEvent]:
    """All that comes of it."""
    shown = side.shows.preview(ME, request, previews_max=previews_max)
    async with asyncio.timeout(30), aclosing(shown) as events:
        return [event async for event in events]


async def test_it_is_accepted_shown_and_over(side: Side) -> None:
    """In this order, numbered; the end says what was counted."""
    first, *previews, last = await told(side, new(side))
    assert isinstance(first, PreviewsAccepted)
    assert (first.is_replayed, first.generation.metadata) == (False, {"album": "birds"})
    assert [(one.index, one.content) for one in previews if isinstance(one, Preview)] == [
        (0, b"one"),
        (1, b"two"),
    ]
    assert all(one.media_type.startswith("image/") and one.width for one in previews)  # type: ignore[union-attr]
    assert last == PreviewsOver(tokens=TOKENS)


async def test_the_same_key_is_one_generation(side: Side) -> None:
    """Which is not shown again."""
    first, *_ = await told(side, new(side))
    again, over = await told(side, new(side))
    assert isinstance(first, PreviewsAccepted)
    assert isinstance(again, PreviewsAccepted)
    assert again.is_replayed
    assert again.generation.generation_id == first.generation.generation_id
    assert over == PreviewsOver(tokens=None)
    assert len(side.statuses()) == 1


async def test_what_is_refused(side: Side) -> None:
    """Before anything comes: a model that is not there, an input that is wrong, too few credits."""
    refusals: list[tuple[dict[str, object], type[GatewayError], str]] = [
        ({"model_id": ModelId("local/nothing")}, NotFound, "UNKNOWN_MODEL"),
        ({"input": {"prompt": "a heron", "ratio": "9:1"}}, InvalidRequest, "INVALID_INPUT"),
    ]
    for changes, refusal, reason in refusals:
        with pytest.raises(refusal) as refused:
            await told(side, new(side, **changes))
        assert refused.value.reason == reason
    assert side.statuses() == []
    side.spend()
    with pytest.raises(InsufficientCredits):
        await told(side, new(side, key="poor"))


async def test_whoever_leaves_changes_nothing(side: Side) -> None:
    """The generation goes on."""
    side.stand_still()
    async with asyncio.timeout(30):
        events = side.shows.preview(ME, new(side), previews_max=2)
        assert isinstance(await anext(events), PreviewsAccepted)
        assert isinstance(await anext(events), Preview)
        await events.aclose()
    assert side.statuses() in (["queued"], ["processing"])


async def test_what_nobody_shows(side: Side) -> None:
    """Has a name, and nothing is begun."""
    if side.fake:
        side.fake.previews = None
    elsewhere = new(side, model_id=ModelId("local/sketch"))
    with pytest.raises(Conflict) as refused:
        await told(side, elsewhere)
    assert refused.value.reason == "PREVIEWS_NOT_OFFERED"
    assert side.statuses() == []
