"""The event feed over a real NATS: nothing lost, nothing twice."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import cast

import pytest
from chassis import nats
from chassis.publisher import Publisher
from embedded.testing import NatsLogin
from event_producers import ADA, BOB, Producers, running_feed
from gateway.adapters.outbound import nats_event_feed
from gateway.adapters.outbound.nats_event_feed import NatsEventFeed
from gateway.domain.event import BalanceChanged, Cursor, Delivery, GenerationMoved


def following(feed: NatsEventFeed, after: Cursor | None = None) -> AsyncGenerator[Delivery, None]:
    """One connection of Ada's."""
    return cast(AsyncGenerator[Delivery, None], feed.follow(ADA, after))


async def facts(deliveries: AsyncIterator[Delivery], count: int) -> list[Delivery]:
    """The next deliveries that carry a fact."""
    found: list[Delivery] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            delivery = await anext(deliveries)
            if delivery.fact is not None:
                found.append(delivery)
    return found


def sequences(deliveries: list[Delivery]) -> list[int]:
    """Which balances came."""
    return [one.fact.balance.sequence for one in deliveries if isinstance(one.fact, BalanceChanged)]


async def read_up_to(feed: NatsEventFeed, position: int) -> None:
    """Return once the live reader is past a position of the ledger's stream."""
    async with asyncio.timeout(10):
        while True:
            # Whoever listens may itself be let go for being slow, and listens again.
            async with aclosing(following(feed)) as deliveries:
                async for delivery in deliveries:
                    if delivery.cursor.ledger >= position:
                        return


async def test_live_facts_of_this_account_only(feed: NatsEventFeed, producers: Producers) -> None:
    """A follower hears its own account from now on, and nobody else's."""
    async with aclosing(following(feed)) as deliveries:
        start = await anext(deliveries)
        await producers.grant(7, BOB)
        await producers.grant(2)
        await producers.progress(0.5)
        heard = await facts(deliveries, 2)
    assert start.fact is None
    assert sequences(heard) == [2]
    moved = [one.fact for one in heard if isinstance(one.fact, GenerationMoved)]
    assert [one.progress for one in moved] == [0.5]


async def test_resumes_without_gap_or_repeat(feed: NatsEventFeed, producers: Producers) -> None:
    """A follower that comes back with its cursor gets what it missed, then what happens, each once."""
    async with aclosing(following(feed)) as deliveries:
        await anext(deliveries)
        await producers.grant(1)
        last = (await facts(deliveries, 1))[0].cursor
    for sequence in range(2, 30):
        await producers.grant(sequence)
        await producers.grant(sequence, BOB)
        await producers.progress(sequence / 100)
    async with aclosing(following(feed, last)) as deliveries:
        # What happens while it catches up must come after, once.
        late = asyncio.create_task(producers.grant(30))
        heard = await facts(deliveries, 28 + 28 + 1)
        await late
        nothing = await asyncio.wait_for(anext(deliveries), 5)
    assert sequences(heard) == list(range(2, 31))
    moved = [one.fact.progress for one in heard if isinstance(one.fact, GenerationMoved)]
    assert moved == [sequence / 100 for sequence in range(2, 30)]
    assert nothing.fact is None
    # And from any place in between, the rest.
    middle = heard[10]
    async with aclosing(following(feed, middle.cursor)) as deliveries:
        rest = await facts(deliveries, len(heard) - 11)
    assert [one.fact for one in rest if isinstance(one.fact, GenerationMoved)] == [
        one.fact for one in heard[11:] if isinstance(one.fact, GenerationMoved)
    ]
    assert sequences(rest) == sequences(heard[11:])


async def test_the_id_of_a_quiet_stream_moves_on(feed: NatsEventFeed, producers: Producers) -> None:
    """A heartbeat carries a position past other accounts' facts, so that resuming need not skip them."""
    async with aclosing(following(feed)) as deliveries:
        start = (await anext(deliveries)).cursor
        await producers.grant(5, BOB)
        async with asyncio.timeout(10):
            while (beat := await anext(deliveries)).cursor.ledger == start.ledger:
                assert beat.fact is None
    assert beat.cursor == replace(start, ledger=start.ledger + 1)


async def test_a_slow_reader_is_let_go_and_resumes(
    feed: NatsEventFeed, producers: Producers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A queue has an end; the reader that filled it comes back for the rest."""
    monkeypatch.setattr(nats_event_feed, "QUEUE_MAX", 3)
    async with aclosing(following(feed)) as deliveries:
        start = (await anext(deliveries)).cursor
        for sequence in range(1, 9):
            await producers.grant(sequence)
        await read_up_to(feed, start.ledger + 8)
        heard = [delivery async for delivery in deliveries if delivery.fact is not None]
    assert sequences(heard) == [1, 2, 3]
    async with aclosing(following(feed, heard[-1].cursor)) as deliveries:
        assert sequences(await facts(deliveries, 5)) == [4, 5, 6, 7, 8]


async def test_a_cursor_of_streams_that_are_gone(feed: NatsEventFeed, producers: Producers) -> None:
    """A cursor beyond the end, from before everything was made anew, starts at the end."""
    async with aclosing(following(feed, Cursor(ledger=900, generation=900))) as deliveries:
        start = (await anext(deliveries)).cursor
        await producers.grant(1)
        assert sequences(await facts(deliveries, 1)) == [1]
    assert start.ledger == 0


async def test_streams_that_are_made_later(
    nats_account: Callable[[str], NatsLogin], nats_server: str
) -> None:
    """The gateway may start before the producers have made their streams, and misses nothing."""
    nats_account("gateway")
    async with running_feed(nats_server) as feed, aclosing(following(feed)) as deliveries:
        await anext(deliveries)
        login = nats_account("ledger")
        connection = await nats.connect(login.url, user=login.user, password=login.password, name="t")
        await nats.ensure_stream(connection.jetstream(), "ledger")
        await Producers({"ledger": Publisher(connection.jetstream())}).grant(1)
        assert sequences(await facts(deliveries, 1)) == [1]
        await connection.close()
