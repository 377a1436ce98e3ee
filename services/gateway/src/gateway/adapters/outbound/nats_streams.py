"""Reading JetStream streams from a position, with consumers that the broker forgets by itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from gateway.domain.event import Stream

FETCH_MAX = 100
FETCH_WAIT_S = 5.0
_FORGOTTEN_AFTER_S = 60.0


@dataclass
class Reading:
    """One consumer: what waits for it was counted when it was made."""

    subscription: JetStreamContext.PullSubscription
    pending: int

    async def fetch(self) -> list[Msg]:
        """The next messages, or none after a while. Raises when the consumer is gone."""
        try:
            return await self.subscription.fetch(FETCH_MAX, timeout=FETCH_WAIT_S)
        except TimeoutError:
            # A broker that was restarted knows the consumer no more and says nothing by itself.
            await self.subscription.consumer_info()
            return []


@asynccontextmanager
async def reading(
    jetstream: JetStreamContext, stream: Stream, *, subject: str, after: int
) -> AsyncIterator[Reading]:
    """Read a stream's messages of one subject that come after a position."""
    info = await jetstream.add_consumer(
        stream.value,
        ConsumerConfig(
            filter_subjects=[subject],
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=after + 1,
            ack_policy=AckPolicy.NONE,
            inactive_threshold=_FORGOTTEN_AFTER_S,
            mem_storage=True,
        ),
    )
    subscription = await jetstream.pull_subscribe_bind(consumer=info.name, stream=stream.value)
    try:
        yield Reading(subscription=subscription, pending=info.num_pending or 0)
    finally:
        with suppress(NatsError, OSError, TimeoutError):
            await subscription.unsubscribe()
            await jetstream.delete_consumer(stream.value, info.name)


def sequence_of(message: Msg) -> int:
    """A message's number in its stream."""
    return int(message.metadata.sequence.stream)
