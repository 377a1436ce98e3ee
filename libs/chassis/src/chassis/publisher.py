"""Publishing facts with the broker's acknowledgement: on disk before it counts."""

from collections.abc import Collection, Iterator, Sequence
from uuid import uuid4

import structlog
from nats.aio.client import Client
from nats.errors import BadHeaderError, BadSubjectError, MaxPayloadError
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import Header
from nats.js.errors import APIError

from chassis.events import OutgoingEvent, is_subject
from chassis.nats import Connection
from chassis.relay import BrokerAway, HeldBack, Unpublishable

log = structlog.get_logger(__name__)

_PUBLISH_TIMEOUT_S = 5.0
# The broker's own bound on an atomic batch, and ours on what it keeps in memory until one is complete.
_BATCH_MAX = 1_000
_BATCH_MAX_BYTES = 4 * 1024**2
# JetStream's own bound on headers, and room for those that make a batch.
_HEADERS_MAX_BYTES = 64 * 1024 - 1
_BATCH_HEADERS_BYTES = 256

_BAD_FACTS = (MaxPayloadError, BadSubjectError, BadHeaderError)
_BAD_REQUEST = 400
# "Bad requests" that have nothing to do with what was sent: storage is used up, the stream is sealed.
_BAD_STREAM = frozenset({10002, 10109})


def blame(failure: Exception) -> BrokerAway | Unpublishable:
    """Say whose fault it is that a fact was not published.

    Unpublishable is the fact's own: another attempt ends in the same way, and other facts may pass.
    BrokerAway is the broker's or the connection's: any fact would have failed, and this one may pass later.
    """
    reason = str(failure) or type(failure).__name__
    if isinstance(failure, BrokerAway | Unpublishable):
        return failure
    if isinstance(failure, APIError):
        is_facts = failure.code == _BAD_REQUEST and failure.err_code not in _BAD_STREAM
        return Unpublishable(reason) if is_facts else BrokerAway(reason)
    if isinstance(failure, NatsError | OSError) and not isinstance(failure, _BAD_FACTS):
        return BrokerAway(reason)
    return Unpublishable(reason)


class Publisher:
    """Publishes facts and waits for the broker's acknowledgement."""

    def __init__(self, js: JetStreamContext) -> None:
        self._js = js
        self._client: Client = js._nc

    async def publish(self, event: OutgoingEvent) -> None:
        """Publish one fact; returns once it is stored. Raises Unpublishable or BrokerAway."""
        if refusal := self._refusal(event):
            raise refusal
        try:
            if not self._client.is_connected:
                raise ConnectionError("not connected to the broker")
            await self._js.publish(
                event.subject, event.payload, headers=event.wire_headers(), timeout=_PUBLISH_TIMEOUT_S
            )
        except Exception as failure:
            raise self._blame(failure, event) from failure

    async def publish_many(self, events: Sequence[OutgoingEvent]) -> list[Exception | None]:
        """Publish each account's events in order; one entry an event: None once acknowledged, else why not.

        They travel in atomic batches (NATS ADR-50): all of a batch is on disk, in its order, or none of it
        is, for one acknowledgement. A batch that the broker refuses is published one by one: something in it
        is Unpublishable, or was stored before, which then counts. After a failure the same account's later
        events are HeldBack; BrokerAway is the outcome of all that the broker did not answer for.
        """
        outcomes: list[Exception | None] = []
        failed: set[str] = set()
        for batch in _batches(events):
            refusals = [self._refusal(one) for one in batch]
            sent = _before_refusals(batch, refusals, failed)
            told = dict(zip(sent, await self._publish_batch([batch[place] for place in sent]), strict=True))
            for place, one in enumerate(batch):
                outcome = HeldBack() if one.account in failed else told.get(place, refusals[place])
                outcomes.append(outcome)
                if outcome is not None:
                    failed.add(one.account)
            if away := next((one for one in outcomes if isinstance(one, BrokerAway)), None):
                return outcomes + [away] * (len(events) - len(outcomes))
        return outcomes

    def _refusal(self, event: OutgoingEvent) -> Unpublishable | None:
        """Why the broker would refuse a fact, or close the connection over it."""
        if not is_subject(event.subject):
            return Unpublishable(f"{event.account!r} can't be a word of a subject")
        try:
            headers = _BATCH_HEADERS_BYTES + sum(
                len(f"{name}: {value}\r\n".encode()) for name, value in event.wire_headers().items()
            )
        except UnicodeEncodeError:
            return Unpublishable("its headers are no text")
        size_bytes, max_bytes = headers + len(event.payload), self._client.max_payload
        if headers > _HEADERS_MAX_BYTES or size_bytes > max_bytes:
            return Unpublishable(f"{size_bytes} bytes, of which {headers} are headers, are too many")
        return None

    def _blame(self, failure: Exception, event: OutgoingEvent) -> BrokerAway | Unpublishable:
        # A subject that the login may not publish gets no answer, only an error on the connection.
        if isinstance(self._client, Connection) and self._client.was_denied(event.subject):
            return Unpublishable("the login may not publish it")
        return blame(failure)

    async def _publish_batch(self, batch: Sequence[OutgoingEvent]) -> Sequence[Exception | None]:
        if len(batch) <= 1:
            return await self._publish_each(batch)
        try:
            if await self._is_stored_together(batch):
                return [None] * len(batch)
        except Exception as failure:  # noqa: BLE001 - whatever it is, the facts are told apart one by one
            blamed = [self._blame(failure, one) for one in batch]
            if all(isinstance(one, BrokerAway) for one in blamed):
                return blamed
            log.info("a batch is published one by one", events=len(batch), reason=str(failure))
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
                await self.publish(one)
            except BrokerAway as away:
                return outcomes + [away] * (len(events) - len(outcomes))
            except Unpublishable as refused:
                outcomes.append(refused)
                failed.add(one.account)
            else:
                outcomes.append(None)
        return outcomes


def _before_refusals(
    batch: Sequence[OutgoingEvent], refusals: Sequence[Exception | None], failed: Collection[str]
) -> list[int]:
    """Return the places of the facts to send: an account's own up to its first that can't be."""
    stopped, sent = set(failed), []
    for place, (one, refusal) in enumerate(zip(batch, refusals, strict=True)):
        if refusal is not None:
            stopped.add(one.account)
        if one.account not in stopped:
            sent.append(place)
    return sent


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
