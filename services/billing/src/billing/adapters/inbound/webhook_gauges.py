"""What an operator sees of the webhooks: how many stand where, why some are ignored, how long one waits."""

from prometheus_client import Counter, Gauge

from billing.application.process_webhook import Worked
from billing.domain.webhook_event import IgnoredCause, WebhookState
from billing.ports.clock import Clock
from billing.ports.webhooks import WebhookReader

_PROCESSED = Counter("billing_webhooks_processed_total", "Webhooks worked on, by what came of it", ["state"])
_OUTAGES = Counter("billing_webhooks_outages_total", "Webhooks that wait for no fault of their own")
_FOUND = Counter(
    "billing_reconciled_total",
    "What the processor told when it was asked, before any webhook did or instead of it, by what was asked",
    ["list"],
)
_STORED = Gauge("billing_webhooks", "Stored webhooks; those that are ignored by cause", ["state", "cause"])
_OLDEST = Gauge("billing_webhooks_oldest_waiting_seconds", "Age of the oldest webhook that is not worked out")


def count_found(listed: str, count: int) -> None:
    """Count what the processor knew that nobody here did: one of its lists, or an open page."""
    _FOUND.labels(listed).inc(count)


def count_processed(worked: Worked) -> None:
    """Count one webhook that was worked on."""
    _PROCESSED.labels(worked.state.value).inc()
    if worked.is_outage:
        _OUTAGES.inc()


class WebhookGauges:
    """Measured from what is stored: a restart forgets nothing."""

    def __init__(self, reader: WebhookReader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock

    async def measure(self) -> None:
        """Set every gauge; one with nothing to count is 0."""
        counts = await self._reader.webhook_counts()
        every: set[tuple[WebhookState, IgnoredCause | None]] = {(state, None) for state in WebhookState}
        every |= {(WebhookState.IGNORED, cause) for cause in IgnoredCause}
        for state, cause in every | set(counts):
            _STORED.labels(state.value, cause.value if cause else "").set(counts.get((state, cause), 0))
        oldest = await self._reader.oldest_waiting_webhook()
        _OLDEST.set((self._clock.now() - oldest).total_seconds() if oldest else 0)
