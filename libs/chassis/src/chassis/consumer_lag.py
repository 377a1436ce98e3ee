"""How much a durable consumer has yet to handle, and how near that is to being discarded by its stream."""

import asyncio
from datetime import UTC, datetime

import structlog
from nats.js import JetStreamContext
from prometheus_client import Gauge

from chassis.process import raise_if_cancelled

_MEASURE_EVERY_S = 15.0
_ALARM_RISK, _ALARM_AFTER = 0.5, 2
_UNKNOWN = float("nan")

_PENDING = Gauge("consumer_pending_events", "Events that wait to be handled; NaN when unknown", ["stream"])
_RISK = Gauge(
    "consumer_discard_risk",
    "How near the oldest event that waits is to being discarded: 1 is now; NaN when unknown",
    ["stream"],
)

log = structlog.get_logger(__name__)


class ConsumerLag:
    """Measures one durable consumer, and alarms while there is still time.

    A full stream discards its oldest events, handled or not (`nats.ensure_stream` says why).
    """

    def __init__(self, js: JetStreamContext, *, stream: str, durable: str) -> None:
        self._js = js
        self._stream = stream
        self._durable = durable
        self._risky = 0

    async def run(self) -> None:
        """Measure until cancelled. What can't be measured is unknown, never zero."""
        while True:
            raise_if_cancelled()
            try:
                await self.measure()
            except Exception as failure:  # noqa: BLE001 - the gauges outlive the broker
                _PENDING.labels(self._stream).set(_UNKNOWN)
                _RISK.labels(self._stream).set(_UNKNOWN)
                log.info("a consumer can't be measured", stream=self._stream, error=repr(failure))
            await asyncio.sleep(_MEASURE_EVERY_S)

    async def measure(self) -> float:
        """Measure once; return the risk. Raises when the broker is away or the consumer is not there yet."""
        consumer = await self._js.consumer_info(self._stream, self._durable)
        stream = await self._js.stream_info(self._stream)
        state, config = stream.state, stream.config
        pending = (consumer.num_pending or 0) + (consumer.num_ack_pending or 0)
        risk = 0.0
        if pending:
            floor = consumer.ack_floor
            handled = floor.stream_seq if floor else 0
            unhandled = min(1.0, (state.last_seq - handled) / max(1, state.last_seq - state.first_seq + 1))
            if (config.max_bytes or 0) > 0:
                risk = unhandled * state.bytes / (config.max_bytes or 1)
            if config.max_age and floor and floor.last_active:
                stalled = datetime.now(UTC) - floor.last_active
                risk = max(risk, stalled.total_seconds() / config.max_age)
        _PENDING.labels(self._stream).set(pending)
        _RISK.labels(self._stream).set(risk)
        self._alarm(risk, pending)
        return risk

    def _alarm(self, risk: float, pending: int) -> None:
        self._risky = self._risky + 1 if risk >= _ALARM_RISK else 0
        # Not at once: after days without events, one that came a moment ago looks as old as they.
        if self._risky == _ALARM_AFTER:
            log.error("events that nobody handled will be discarded", stream=self._stream,
                      consumer=self._durable, pending=pending, risk=round(risk, 2))  # fmt: skip
