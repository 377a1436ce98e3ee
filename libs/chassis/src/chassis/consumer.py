"""Durable consumers: facts of a stream, handled at least once and never given up without a trace."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig
from nats.js.errors import NotFoundError
from opentelemetry.trace import SpanKind, Status, StatusCode
from prometheus_client import Counter, Histogram

from chassis.consumer_lag import ConsumerLag
from chassis.events import IncomingEvent, Refused
from chassis.postgres import STORAGE_AWAY
from chassis.process import raise_if_cancelled
from chassis.pull import Pull
from chassis.telemetry import extract, tracer

log = structlog.get_logger(__name__)

_HANDLED = Counter("events_handled_total", "Events handled", ["stream", "type", "outcome"])
_DEAD = Counter("events_dead_lettered_total", "Events given up after the last delivery", ["stream", "type"])
_DURATION = Histogram("event_handler_seconds", "Time to handle one event", ["stream", "type"])

_DELAYS_S = (0.5, 1, 2, 5, 10, 20, 30, 60)
_DRAIN_S = 8.0
FETCH_S = 30.0

Handler = Callable[[IncomingEvent], Awaitable[None]]
DeadLetterHandler = Callable[[IncomingEvent, Exception], Awaitable[None]]


class Slots(Protocol):
    """What a message must have before it is fetched: an `asyncio.Semaphore`, or what looks like one."""

    async def acquire(self) -> object:
        """Take a slot, once one is free."""
        ...

    def locked(self) -> bool:
        """Whether no slot is free now."""
        ...

    def release(self) -> None:
        """Give a slot back."""
        ...


class Consumer:
    """A durable pull consumer with bounded concurrency.

    Messages are fetched only when there is a free slot, so a backlog stays in the broker, where its
    length is the measure to scale by. A message is acknowledged after its handler returned; a failure
    delivers it again with a growing delay, and after `max_deliveries` it is passed to `on_dead_letter`,
    logged and counted; one that the handler Refused is so at once. Other messages never wait for it.

    With `slots` the consumer shares them with whatever else takes them: while it waits for messages it
    holds up to `max_in_flight` of them, for `fetch_s` at a time. Handlers are idempotent: an acknowledgement
    that is lost delivers again.
    """

    def __init__(
        self,
        js: JetStreamContext,
        *,
        stream: str,
        durable: str,
        subjects: Sequence[str],
        handler: Handler,
        on_dead_letter: DeadLetterHandler,
        max_in_flight: int = 16,
        ack_wait_s: float = 30,
        max_deliveries: int = 20,
        outages: tuple[type[Exception], ...] = (),
        slots: Slots | None = None,
        fetch_s: float = FETCH_S,
    ) -> None:
        self._js = js
        self._stream = stream
        self._handler = handler
        self._on_dead_letter = on_dead_letter
        # Failures that are nobody's fault and pass: they never count against an event.
        self._outages = (*STORAGE_AWAY, *outages)
        self._max_in_flight = max_in_flight
        self._ack_wait_s = ack_wait_s
        self._max_deliveries = max_deliveries
        self._config = ConsumerConfig(
            durable_name=durable,
            filter_subjects=list(subjects),
            ack_wait=ack_wait_s,
            # The broker never gives a message up: it would do so without a word, and without keeping it.
            max_deliver=-1,
            max_ack_pending=max(1_000, max_in_flight),
        )
        self._lag = ConsumerLag(js, stream=stream, durable=durable)
        self._slots: Slots = slots or asyncio.Semaphore(max_in_flight)
        self._fetch_s = fetch_s
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_hand: dict[int, Msg] = {}

    async def run(self) -> None:
        """Consume until cancelled; then let the handlers in flight finish for a few seconds."""
        beside = [asyncio.create_task(self._lag.run()), asyncio.create_task(self._keep_alive())]
        try:
            while True:
                raise_if_cancelled()
                try:
                    await self._consume()
                except (NatsError, OSError, TimeoutError) as failure:
                    log.warning("consumer interrupted", stream=self._stream, error=repr(failure))
                    await asyncio.sleep(0.5)
        finally:
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=_DRAIN_S)
            for task in beside:
                task.cancel()

    async def _consume(self) -> None:
        await self._ensure_consumer()
        durable = self._config.durable_name or ""
        pull = Pull(self._js, stream=self._stream, durable=durable, take=self._start)
        await pull.open()
        try:
            while True:
                raise_if_cancelled()
                await self._slots.acquire()
                free = 1
                try:
                    while free < self._max_in_flight and not self._slots.locked():
                        await self._slots.acquire()
                        free += 1
                except BaseException:
                    self._release(free)
                    raise
                try:
                    await pull.ask(free, within_s=self._fetch_s)
                finally:
                    self._release(pull.give_up())
        finally:
            await pull.close()

    def _release(self, slots: int) -> None:
        for _ in range(slots):
            self._slots.release()

    async def _ensure_consumer(self) -> None:
        """Create the durable; until its stream exists, wait for the producer to make it."""
        waited = False
        while True:
            raise_if_cancelled()
            try:
                await self._js.add_consumer(self._stream, self._config)
            except NotFoundError:
                if not waited:
                    log.info("waiting for a stream", stream=self._stream)
                waited = True
                await asyncio.sleep(0.5)
            else:
                return

    def _start(self, message: Msg, has_slot: bool) -> None:
        task = asyncio.create_task(self._deliver(message))
        self._tasks.add(task)
        task.add_done_callback(partial(self._finished, has_slot=has_slot))

    def _finished(self, task: asyncio.Task[None], *, has_slot: bool) -> None:
        self._tasks.discard(task)
        if has_slot:
            self._slots.release()
        if not task.cancelled() and (failure := task.exception()):
            # Not acknowledged: the broker delivers it again after ack_wait.
            log.warning("event not acknowledged", stream=self._stream, error=repr(failure))

    async def _deliver(self, message: Msg) -> None:
        event = incoming(message)
        self._in_hand[id(message)] = message
        try:
            with (
                tracer().start_as_current_span(
                    f"{event.ce_type} process", context=extract(event.headers), kind=SpanKind.CONSUMER
                ) as span,
                _DURATION.labels(self._stream, event.ce_type).time(),
            ):
                try:
                    await self._handler(event)
                except Exception as failure:  # noqa: BLE001 - one event's failure must not stop the others
                    span.set_status(Status(StatusCode.ERROR, repr(failure)))
                    await self._failed(message, event, failure)
                else:
                    # Not awaited: one that is lost delivers again what the inbox knows.
                    await message.ack()
                    _HANDLED.labels(self._stream, event.ce_type, "ok").inc()
        finally:
            del self._in_hand[id(message)]

    async def _failed(self, message: Msg, event: IncomingEvent, failure: Exception) -> None:
        """Deliver again later, or, when that was done often enough or is in vain, keep it as a dead letter.

        While storage is away, a message is delivered again for ever: an outage is nobody's fault, and must
        not cost an event.
        """
        tried_enough = event.deliveries >= self._max_deliveries and not isinstance(failure, self._outages)
        if tried_enough or isinstance(failure, Refused):
            try:
                await self._on_dead_letter(event, failure)
            except Exception as kept_not:  # noqa: BLE001 - it can't be kept, so it is not given up
                failure = kept_not
            else:
                log.error("event given up", type=event.ce_type, event_id=event.event_id,
                          subject=event.subject, exc_info=failure)  # fmt: skip
                _DEAD.labels(self._stream, event.ce_type).inc()
                _HANDLED.labels(self._stream, event.ce_type, "dead").inc()
                await message.term()
                return
        delay = _DELAYS_S[min(event.deliveries, len(_DELAYS_S)) - 1]
        log.warning("event failed, will retry", type=event.ce_type, event_id=event.event_id,
                    deliveries=event.deliveries, error=repr(failure))  # fmt: skip
        _HANDLED.labels(self._stream, event.ce_type, "retry").inc()
        await message.nak(delay=delay)

    async def _keep_alive(self) -> None:
        """Tell the broker of messages that take longer: of each that was in hand a while ago and still is."""
        before: set[int] = set()
        while True:
            await asyncio.sleep(self._ack_wait_s / 3)
            with contextlib.suppress(NatsError, OSError):
                for message in [self._in_hand[key] for key in before & self._in_hand.keys()]:
                    await message.in_progress()
            before = set(self._in_hand)


def incoming(message: Msg) -> IncomingEvent:
    """Read a message and its CloudEvents headers; one without them gets ids from its stream position."""
    headers = dict(message.headers or {})
    metadata = message.metadata
    return IncomingEvent(
        subject=message.subject,
        event_id=headers.get("ce-id", f"{metadata.stream}:{metadata.sequence.stream}"),
        time=_time(headers.get("ce-time")) or metadata.timestamp.astimezone(UTC),
        payload=message.data,
        deliveries=metadata.num_delivered or 1,
        headers=headers,
    )


def _time(value: str | None) -> datetime | None:
    with contextlib.suppress(ValueError):
        return datetime.fromisoformat(value) if value else None
    return None
