"""A consumer fetches what has a slot, also where others take slots too."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

from broker_support import client, fact, listener, running
from chassis.events import IncomingEvent
from chassis.nats import ensure_stream
from chassis.publisher import Publisher
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


class LateMessages:
    """A client that hands out more than it was asked for, once: what came too late for an earlier request."""

    def __init__(self) -> None:
        self.asked = 0

    async def fetch(self, _batch: int, **_options: float) -> list[Any]:
        """Three messages, and then none."""
        self.asked += 1
        if self.asked > 1:
            await asyncio.Event().wait()
        metadata = SimpleNamespace(
            stream="IDENTITY",
            sequence=SimpleNamespace(stream=1),
            timestamp=datetime.now(UTC),
            num_delivered=1,
        )
        subject, ack_sync = "tintype.identity.v1.user_registered.usr_1", AsyncMock()
        return [
            SimpleNamespace(
                headers={}, metadata=metadata, subject=subject, data=b"%d" % number, ack_sync=ack_sync
            )
            for number in range(3)
        ]


async def test_what_came_without_a_slot_gives_none_back() -> None:
    """Else whoever shares the slots would have more of them from then on."""
    handled: list[bytes] = []

    async def handle(event: IncomingEvent) -> None:
        handled.append(event.payload)

    slots, late = asyncio.Semaphore(2), LateMessages()
    stream = AsyncMock()
    stream.pull_subscribe_bind.return_value = AsyncMock(fetch=late.fetch)
    opened: Any = SimpleNamespace(jetstream=lambda: stream)
    async with running(listener(opened, handle, max_in_flight=1, slots=slots, fetch_s=30)):
        async with asyncio.timeout(20):
            while len(handled) < 3 or late.asked < 2:
                await asyncio.sleep(0.01)
            # The other one is the consumer's, which waits for messages with it.
            await slots.acquire()
        assert slots.locked()


async def _made(stream: JetStreamContext) -> ConsumerInfo:
    """What the broker says of the consumer, once it is there and has told all of its stream."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await stream.consumer_info("IDENTITY", "ledger")
            except NotFoundError:
                await asyncio.sleep(0.02)
