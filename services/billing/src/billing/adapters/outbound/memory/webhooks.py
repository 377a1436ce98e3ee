"""Webhooks in memory: the part of the unit of work, and the reader."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

from billing.adapters.outbound.memory.store import MemoryBilling, MemoryWebhook
from billing.domain.identifiers import EventId
from billing.domain.webhook_event import (
    IgnoredCause,
    Stored,
    StoredWebhook,
    WebhookEvent,
    WebhookOutcome,
    WebhookState,
)

_HELD_BACK = (WebhookState.PARKED, WebhookState.IGNORED)
_FINISHED = (WebhookState.DONE, WebhookState.IGNORED)


class MemoryWebhooks:
    """The part of the unit of work about webhooks."""

    def __init__(self, billing: MemoryBilling) -> None:
        self._billing = billing

    async def add_webhook(self, event: WebhookEvent, *, wakes: bool = True) -> Stored:
        """Store a webhook once, or wake the stored one."""
        known = self._billing.webhooks.get(event.event_id)
        if known and not (wakes and event.cause is None and known.state in _HELD_BACK):
            return Stored.DUPLICATE
        self._billing.webhooks[event.event_id] = MemoryWebhook(
            event=replace(event, received_at=known.event.received_at) if known else event,
            state=WebhookState.IGNORED if event.cause else WebhookState.WAITING,
            due_at=event.received_at,
            finished_at=event.received_at if event.cause else None,
        )
        return Stored.WOKEN if known else Stored.NEW

    async def claim_webhook(self, *, now: datetime, until: datetime, token: str) -> WebhookEvent | None:
        """Take the webhook that is due longest."""
        stored = self._billing.webhooks.values()
        due = [known for known in stored if known.state is WebhookState.WAITING and known.due_at <= now]
        if not due:
            return None
        found = min(due, key=lambda known: known.due_at)
        event = replace(found.event, attempts=found.event.attempts + (found.token is not None))
        self._billing.webhooks[event.event_id] = replace(found, event=event, due_at=until, token=token)
        return event

    async def finish_webhook(
        self, event_id: EventId, *, token: str, outcome: WebhookOutcome, now: datetime
    ) -> bool:
        """Write what came of a claim, if it is still this claim's."""
        claimed = self._billing.webhooks[event_id]
        if claimed.token != token:
            return False
        self._billing.webhooks[event_id] = MemoryWebhook(
            event=replace(claimed.event, attempts=outcome.attempts, cause=outcome.cause),
            state=outcome.state,
            due_at=outcome.due_at or claimed.due_at,
            finished_at=None if outcome.state is WebhookState.WAITING else now,
            error=outcome.error,
        )
        return True

    async def wake_webhook(self, event_id: EventId, *, now: datetime) -> bool:
        """Have a webhook worked out anew, if it is about something."""
        known = self._billing.webhooks.get(event_id)
        if known is None or known.event.subject is None:
            return False
        event = replace(known.event, attempts=0, cause=None)
        self._billing.webhooks[event_id] = MemoryWebhook(event=event, state=WebhookState.WAITING, due_at=now)
        return True

    async def forget_bodies(self, *, before: datetime, limit: int) -> int:
        """Empty the bodies of webhooks that were done or ignored before a moment."""
        old = [
            webhook
            for webhook in self._billing.webhooks.values()
            if webhook.state in _FINISHED
            and webhook.finished_at
            and webhook.finished_at < before
            and webhook.event.body
        ]
        emptied = {
            webhook.event.event_id: replace(webhook, event=replace(webhook.event, body=b""))
            for webhook in islice(old, limit)
        }
        self._billing.webhooks |= emptied
        return len(emptied)


class MemoryWebhookReader:
    """Implements WebhookReader."""

    def __init__(self, billing: MemoryBilling) -> None:
        self._billing = billing

    async def webhooks(self, *, state: WebhookState | None, limit: int) -> Sequence[StoredWebhook]:
        """Return webhooks, newest first, without their bodies."""
        found = [
            replace(webhook, event=replace(webhook.event, body=b""))
            for webhook in self._billing.webhooks.values()
            if state in (None, webhook.state)
        ]
        by_id = sorted(found, key=lambda webhook: webhook.event.event_id)
        return sorted(by_id, key=lambda webhook: webhook.event.received_at, reverse=True)[:limit]

    async def webhook(self, event_id: EventId) -> StoredWebhook | None:
        """Return one webhook, whole."""
        return self._billing.webhooks.get(event_id)

    async def webhook_counts(self) -> Mapping[tuple[WebhookState, IgnoredCause | None], int]:
        """Return how many there are, by state and cause."""
        counts: dict[tuple[WebhookState, IgnoredCause | None], int] = {}
        for webhook in self._billing.webhooks.values():
            key = (webhook.state, webhook.event.cause)
            counts[key] = counts.get(key, 0) + 1
        return counts

    async def oldest_waiting_webhook(self) -> datetime | None:
        """Return when the oldest one that waits was received."""
        waiting = [
            webhook for webhook in self._billing.webhooks.values() if webhook.state is WebhookState.WAITING
        ]
        return min((webhook.event.received_at for webhook in waiting), default=None)
