"""Reading JetStream streams from a position, with consumers that the broker forgets by itself.

It waits for no acknowledgement: what it sent into a connection that broke counts as told. So its numbers are
looked at, as NATS' own ordered consumers do: whoever misses one reads anew, from the last that came.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import structlog
from chassis.consumer import incoming
from chassis.events import Refused
from chassis.pull import Pull
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, ConsumerInfo, DeliverPolicy
from prometheus_client import Counter

from gateway.adapters.outbound.event_facts import fact_of
from gateway.domain.event import BalanceChanged, Fact, Place, Stream

log = structlog.get_logger(__name__)

_REFUSED = Counter("gateway_events_refused_total", "Facts that can't be what they claim", ["type"])

FETCH_MAX = 100
FETCH_WAIT_S = 5.0
# Of a live reader, which asks anew only once so many came or the time is over.
LIVE_MAX = 1_000
_FORGOTTEN_AFTER_S = 60.0


class MessagesLost(NatsError):
    """A message was sent and did not come: it is still in the stream, and this consumer sends it no more."""


@dataclass
class Reading:
    """One consumer: what waits for it was counted when it was made."""

    subscription: JetStreamContext.PullSubscription
    pending: int
    _heard: int = 0

    async def fetch(self) -> list[Msg]:
        """Return the next messages, or none after a while.

        Raises MessagesLost, and what NATS raises when the consumer is gone.
        """
        try:
            messages = await self.subscription.fetch(FETCH_MAX, timeout=FETCH_WAIT_S)
        except TimeoutError:
            # A broker that was restarted knows the consumer no more and says nothing by itself.
            delivered = (await self.subscription.consumer_info()).delivered
            if delivered is not None and delivered.consumer_seq > self._heard:
                raise MessagesLost from None
            return []
        for message in messages:
            self._heard += 1
            if _number_of(message) != self._heard:
                raise MessagesLost
        return messages


class Live:
    """What one consumer sends, told as it comes, up to the first message that is missing."""

    def __init__(
        self, jetstream: JetStreamContext, stream: Stream, *, consumer: str, arrived: Callable[[Msg], None]
    ) -> None:
        self._client = jetstream._nc
        self._connections = self._client.stats["reconnects"]
        self._arrived = arrived
        self._heard = 0
        self._is_whole = True
        self.pull = Pull(jetstream, stream=stream.value, durable=consumer, take=self._hear)

    async def ask(self, wanted: int, *, within_s: float) -> bool:
        """Return whether there were fewer, once so many came or the time is over.

        Raises PullInterrupted, and MessagesLost after a new connection too: what was sent into the one before
        is known to be missing only by the next message, and that may be long in coming.
        """
        await self.pull.ask(wanted, within_s=within_s)
        if not self._is_whole or self._client.stats["reconnects"] != self._connections:
            raise MessagesLost
        return bool(self.pull.give_up())

    def _hear(self, message: Msg, _was_asked_for: bool) -> None:
        self._heard += 1
        if not self._is_whole or _number_of(message) != self._heard:
            self._is_whole = False
            self.pull.interrupt("a message is missing")
            return
        self._arrived(message)


@asynccontextmanager
async def reading(
    jetstream: JetStreamContext, stream: Stream, *, subject: str, after: int | None, since_ms: int = 0
) -> AsyncIterator[Reading]:
    """Read a stream's messages of one subject: those after a number, or those stored since a time."""
    async with _consumer(jetstream, stream, subject=subject, after=after, since_ms=since_ms) as info:
        subscription = await jetstream.pull_subscribe_bind(consumer=info.name, stream=stream.value)
        try:
            yield Reading(subscription=subscription, pending=info.num_pending or 0)
        finally:
            with suppress(NatsError, OSError, TimeoutError):
                await subscription.unsubscribe()


@asynccontextmanager
async def live(
    jetstream: JetStreamContext,
    stream: Stream,
    *,
    subject: str,
    after: int,
    arrived: Callable[[Msg], None],
) -> AsyncIterator[Live]:
    """Have each message of one subject after a number told as it comes, in their order and without a gap."""
    async with _consumer(jetstream, stream, subject=subject, after=after) as info:
        reader = Live(jetstream, stream, consumer=info.name or "", arrived=arrived)
        await reader.pull.open()
        try:
            yield reader
        finally:
            await reader.pull.close()


@asynccontextmanager
async def _consumer(
    jetstream: JetStreamContext, stream: Stream, *, subject: str, after: int | None, since_ms: int = 0
) -> AsyncIterator[ConsumerInfo]:
    start = (
        ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_TIME,
            opt_start_time=datetime.fromtimestamp(since_ms / 1000, UTC),
        )
        if after is None
        else ConsumerConfig(deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=after + 1)
    )
    info = await jetstream.add_consumer(
        stream.value,
        start.evolve(
            # Of its own choosing: its login may touch no consumer that bears a service's name.
            name=f"gateway-{uuid4().hex}",
            filter_subjects=[subject],
            ack_policy=AckPolicy.NONE,
            inactive_threshold=_FORGOTTEN_AFTER_S,
            mem_storage=True,
        ),
    )
    try:
        yield info
    finally:
        with suppress(NatsError, OSError, TimeoutError):
            await jetstream.delete_consumer(stream.value, info.name)


def sequence_of(message: Msg) -> int:
    """Return a message's number in its stream."""
    return int(message.metadata.sequence.stream)


def _number_of(message: Msg) -> int:
    """Return how many messages the consumer had sent with this one."""
    return int(message.metadata.sequence.consumer)


def stored_at_ms(message: Msg) -> int:
    """When the broker stored a message, in milliseconds since 1970: the same at each delivery."""
    return int(message.metadata.timestamp.timestamp() * 1000)


def fact_in(message: Msg) -> Fact | None:
    """Return what a message tells a client; None when it concerns none, or can't be read."""
    event = incoming(message)
    try:
        return fact_of(event)
    except Refused as refused:
        # Counted and skipped: clients ask again when they care.
        _REFUSED.labels(event.ce_type).inc()
        log.warning("fact refused", subject=event.subject, event_id=event.event_id, reason=str(refused))
        return None


def place_of(stream: Stream, message: Msg, fact: Fact) -> Place:
    """Where a fact stands."""
    return Place(
        stream=stream,
        sequence=sequence_of(message),
        at_ms=stored_at_ms(message),
        balance=fact.balance.sequence if isinstance(fact, BalanceChanged) else 0,
    )
