"""The event feed and the SSE endpoint over a real NATS: nothing lost, nothing twice."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import httpx
import pytest
from chassis import nats
from chassis.events import event
from chassis.health import serve_http
from embedded.ports import free_ports
from embedded.testing import NatsLogin, nats_password
from gateway.adapters.outbound import nats_event_feed
from gateway.adapters.outbound.nats_event_feed import NatsEventFeed
from gateway.bootstrap import make_web_app, memory_world, wire
from gateway.domain.event import BalanceChanged, Cursor, Delivery, GenerationMoved
from google.protobuf.message import Message
from tintype.billing.v1.events_pb2 import PaymentCompleted
from tintype.generation.v1.events_pb2 import (
    GenerationProgressed,
    GenerationQueued,
    GenerationSucceeded,
)
from tintype.ledger.v1.events_pb2 import CreditsGranted
from tintype.ledger.v1.ledger_pb2 import Balance

ADA, BOB = "usr_" + "a" * 32, "usr_" + "b" * 32
GENERATION = "gen_" + "c" * 32


class Producers:
    """The other services, as far as the gateway hears them."""

    def __init__(self, publishers: dict[str, nats.Publisher]) -> None:
        self._publishers = publishers
        self._number = 0

    async def say(self, message: Message, account: str = ADA) -> None:
        """Publish one fact."""
        self._number += 1
        fact = event(message, account=account, event_id=f"evt_{self._number}", time=datetime.now(UTC))
        await self._publishers[message.DESCRIPTOR.full_name.split(".")[1]].publish(fact)

    async def grant(self, sequence: int, account: str = ADA) -> None:
        """A balance with this sequence."""
        await self.say(CreditsGranted(balance=Balance(available=sequence, sequence=sequence)), account)

    async def progress(self, progress: float, account: str = ADA) -> None:
        """A job comes further."""
        await self.say(GenerationProgressed(generation_id=GENERATION, progress=progress), account)


@pytest.fixture
async def producers(nats_account: Callable[[str], NatsLogin]) -> AsyncIterator[Producers]:
    """Publishers with the services' own permissions; their streams exist and are empty."""
    connections = []
    publishers = {}
    for service in ("ledger", "generation", "billing"):
        login = nats_account(service)
        connection = await nats.connect(login.url, user=login.user, password=login.password, name="t")
        await nats.ensure_stream(connection.jetstream(), service)
        connections.append(connection)
        publishers[service] = nats.Publisher(connection.jetstream())
    yield Producers(publishers)
    for connection in connections:
        await connection.close()


@pytest.fixture
async def feed(
    producers: Producers, nats_account: Callable[[str], NatsLogin], nats_server: str
) -> AsyncIterator[NatsEventFeed]:
    """A running feed with the gateway's own permissions."""
    async with running_feed(nats_server) as feed:
        yield feed


@asynccontextmanager
async def running_feed(url: str, *, heartbeat_s: float = 0.2) -> AsyncIterator[NatsEventFeed]:
    """A feed until the end of the block."""
    connection = await nats.connect(url, user="gateway", password=nats_password("gateway"), name="t")
    feed = NatsEventFeed(connection.jetstream(), heartbeat_s=heartbeat_s)
    running = asyncio.create_task(feed.run())
    try:
        yield feed
    finally:
        running.cancel()
        await asyncio.wait({running})
        await connection.close()


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
        async with aclosing(following(feed)) as other:
            # The live reader is past all of them.
            while (await anext(other)).cursor.ledger < start.ledger + 8:
                pass
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
        await Producers({"ledger": nats.Publisher(connection.jetstream())}).grant(1)
        assert sequences(await facts(deliveries, 1)) == [1]
        await connection.close()


@pytest.fixture
async def served(feed: NatsEventFeed) -> AsyncIterator[httpx.AsyncClient]:
    """The whole app with this feed, over a socket, with a token of Ada's."""
    world = memory_world()
    ports = replace(world.ports, feed=feed, streams_per_user_max=2)
    app = make_web_app(wire(ports))
    port = free_ports(1)[0]
    serving = asyncio.create_task(serve_http(app, host="127.0.0.1", port=port, grace_s=1))
    signed_in = await world.identity.sign_up(email="a@b.example", password="x" * 12, full_name="")
    token = world.identity.access_token(replace(signed_in.user, user_id=ADA))  # type: ignore[arg-type]
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}
    ) as http:
        async with asyncio.timeout(10):
            while True:
                try:
                    await http.get("/healthz")
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.02)
        yield http
    serving.cancel()
    await asyncio.wait({serving})


async def read_events(answer: httpx.Response, count: int) -> list[dict[str, Any]]:
    """The next events of a stream that carry data."""
    found: list[dict[str, Any]] = []
    block: dict[str, Any] = {}
    async with asyncio.timeout(10):
        async for line in answer.aiter_lines():
            if line:
                name, _, value = line.partition(":")
                block[name] = value.strip()
            else:
                if "data" in block:
                    found.append({**block, "data": json.loads(block["data"])})
                block = {}
                if len(found) == count:
                    return found
    raise AssertionError(f"the stream ended after {found}")


async def test_server_sent_events(served: httpx.AsyncClient, producers: Producers) -> None:
    """Each kind of event has its name, id and body; a balance is never older than the one before."""
    async with served.stream("GET", "/v1/events") as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        await producers.grant(5)
        await producers.grant(4)
        await producers.grant(6)
        first = await read_events(answer, 2)
    assert [one["event"] for one in first] == ["balance.updated"] * 2
    assert [one["data"]["available"] for one in first] == [5, 6]
    await producers.grant(3)
    await producers.say(
        GenerationQueued(
            account_id=ADA, generation_id=GENERATION, model_id="local/sketch", credits_reserved=20
        )
    )
    await producers.progress(0.5)
    await producers.say(GenerationSucceeded(account_id=ADA, generation_id=GENERATION, charge_credits=15))
    await producers.progress(0.9)
    await producers.say(PaymentCompleted(account_id=ADA, payment_id="pi_1", pack_id="starter", credits=1000))
    # Over a second connection, as a browser would after the first one broke.
    async with served.stream("GET", "/v1/events", headers={"Last-Event-ID": first[-1]["id"]}) as answer:
        second = await read_events(answer, 4)
    # Nothing of the balance with sequence 3, and no progress after the end.
    assert [one["event"] for one in second] == ["generation.updated"] * 3 + ["payment.completed"]
    assert [one["data"].get("status") for one in second[:3]] == ["queued", "processing", "succeeded"]
    assert second[2]["data"] == {
        "id": GENERATION,
        "status": "succeeded",
        "progress": 1.0,
        "credits": {"reserved": 20, "charged": 15, "refunded": 5},
    }
    assert second[3]["data"]["pack"] == "starter"


async def test_bounded_streams(served: httpx.AsyncClient) -> None:
    """A user may have only so many streams open; a closed one makes room."""
    async with served.stream("GET", "/v1/events"), served.stream("GET", "/v1/events"):
        refused = await served.get("/v1/events")
        assert refused.status_code == 429
        assert refused.json()["reason"] == "TOO_MANY_STREAMS"
        assert int(refused.headers["retry-after"]) >= 1
    async with asyncio.timeout(10):
        while True:
            async with served.stream("GET", "/v1/events") as again:
                if again.status_code == 200:
                    break
            await asyncio.sleep(0.05)


async def test_a_stream_needs_a_token(served: httpx.AsyncClient) -> None:
    """Nobody follows events without saying who they are."""
    refused = await served.get("/v1/events", headers={"Authorization": "Bearer nonsense"})
    assert refused.status_code == 401
    assert refused.headers["content-type"] == "application/problem+json"
