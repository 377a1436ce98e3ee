"""A consumer fetches what has a slot, also where others take slots too."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock, MagicMock

import pytest
from broker_support import client, fact, listener, running
from chassis.events import IncomingEvent
from chassis.nats import ensure_stream
from chassis.publisher import Publisher
from chassis.pull import Pull, PullInterrupted
from embedded.testing import NatsLogin
from nats.js import JetStreamContext
from nats.js.api import ConsumerInfo
from nats.js.errors import NotFoundError


async def test_what_has_no_slot_stays_in_the_stream(nats_account: Callable[[str], NatsLogin]) -> None:
    """Nothing is asked for while others hold every slot; a slot that comes free is used and given back."""
    handled: list[bytes] = []

    async def handle(event: IncomingEvent) -> None:
        assert slots.locked()
        handled.append(event.payload)

    slots = asyncio.Semaphore(1)
    await slots.acquire()
    async with client(nats_account("identity")) as producer, client(nats_account("ledger")) as consumer:
        await ensure_stream(producer.jetstream(), "identity")
        publisher = Publisher(producer.jetstream())
        for number in range(3):
            await publisher.publish(fact(number))
        async with running(listener(consumer, handle, max_in_flight=1, slots=slots, fetch_s=0.5)):
            info = await _made(consumer.jetstream())
            assert (info.num_waiting, info.num_pending, info.num_ack_pending) == (0, 3, 0)
            slots.release()
            async with asyncio.timeout(20):
                while len(handled) < 3:
                    await asyncio.sleep(0.02)
                await slots.acquire()
    assert handled == [b"0", b"1", b"2"]


class GenerousBroker:
    """A connection on which more comes than was asked for, once: what was late for an earlier request."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.acknowledged = 0
        self._hear: Any = None

    def new_inbox(self) -> str:
        """Where messages are to go."""
        return "_INBOX.1"

    async def subscribe(self, _inbox: str, *, cb: Any) -> Any:
        """Keep whom to tell."""
        self._hear = cb
        return AsyncMock()

    async def publish(self, _subject: str, payload: bytes = b"", _reply: str = "") -> None:
        """Send three messages at the first request, and nothing afterwards."""
        self.asked.append(json.loads(payload)["batch"])
        if len(self.asked) == 1:
            for number in range(3):
                await self._hear(self._message(number))

    def _message(self, number: int) -> Any:
        metadata = SimpleNamespace(
            stream="IDENTITY",
            sequence=SimpleNamespace(stream=1),
            timestamp=datetime.now(UTC),
            num_delivered=1,
        )
        return MagicMock(
            headers={},
            header=None,
            metadata=metadata,
            subject="tintype.identity.v1.user_registered.usr_1",
            data=b"%d" % number,
            ack=self._acknowledge,
        )

    async def _acknowledge(self) -> None:
        self.acknowledged += 1


async def test_what_came_without_a_slot_gives_none_back() -> None:
    """Else whoever shares the slots would have more of them from then on."""
    handled: list[bytes] = []

    async def handle(event: IncomingEvent) -> None:
        handled.append(event.payload)

    slots, broker = asyncio.Semaphore(2), GenerousBroker()
    stream = AsyncMock(_nc=broker, _prefix="$JS.API")
    opened: Any = SimpleNamespace(jetstream=lambda: stream)
    async with running(listener(opened, handle, max_in_flight=1, slots=slots, fetch_s=30)):
        async with asyncio.timeout(20):
            while len(handled) < 3 or len(broker.asked) < 2:
                await asyncio.sleep(0.01)
            # The other one is the consumer's, which waits for messages with it.
            await slots.acquire()
        assert slots.locked()
    assert broker.acknowledged == 3
    assert broker.asked == [1, 1]


async def test_one_request_brings_what_comes_one_by_one(nats_account: Callable[[str], NatsLogin]) -> None:
    """Each is handled when it comes, not when all have come; a request that nothing answers is made again."""
    handled: asyncio.Queue[bytes] = asyncio.Queue()

    async def handle(event: IncomingEvent) -> None:
        handled.put_nowait(event.payload)

    async with client(nats_account("identity")) as producer, client(nats_account("ledger")) as consumer:
        await ensure_stream(producer.jetstream(), "identity")
        publisher = Publisher(producer.jetstream())
        async with running(listener(consumer, handle, max_in_flight=8, fetch_s=0.2)), asyncio.timeout(20):
            for number in range(4):
                await publisher.publish(fact(number))
                assert await handled.get() == b"%d" % number
            while (await _made(consumer.jetstream())).num_ack_pending:
                await asyncio.sleep(0.02)


class SayingBroker(GenerousBroker):
    """A connection on which each request is answered by a status, or by nothing."""

    def __init__(self, status: str | None) -> None:
        super().__init__()
        self._status = status

    async def publish(self, _subject: str, _payload: bytes = b"", _reply: str = "") -> None:
        """Say the status."""
        if self._status is not None:
            await self._hear(MagicMock(headers={"Status": self._status}, data=b""))


@pytest.mark.parametrize(
    ("status", "is_plain"), [("404", True), ("408", True), ("409", False), ("503", False)]
)
async def test_what_ends_a_request(status: str, is_plain: bool) -> None:
    """Its time, or something that has the consumer made again: it may be gone. Nothing is missing less."""
    broker = SayingBroker(status)
    taken: list[bool] = []
    js: Any = SimpleNamespace(_nc=broker, _prefix="$JS.API")
    pull = Pull(js, stream="IDENTITY", durable="ledger", take=lambda _, was_asked: taken.append(was_asked))
    await pull.open()
    if is_plain:
        await pull.ask(3, within_s=30)
    else:
        with pytest.raises(PullInterrupted, match=status):
            await pull.ask(3, within_s=30)
    # Their slots are given back: one that comes all the same has none.
    assert (pull.give_up(), taken) == (3, [])
    await pull._hear(MagicMock(headers=None))
    assert (pull.give_up(), taken) == (0, [False])


async def test_a_broker_that_says_nothing_is_asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """It lost the consumer, or its end."""
    monkeypatch.setattr("chassis.pull._GRACE_S", 0.0)
    js: Any = SimpleNamespace(_nc=SayingBroker(None), _prefix="$JS.API")
    pull = Pull(js, stream="IDENTITY", durable="ledger", take=lambda *_: None)
    await pull.open()
    with pytest.raises(PullInterrupted, match="does not answer"):
        await pull.ask(3, within_s=0.01)


async def _made(stream: JetStreamContext) -> ConsumerInfo:
    """What the broker says of the consumer, once it is there and has told all of its stream."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await stream.consumer_info("IDENTITY", "ledger")
            except NotFoundError:
                await asyncio.sleep(0.02)


@pytest.mark.real_time
async def test_it_ends_while_its_stream_is_not_there_yet() -> None:
    """Though the client swallows the cancellation that comes together with the broker's answer."""
    asked = asyncio.Event()

    class Absent(AsyncMock):
        async def add_consumer(self, *_: object) -> None:
            asked.set()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.2)
            raise NotFoundError

    opened = MagicMock()
    opened.jetstream.return_value = Absent()
    consuming = asyncio.create_task(listener(opened, AsyncMock()).run())
    await asked.wait()
    consuming.cancel()
    done, _ = await asyncio.wait({consuming}, timeout=10)
    consuming.cancel()
    assert done
