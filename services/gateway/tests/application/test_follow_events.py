"""What a connection is told: news only, in the right order, as long as its proof holds."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta
from typing import cast

import pytest
from gateway.adapters.outbound.memory.event_feed import MemoryEventFeed
from gateway.application.follow_events import FollowEvents
from gateway.domain.credits import Balance
from gateway.domain.errors import RateLimited
from gateway.domain.event import (
    BalanceChanged,
    ClientEvent,
    Cursor,
    Fact,
    GenerationMoved,
    GenerationUpdate,
    Stream,
)
from gateway.domain.generation import GenerationStatus
from gateway.domain.user import Principal, Role, UserId
from gateway_world import Door

JOB = "gen_" + "c" * 32


def balance(sequence: int) -> BalanceChanged:
    """A balance with this sequence."""
    return BalanceChanged(
        balance=Balance(
            available=sequence,
            held=0,
            debt=0,
            subscription=0,
            promotional=0,
            paid=0,
            next_expiry=None,
            sequence=sequence,
        )
    )


def moved(status: GenerationStatus, progress: float = 0.0, **more: int) -> GenerationMoved:
    """A job that came further."""
    return GenerationMoved(
        generation_id=more.pop("job", JOB),  # type: ignore[arg-type]
        status=status,
        progress=progress,
        reserved_credits=more.get("reserved"),
        charged_credits=more.get("charged"),
    )


@pytest.fixture
def ada(door: Door) -> Principal:
    """A caller whose proof holds for a minute."""
    return Principal(
        user_id=UserId("usr_ada"),
        email="a@b.co",
        role=Role.USER,
        expires_at=door.clock.now() + timedelta(minutes=1),
    )


@pytest.fixture
def feed() -> MemoryEventFeed:
    """A feed that tests write."""
    return MemoryEventFeed(heartbeat_s=0.05)


@pytest.fixture
def follow(door: Door, feed: MemoryEventFeed) -> FollowEvents:
    """The use case over the feed."""
    return FollowEvents(feed, door.world.generations, door.clock, streams_per_user_max=1)


async def told(
    follow: FollowEvents,
    feed: MemoryEventFeed,
    ada: Principal,
    facts: list[tuple[Stream, Fact]],
    **more: Cursor,
) -> list[ClientEvent]:
    """What a connection is told of these facts."""
    for stream, fact in facts:
        await feed.append(ada.user_id, stream, fact)
    found = []
    events = cast(AsyncGenerator[ClientEvent, None], follow(ada, more.get("after", Cursor())))
    async with asyncio.timeout(5), aclosing(events):
        async for event in events:
            found.append(event)
            positions = sum(event.cursor.position(stream) for stream in Stream)
            if positions == len(facts):
                return [one for one in found if one.told is not None]
    raise AssertionError("the stream ended")


async def test_no_older_balance(follow: FollowEvents, feed: MemoryEventFeed, ada: Principal) -> None:
    """A balance older than the one shown is left out, over reconnects too."""
    facts: list[tuple[Stream, Fact]] = [(Stream.LEDGER, balance(n)) for n in (2, 1, 3, 3, 2)]
    events = await told(follow, feed, ada, facts)
    assert [one.told.sequence for one in events if isinstance(one.told, Balance)] == [2, 3]
    again = [one async for one in _some(follow, ada, Cursor(ledger=1, balance=3), 4)]
    assert [one.told for one in again] == [None] * 4


async def _some(
    follow: FollowEvents, ada: Principal, after: Cursor, count: int
) -> AsyncGenerator[ClientEvent, None]:
    events = cast(AsyncGenerator[ClientEvent, None], follow(ada, after))
    async with aclosing(events):
        for _ in range(count):
            yield await anext(events)


async def test_no_step_back(follow: FollowEvents, feed: MemoryEventFeed, ada: Principal) -> None:
    """A job's states only move on, whatever order they come in; the end is told once."""
    facts: list[tuple[Stream, Fact]] = [
        (Stream.GENERATION, moved(GenerationStatus.PROCESSING, 0.4)),
        (Stream.GENERATION, moved(GenerationStatus.QUEUED, reserved=20)),
        (Stream.GENERATION, moved(GenerationStatus.PROCESSING, 0.2)),
        (Stream.GENERATION, moved(GenerationStatus.SUCCEEDED, 1.0, charged=15)),
        (Stream.GENERATION, moved(GenerationStatus.PROCESSING, 0.9)),
        (Stream.GENERATION, moved(GenerationStatus.SUCCEEDED, 1.0, charged=15)),
    ]
    events = await told(follow, feed, ada, facts)
    assert [one.told for one in events] == [
        GenerationUpdate(
            generation_id=JOB,
            status=GenerationStatus.PROCESSING,
            progress=0.4,
            # Nobody said, and generation knows no such job.
            reserved_credits=None,
            charged_credits=0,
            refunded_credits=0,
        ),
        GenerationUpdate(
            generation_id=JOB,
            status=GenerationStatus.SUCCEEDED,
            progress=1.0,
            reserved_credits=20,
            charged_credits=15,
            refunded_credits=5,
        ),
    ]


async def test_learns_what_was_reserved(
    follow: FollowEvents, feed: MemoryEventFeed, ada: Principal, door: Door
) -> None:
    """A connection that came too late to hear the price asks for it."""
    user_id = await door.sign_up(welcome_credits=100)
    job = (await door.generate()).json()["id"]
    ended = GenerationMoved(generation_id=job, status=GenerationStatus.FAILED, progress=0.0)
    owner = Principal(user_id=UserId(user_id), email="", role=Role.USER, expires_at=ada.expires_at)
    events = await told(follow, feed, owner, [(Stream.GENERATION, ended)])
    update = events[0].told
    assert isinstance(update, GenerationUpdate)
    assert (update.reserved_credits, update.charged_credits, update.refunded_credits) == (5, 0, 5)


async def test_ends_with_the_proof(
    follow: FollowEvents, feed: MemoryEventFeed, ada: Principal, door: Door
) -> None:
    """When the token expires the stream ends, with nothing told after."""
    events = cast(AsyncGenerator[ClientEvent, None], follow(ada, None))
    await anext(events)
    door.clock.pass_(minutes=2)
    await feed.append(ada.user_id, Stream.LEDGER, balance(1))
    async with asyncio.timeout(5):
        assert [one async for one in events] == []


async def test_bounded_connections(follow: FollowEvents, ada: Principal) -> None:
    """One more stream than allowed is refused, and a closed one makes room."""
    events = cast(AsyncGenerator[ClientEvent, None], follow(ada, None))
    await anext(events)
    with pytest.raises(RateLimited):
        await anext(follow(ada, None))
    await events.aclose()
    again = cast(AsyncGenerator[ClientEvent, None], follow(ada, None))
    await anext(again)
    await again.aclose()


@pytest.mark.parametrize(
    "text", ["", "1", "L1-G2-B3", "L1-G2-B3-S4x", "L-1-G2-B3-S4", "L" + "9" * 40 + "-G1-B1-S1"]
)
def test_cursors_that_are_none(text: str) -> None:
    """Anything but a cursor of ours starts afresh."""
    assert Cursor.parse(text) is None


def test_a_cursor_survives_its_text() -> None:
    """A cursor is the same after it was an event's id."""
    cursor = Cursor(ledger=12, generation=40, billing=3, balance=57)
    assert str(cursor) == "L12-G40-B3-S57"
    assert Cursor.parse(str(cursor)) == cursor
