"""Publishing facts with the broker's acknowledgement: on disk before it counts."""

from collections.abc import Iterator, Sequence
from uuid import uuid4

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import MaxPayloadError
from nats.js import JetStreamContext
from nats.js.api import Header
from nats.js.errors import APIError

from chassis.events import OutgoingEvent
from chassis.relay import BrokerAway, HeldBack

log = structlog.get_logger(__name__)

_PUBLISH_TIMEOUT_S = 5.0
# The broker's own bound on an atomic batch, and ours on what it keeps in memory until one is complete.
_BATCH_MAX = 1_000
_BATCH_MAX_BYTES = 4 * 1024**2


class Publisher:
    """Publishes facts and waits for the broker's acknowledgement."""

    def __init__(self, js: JetStreamContext) -> None:
        self._js = js
        self._client: Client = js._nc

    async def publish(self, event: OutgoingEvent) -> None:
        """Publish one fact; returns once it is stored, raises when that is not certain."""
        await self._js.publish(
            event.subject, event.payload, headers=event.wire_headers(), timeout=_PUBLISH_TIMEOUT_S
        )

    async def publish_many(self, events: Sequence[OutgoingEvent]) -> list[Exception | None]:
        """Publish each account's events in order; one entry an event: None once acknowledged, else why not.

        They travel in atomic batches (NATS ADR-50): all of a batch is on disk, in its order, or none of it
        is, for one acknowledgement. A batch that the broker refuses is published one by one: something in it
        is too large, or was stored before, which then counts. After a failure the same account's later
        events are HeldBack; BrokerAway is the outcome of all that the broker did not answer for.
        """
        outcomes: list[Exception | None] = []
        failed: set[str] = set()
        for batch in _batches(events):
            told = iter(await self._publish_batch([one for one in batch if one.account not in failed]))
            outcomes += [HeldBack() if one.account in failed else next(told) for one in batch]
            if away := next((one for one in outcomes if isinstance(one, BrokerAway)), None):
                return outcomes + [away] * (len(events) - len(outcomes))
            failed = {
                one.account for one, outcome in zip(events, outcomes, strict=False) if outcome is not None
            }
        return outcomes

    async def _publish_batch(self, batch: Sequence[OutgoingEvent]) -> Sequence[Exception | None]:
        if len(batch) <= 1 or any(len(one.payload) > self._client.max_payload for one in batch):
            return await self._publish_each(batch)
        try:
            if await self._is_stored_together(batch):
                return [None] * len(batch)
        except APIError as refused:
            log.info("a batch is published one by one", events=len(batch), reason=refused.description)
        except (NatsError, OSError) as failure:
            return [_away(failure)] * len(batch)
        return await self._publish_each(batch)

    async def _is_stored_together(self, batch: Sequence[OutgoingEvent]) -> bool:
        """Send a batch whose last message commits it. False from a broker that knows no batches."""
        if not self._client.is_connected:
            raise ConnectionError("not connected to the broker")
        batch_id = uuid4().hex
        *first, last = (
            (one, one.wire_headers() | {Header.BATCH_ID: batch_id, Header.BATCH_SEQUENCE: str(number)})
            for number, one in enumerate(batch, 1)
        )
        for one, headers in first:
            await self._client.publish(one.subject, one.payload, headers=headers)
        one, headers = last
        stored = await self._js.publish(
            one.subject,
            one.payload,
            headers=headers | {Header.BATCH_COMMIT: "1"},
            timeout=_PUBLISH_TIMEOUT_S,
        )
        return stored.batch_size == len(batch)

    async def _publish_each(self, events: Sequence[OutgoingEvent]) -> Sequence[Exception | None]:
        outcomes: list[Exception | None] = []
        failed: set[str] = set()
        for one in events:
            if one.account in failed:
                outcomes.append(HeldBack())
                continue
            try:
                if not self._client.is_connected:
                    raise ConnectionError("not connected to the broker")
                await self.publish(one)
            except (MaxPayloadError, APIError) as refused:
                outcomes.append(refused)
                failed.add(one.account)
            except (NatsError, OSError) as failure:
                return outcomes + [_away(failure)] * (len(events) - len(outcomes))
            else:
                outcomes.append(None)
        return outcomes


def _batches(events: Sequence[OutgoingEvent]) -> Iterator[Sequence[OutgoingEvent]]:
    """Split into as few batches as their bounds allow."""
    start = size_bytes = 0
    for place, one in enumerate(events):
        size_bytes += len(one.payload)
        if place > start and (place - start == _BATCH_MAX or size_bytes > _BATCH_MAX_BYTES):
            yield events[start:place]
            start, size_bytes = place, len(one.payload)
    if events:
        yield events[start:]


def _away(failure: Exception) -> BrokerAway:
    return BrokerAway(str(failure) or type(failure).__name__)
