"""What the gateway needs of chats, by its own port: its fake and the real thing."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass

import pytest
from contract_support import connect, serve_interactive
from gateway.adapters.outbound.grpc_interactive import UNREAD_MAX_BYTES, GrpcInteractiveGenerations
from gateway.adapters.outbound.memory.generation import MemoryGenerations
from gateway.adapters.outbound.memory.interactive import MemoryInteractiveGenerations
from gateway.adapters.outbound.memory.ledger import MemoryLedger
from gateway.adapters.outbound.memory.models import _model
from gateway.domain.chat import ChatAccepted, ChatChunk, ChatEnded, ChatEvent, NewChat
from gateway.domain.errors import InsufficientCredits, NotFound
from gateway.domain.generation import Failure, GenerationStatus, Modality
from gateway.domain.identifiers import ModelId, UserId
from gateway.ports.interactive_generations import InteractiveGenerations
from generation.adapters.outbound.memory_chats import broken
from generation_house import ACCOUNT, House
from interactive_house import Interactive
from support import HandClock

ME = UserId(str(ACCOUNT))
DELTAS = [{"choices": [{"index": 0, "delta": {"content": word}}]} for word in ("Foxes ", "run.")]


@dataclass
class Side:
    """One side, and how a test moves it."""

    chats: InteractiveGenerations
    model: ModelId
    fake: MemoryInteractiveGenerations | None = None
    real: Interactive | None = None

    def break_off(self) -> None:
        """Let answers break off after their first words."""
        if self.fake:
            self.fake.broken_off = Failure(reason="PROVIDER_FAILED", detail="it broke")
        if self.real:
            self.real.openai.scripts = [["Foxes ", "run.", broken()]]

    def say(self, words: list[str]) -> None:
        """Let answers have these words."""
        if self.fake:
            self.fake.chunks = [{"choices": [{"index": 0, "delta": {"content": word}}]} for word in words]
        if self.real:
            self.real.openai.scripts = [words]

    def said(self) -> int:
        """How many words were asked for by now."""
        return len(self.real.openai.streams[0].said) if self.real else self.fake.taken if self.fake else 0

    def stand_still(self) -> None:
        """Let answers stand still after their first words."""
        if self.fake:
            self.fake.pause = asyncio.Event()
        if self.real:
            self.real.openai.scripts = [["Foxes ", "run.", asyncio.Event()]]

    def spend(self) -> None:
        """Leave no credits."""
        if self.fake:
            self.fake.generations.ledger.lots.clear()
            self.fake.generations.ledger.journal.clear()
        if self.real:
            self.real.house.ledger.available = 0

    async def has_stopped(self) -> None:
        """Return once nothing runs any more."""
        async with asyncio.timeout(30):
            if self.fake:
                assert self.fake.left
            while self.real and not all(stream.is_closed for stream in self.real.openai.streams):
                await asyncio.sleep(0.01)


@pytest.fixture(params=["fake", "real"])
async def side(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Side:
    """Each with credits for me."""
    if request.param == "fake":
        ledger = MemoryLedger(HandClock())
        ledger.grant(ME, 1000)
        generations = MemoryGenerations(HandClock(), ledger)
        generations.more_models.append(_model("chat", Modality.TEXT, "token", 2))
        fake = MemoryInteractiveGenerations(generations, chunks=DELTAS, answer=DELTAS[0])
        return Side(chats=fake, model=ModelId("local/chat"), fake=fake)
    house = House()
    house.ledger.available = 1000
    real = Interactive(house)
    target = await serve_interactive(stack, real)
    chats = GrpcInteractiveGenerations(
        await connect(stack, target, "gateway", unread_max_bytes=UNREAD_MAX_BYTES)
    )
    return Side(chats=chats, model=ModelId("openai/chat"), real=real)


def new(
    side: Side, *, key: str | None = "k", is_streamed: bool = True, model: ModelId | None = None
) -> NewChat:
    """A request."""
    chat = {"messages": [{"role": "user", "content": "Tell me of foxes."}], "max_tokens": 100}
    return NewChat(
        model_id=model or side.model,
        chat=json.dumps(chat).encode(),
        is_streamed=is_streamed,
        idempotency_key=key,
        metadata={"album": "foxes"},
    )


def contents(chunk: ChatChunk) -> list[bytes]:
    """What came, together or not."""
    return [chunk.content, *chunk.further]


async def told(side: Side, request: NewChat) -> list[ChatEvent]:
    """All that comes of a chat."""
    async with asyncio.timeout(30), aclosing(side.chats.run(ME, request)) as events:
        return [event async for event in events]


async def test_it_is_accepted_told_and_ended(side: Side) -> None:
    """In this order; the chunks are JSON, and the end says what it cost."""
    first, *chunks, last = await told(side, new(side))
    assert isinstance(first, ChatAccepted)
    assert first.generation.metadata == {"album": "foxes"}
    words = [json.loads(text) for one in chunks if isinstance(one, ChatChunk) for text in contents(one)]
    assert "".join(one["choices"][0]["delta"]["content"] for one in words) == "Foxes run."
    assert all(isinstance(one, ChatChunk) for one in chunks)
    assert isinstance(last, ChatEnded)
    assert (last.generation.generation_id, last.generation.status, last.broken_off) == (
        first.generation.generation_id,
        GenerationStatus.SUCCEEDED,
        None,
    )
    assert last.generation.credits_charged > 0


async def test_the_same_key_is_answered_again(side: Side) -> None:
    """By one chunk, and as a job that had ended already; nothing is charged again."""
    *_, ended = await told(side, new(side))
    first, chunk, again = await told(side, new(side))
    assert isinstance(first, ChatAccepted)
    assert isinstance(chunk, ChatChunk)
    assert isinstance(again, ChatEnded)
    assert isinstance(ended, ChatEnded)
    assert first.generation.status is GenerationStatus.SUCCEEDED
    assert again.generation.generation_id == ended.generation.generation_id
    assert again.generation.credits_charged == ended.generation.credits_charged


async def test_without_a_key_each_is_a_chat_of_its_own(side: Side) -> None:
    """Nobody can ask for one of them again."""
    ended = [(await told(side, new(side, key=None)))[-1] for _ in range(2)]
    assert all(isinstance(end, ChatEnded) for end in ended)
    assert len({end.generation.generation_id for end in ended if isinstance(end, ChatEnded)}) == 2


async def test_what_is_refused(side: Side) -> None:
    """Before anything comes: a model that is not there, and too few credits."""
    with pytest.raises(NotFound) as unknown:
        await told(side, new(side, model=ModelId("local/nothing")))
    assert unknown.value.reason == "UNKNOWN_MODEL"
    side.spend()
    with pytest.raises(InsufficientCredits):
        await told(side, new(side, key="poor"))


async def test_what_breaks_off_says_so(side: Side) -> None:
    """The end names why; what came is there."""
    side.break_off()
    *chunks, last = await told(side, new(side))
    first, *chunks = chunks
    assert isinstance(first, ChatAccepted)
    assert len([text for one in chunks if isinstance(one, ChatChunk) for text in contents(one)]) == 2
    assert isinstance(last, ChatEnded)
    assert last.broken_off is not None
    assert last.broken_off.reason == "PROVIDER_FAILED"


async def test_whoever_closes_it_stops_it(side: Side) -> None:
    """Nobody goes on for nobody."""
    side.stand_still()
    async with asyncio.timeout(30):
        events = side.chats.run(ME, new(side))
        assert isinstance(await anext(events), ChatAccepted)
        assert isinstance(await anext(events), ChatChunk)
        await events.aclose()
    await side.has_stopped()


async def test_whoever_crawls_leaves_little_on_the_way(side: Side) -> None:
    """What is not read is not asked of the provider, however long the answer is; then it goes on."""
    word, words = "w" * 2_000, 4_000
    side.say([word] * words)
    async with asyncio.timeout(60), aclosing(side.chats.run(ME, new(side))) as events:
        assert isinstance(await anext(events), ChatAccepted)
        heard = len(contents(await next_chunk(events)))
        before = -1
        while before < (before := side.said()):
            # There is nothing to be told of: nobody is asked for more, or somebody is.
            await asyncio.sleep(0.3)
        assert before * len(word) <= 6 * UNREAD_MAX_BYTES
        while heard < words:
            heard += len(contents(await next_chunk(events)))
        assert isinstance(await anext(events), ChatEnded)


async def next_chunk(events: AsyncGenerator[ChatEvent, None]) -> ChatChunk:
    """What comes next, which is no end."""
    event = await anext(events)
    assert isinstance(event, ChatChunk)
    return event
