"""A consumer fetches what has a slot, also where others take slots too."""

import asyncio
from collections.abc import Callable

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


async def _made(stream: JetStreamContext) -> ConsumerInfo:
    """What the broker says of the consumer, once it is there and has told all of its stream."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await stream.consumer_info("IDENTITY", "ledger")
            except NotFoundError:
                await asyncio.sleep(0.02)
