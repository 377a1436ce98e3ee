"""The event feed over a real NATS: nothing lost, nothing twice."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast
from unittest.mock import AsyncMock

import pytest
from chassis import nats
from chassis.events import event
from chassis.publisher import Publisher
from embedded.nats_permissions import ADMIN
from embedded.tcp_proxy import Link, TcpProxy
from embedded.testing import NatsLogin, nats_password
from event_producers import ADA, BOB, Producers, running_feed
from gateway.adapters.outbound import nats_event_feed, nats_streams
from gateway.adapters.outbound.nats_event_feed import NatsEventFeed
from gateway.adapters.outbound.nats_streams import MessagesLost, reading, sequence_of
from gateway.domain.event import BalanceChanged, Cursor, Delivery, GenerationMoved, Place, Position, Stream
from nats.js.api import ConsumerInfo
from nats.js.errors import NotFoundError
from tintype.ledger.v1.events_pb2 import CreditsGranted
from tintype.ledger.v1.ledger_pb2 import Balance


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


def number_of(delivery: Delivery, stream: Stream) -> int:
    """How far a delivery says that a stream was read."""
    cursor = delivery.cursor
    if isinstance(cursor, Position):
        return cursor.numbers.get(stream, 0)
    return cursor.sequence if cursor.stream == stream else 0


async def read_up_to(feed: NatsEventFeed, position: int) -> None:
    """Return once the live reader is past a position of the ledger's stream."""
    async with asyncio.timeout(10):
        while True:
            # Whoever listens may itself be let go for being slow, and listens again.
            async with aclosing(following(feed)) as deliveries:
                async for delivery in deliveries:
                    if number_of(delivery, Stream.LEDGER) >= position:
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


async def test_a_fact_that_claims_to_be_another_is_not_told(
    feed: NatsEventFeed, producers: Producers
) -> None:
    """A balance under generation's own subject, and Ada's under Bob's: nobody hears of them."""
    granted = CreditsGranted(account_id=ADA, balance=Balance(available=10**6, sequence=99))
    forged = event(granted, account=ADA, event_id="evt_forged", time=datetime.now(UTC))
    progressed = f"tintype.generation.v1.generation_progressed.{ADA}"
    async with aclosing(following(feed)) as deliveries:
        await anext(deliveries)
        await producers.send("generation", forged._replace(subject=progressed))
        await producers.grant(2)
        assert sequences(await facts(deliveries, 1)) == [2]
    async with aclosing(cast(AsyncGenerator[Delivery, None], feed.follow(BOB, None))) as others:
        await anext(others)
        await producers.send("ledger", forged._replace(subject=forged.subject.replace(ADA, BOB)))
        await producers.grant(3, BOB)
        assert sequences(await facts(others, 1)) == [3]


async def test_resumes_without_gap_or_repeat(feed: NatsEventFeed, producers: Producers) -> None:
    """A follower that comes back with its cursor gets what it missed, then what happens, each once."""
    async with aclosing(following(feed)) as deliveries:
        await producers.grant(1)
        while number_of(beat := await anext(deliveries), Stream.LEDGER) < 1 or beat.fact is not None:
            pass
        last = beat.cursor
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
    assert not any(one.maybe_seen for one in heard)


async def test_resumes_after_any_place(feed: NatsEventFeed, producers: Producers) -> None:
    """After each fact the rest of its stream comes once, and nothing of the other stream is lost."""
    async with aclosing(following(feed)) as deliveries:
        start = await anext(deliveries)
        for sequence in range(1, 8):
            await producers.grant(sequence)
            await producers.progress(sequence / 10)
        live = await facts(deliveries, 14)
    async with aclosing(following(feed, start.cursor)) as deliveries:
        # By time, and with the same places as when it was live.
        again = await facts(deliveries, 14)
    assert [one.cursor.at_ms for one in again] == sorted(one.cursor.at_ms for one in again)
    assert {one.cursor: one.fact for one in again} == {one.cursor: one.fact for one in live}
    for number, left_after in enumerate(again):
        missed = again[number + 1 :]
        heard: list[Delivery] = []
        async with aclosing(following(feed, left_after.cursor)) as deliveries:
            async with asyncio.timeout(10):
                await anext(deliveries)
                while (delivery := await anext(deliveries)).fact is not None:
                    heard.append(delivery)
        certain = [one for one in heard if not one.maybe_seen]
        place = left_after.cursor
        assert isinstance(place, Place)
        assert all(one in [*certain, *(replace(two, maybe_seen=False) for two in heard)] for one in missed)
        assert all(one in missed for one in certain)
        same_stream = [
            one for one in heard if isinstance(one.cursor, Place) and one.cursor.stream == place.stream
        ]
        assert [one.cursor.sequence for one in same_stream if isinstance(one.cursor, Place)] == list(
            range(place.sequence + 1, 8)
        )


async def test_a_process_that_lags_waits_for_itself(feed: NatsEventFeed, producers: Producers) -> None:
    """A client that comes from a process that has read further goes on where it was."""
    async with aclosing(following(feed)) as deliveries:
        start = await anext(deliveries)
    assert isinstance(start.cursor, Position)
    ahead = replace(start.cursor, numbers={**start.cursor.numbers, Stream.LEDGER: 1})
    late = asyncio.create_task(producers.grant(1))
    async with aclosing(following(feed, ahead)) as deliveries:
        assert not (await anext(deliveries)).is_fresh
        await producers.grant(2)
        assert sequences(await facts(deliveries, 1)) == [2]
    await late


async def test_a_cursor_that_is_too_old_is_not_followed(feed: NatsEventFeed, producers: Producers) -> None:
    """What was missed in days may be gone: the reader is told that it starts at now."""
    await producers.grant(1)
    await read_up_to(feed, 1)
    for old in (Position(numbers={}, at_ms=1), Place(stream=Stream.LEDGER, sequence=1, at_ms=1)):
        async with aclosing(following(feed, old)) as deliveries:
            start = await anext(deliveries)
        assert start.is_fresh
        assert number_of(start, Stream.LEDGER) == 1


async def test_nobody_is_told_what_another_reader_is_far_behind(
    feed: NatsEventFeed, producers: Producers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one stream's reader stuck clients are let go: no place covers what it has yet to read."""
    async with aclosing(following(feed)) as deliveries:
        await anext(deliveries)
        monkeypatch.setattr(nats_event_feed, "LAG_MAX_S", -3600.0)
        await producers.grant(1)
        async with asyncio.timeout(10):
            assert [one.fact async for one in deliveries if one.fact] == []


async def test_the_id_of_a_quiet_stream_moves_on(feed: NatsEventFeed, producers: Producers) -> None:
    """A heartbeat carries a position past other accounts' facts, so that resuming need not skip them."""
    async with aclosing(following(feed)) as deliveries:
        start = await anext(deliveries)
        await producers.grant(5, BOB)
        before = number_of(start, Stream.LEDGER)
        async with asyncio.timeout(10):
            while number_of(beat := await anext(deliveries), Stream.LEDGER) == before:
                assert beat.fact is None
    assert beat.fact is None
    assert number_of(beat, Stream.LEDGER) == before + 1


async def test_a_slow_reader_is_let_go_and_resumes(
    feed: NatsEventFeed, producers: Producers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A queue has an end; the reader that filled it comes back for the rest."""
    monkeypatch.setattr(nats_event_feed, "QUEUE_MAX", 3)
    async with aclosing(following(feed)) as deliveries:
        start = await anext(deliveries)
        for sequence in range(1, 9):
            await producers.grant(sequence)
        await read_up_to(feed, number_of(start, Stream.LEDGER) + 8)
        heard = [delivery async for delivery in deliveries if delivery.fact is not None]
    assert sequences(heard) == [1, 2, 3]
    async with aclosing(following(feed, heard[-1].cursor)) as deliveries:
        assert sequences(await facts(deliveries, 5)) == [4, 5, 6, 7, 8]


async def test_a_cursor_of_streams_that_are_gone(
    feed: NatsEventFeed, producers: Producers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cursor beyond the end, from before everything was made anew, starts at the end, and says so."""
    monkeypatch.setattr(nats_event_feed, "START_WAIT_S", 0.1)
    gone = Position(numbers={Stream.LEDGER: 900}, at_ms=2**50, balance=900)
    async with aclosing(following(feed, gone)) as deliveries:
        start = await anext(deliveries)
        await producers.grant(1)
        assert sequences(await facts(deliveries, 1)) == [1]
    assert start.is_fresh
    assert number_of(start, Stream.LEDGER) == 0


@asynccontextmanager
async def consumers(url: str) -> AsyncIterator[Callable[[], Awaitable[list[ConsumerInfo]]]]:
    """What the broker says of those that read the ledger's stream."""
    admin = await nats.connect(url, user=ADMIN, password=nats_password(ADMIN), name="t")
    jetstream = admin.jsm()

    async def told() -> list[ConsumerInfo]:
        return await jetstream.consumers_info("LEDGER")

    yield told
    await admin.close()


async def lost_on_the_way(proxy: TcpProxy, producers: Producers, url: str, *sequences: int) -> None:
    """Balances that the broker sends into a connection that breaks before they come."""
    async with consumers(url) as told, asyncio.timeout(10):
        # They are sent to who asked for them.
        while not any(each.num_waiting for each in await told()):
            await asyncio.sleep(0.01)
        before = max(each.delivered.stream_seq if each.delivered else 0 for each in await told())
        proxy.set(Link.STALLED)
        for sequence in sequences:
            await producers.grant(sequence)
        while all(
            each.delivered is None or each.delivered.stream_seq < before + len(sequences)
            for each in await told()
        ):
            await asyncio.sleep(0.01)
        connections = proxy.accepted
        proxy.set(Link.CUT)
        proxy.set(Link.UP)
        while proxy.accepted == connections:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("later", [[4], []], ids=["before others", "the last ones"])
async def test_what_a_broken_connection_took_along_is_read_again(
    producers: Producers,
    nats_account: Callable[[str], NatsLogin],
    nats_server: str,
    monkeypatch: pytest.MonkeyPatch,
    later: list[int],
) -> None:
    """The broker counts it as told. Nobody who follows misses it, or is told it out of order."""
    monkeypatch.setattr(nats_event_feed, "FETCH_WAIT_S", 2.0)
    nats_account("gateway")
    with TcpProxy(int(nats_server.rpartition(":")[2])) as proxy:
        async with running_feed(f"nats://{proxy.address}") as feed, aclosing(following(feed)) as deliveries:
            await anext(deliveries)
            await producers.grant(1)
            assert sequences(await facts(deliveries, 1)) == [1]
            await lost_on_the_way(proxy, producers, nats_server, 2, 3)
            for sequence in later:
                await producers.grant(sequence)
            assert sequences(await facts(deliveries, 2 + len(later))) == [2, 3, *later]


async def test_what_is_missed_is_not_read_over_a_connection_that_broke(
    producers: Producers,
    nats_account: Callable[[str], NatsLogin],
    nats_server: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its reader ends, rather than wait for what is sent no more: whoever reads comes back for the rest."""
    monkeypatch.setattr(nats_streams, "FETCH_WAIT_S", 2.0)
    nats_account("gateway")
    await producers.grant(1)
    with TcpProxy(int(nats_server.rpartition(":")[2])) as proxy:
        login = nats_password("gateway")
        client = await nats.connect(f"nats://{proxy.address}", user="gateway", password=login, name="t")
        subject = f"tintype.ledger.v1.*.{ADA}"
        async with reading(client.jetstream(), Stream.LEDGER, subject=subject, after=0) as missed:
            assert [sequence_of(message) for message in await missed.fetch()] == [1]
            fetching = asyncio.create_task(missed.fetch())
            await lost_on_the_way(proxy, producers, nats_server, 2)
            with pytest.raises(MessagesLost):
                await fetching
        await client.close()


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


@pytest.mark.real_time
async def test_it_ends_while_a_stream_is_not_there_yet() -> None:
    """Though the client swallows the cancellation that comes together with the broker's answer."""
    asked = asyncio.Event()

    class Absent(AsyncMock):
        async def stream_info(self, _stream: str) -> None:
            asked.set()
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0.2)
            raise NotFoundError

    reading = asyncio.create_task(NatsEventFeed(Absent(), heartbeat_s=1).run())
    await asked.wait()
    reading.cancel()
    done, _ = await asyncio.wait({reading}, timeout=10)
    reading.cancel()
    assert done
