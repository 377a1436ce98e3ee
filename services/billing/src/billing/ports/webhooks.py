"""Stored webhooks: a queue whose items are claimed for a while, and a record of what came."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from billing.domain.identifiers import EventId
from billing.domain.webhook_event import (
    IgnoredCause,
    Stored,
    StoredWebhook,
    Webhook,
    WebhookEvent,
    WebhookOutcome,
    WebhookState,
)


class WebhookVerifier(Protocol):
    """Knows the processor's signatures."""

    def verify(self, headers: Mapping[str, str], body: bytes) -> Webhook:
        """Return what a webhook says; names of headers are in lower case.

        Raises InvalidSignature unless the processor signed these bytes, and InvalidWebhook when it signed
        something that is no event.
        """


class WebhookQueue(Protocol):
    """The part of a unit of work about webhooks."""

    async def add_webhook(self, event: WebhookEvent, *, wakes: bool = True) -> Stored:
        """Store a webhook once: waiting, or ignored when it has a cause.

        One that comes again and has no cause wakes a stored one that is parked or ignored, with no failures
        counted, unless `wakes` is false; and changes nothing of one that waits or is done.
        """

    async def claim_webhook(self, *, now: datetime, until: datetime, token: str) -> WebhookEvent | None:
        """Take the webhook that is due longest, so that nobody else takes it before `until`.

        A claim that was never finished counts as a failure: its process died.
        """

    async def finish_webhook(
        self, event_id: EventId, *, token: str, outcome: WebhookOutcome, now: datetime
    ) -> bool:
        """Write what came of a claim; False, and nothing is written, when it is no longer this claim's."""

    async def wake_webhook(self, event_id: EventId, *, now: datetime) -> bool:
        """Have a webhook worked out anew, whatever came of it; False when none is, or it names nothing."""

    async def forget_bodies(self, *, before: datetime, limit: int) -> int:
        """Empty the bodies of webhooks that were done or ignored before a moment; return how many."""


class WebhookReader(Protocol):
    """Reads committed webhooks."""

    async def webhooks(self, *, state: WebhookState | None, limit: int) -> Sequence[StoredWebhook]:
        """Return webhooks, newest first, in one state or in all; their bodies are left out."""

    async def webhook(self, event_id: EventId) -> StoredWebhook | None:
        """Return one webhook, whole."""

    async def webhook_counts(self) -> Mapping[tuple[WebhookState, IgnoredCause | None], int]:
        """Return how many there are, by state and cause."""

    async def oldest_waiting_webhook(self) -> datetime | None:
        """Return when the oldest one that waits was received."""
