"""Before a stream discards what a consumer has not handled, somebody hears of it."""

import asyncio
from collections.abc import Callable

import pytest
import structlog
from broker_support import client, fact, listener, running
from chassis.consumer_lag import ConsumerLag
from chassis.events import IncomingEvent
from chassis.nats import ensure_stream
from chassis.publisher import Publisher
from embedded.testing import NatsLogin
from prometheus_client import REGISTRY

pytestmark = pytest.mark.server


async def test_a_consumer_that_falls_behind_is_told_of_in_time(
    nats_account: Callable[[str], NatsLogin],
) -> None:
    """Nothing while it keeps up or there is room; an alarm, once, when its stream is half full of it."""
    may_go_on = asyncio.Event()

    async def handle(event: IncomingEvent) -> None:
        if event.payload != b"0":
            await may_go_on.wait()

    async with client(nats_account("identity")) as producer, client(nats_account("ledger")) as consumer:
        stream, publisher = producer.jetstream(), Publisher(producer.jetstream())
        await ensure_stream(stream, "identity")
        config = (await stream.stream_info("IDENTITY")).config
        await stream.update_stream(config.evolve(max_bytes=100_000))
        lag = ConsumerLag(consumer.jetstream(), stream="IDENTITY", durable="ledger")
        with structlog.testing.capture_logs() as logs:
            async with running(listener(consumer, handle)):
                await publisher.publish(fact(0))
                async with asyncio.timeout(20):
                    while await _pending(lag) != 0:
                        await asyncio.sleep(0.05)
                assert await lag.measure() == 0
                await publisher.publish(fact(1)._replace(payload=bytes(10_000)))
                assert 0.05 < await _share_above(lag, 0) < 0.2
                for number in range(2, 7):
                    await publisher.publish(fact(number)._replace(payload=bytes(10_000)))
                assert 0.5 < await _share_above(lag, 0.5) < 1
                await lag.measure()
                assert REGISTRY.get_sample_value("consumer_pending_events", {"stream": "IDENTITY"}) == 6
                may_go_on.set()
                async with asyncio.timeout(20):
                    while await _pending(lag) != 0:
                        await asyncio.sleep(0.05)
                assert await lag.measure() == 0
    alarms = [one for one in logs if one["log_level"] == "error"]
    assert [(one["stream"], one["pending"]) for one in alarms] == [("IDENTITY", 6)]


async def _share_above(lag: ConsumerLag, least: float) -> float:
    """The server counts a moment after it has taken a message."""
    async with asyncio.timeout(20):
        while (share := await lag.measure()) <= least:
            await asyncio.sleep(0.05)
    return share


async def _pending(lag: ConsumerLag) -> float | None:
    try:
        await lag.measure()
    except Exception:  # noqa: BLE001 - the consumer is not made yet
        return None
    return REGISTRY.get_sample_value("consumer_pending_events", {"stream": "IDENTITY"})
