"""The Stripe account: its objects, its clock and the changes made to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from standins.stripe.errors import no_such
from standins.stripe.ids import new_id
from standins.stripe.settings import StripeSettings
from standins.stripe.store import Document, Store, public
from standins.stripe.timers import add_timer
from standins.stripe.webhooks.outgoing import enqueue

TEST_CLOCK = "test_helpers.test_clock"


@dataclass(frozen=True)
class Cause:
    """The API request behind a change, as events name it."""

    request_id: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True)
class Account:
    """Everything that a change needs; `changed` is called after each commit."""

    store: Store
    settings: StripeSettings
    changed: Callable[[], None]
    clock: Callable[[], float] = field(default=time.time)

    @contextmanager
    def change(self, cause: Cause = Cause()) -> Iterator[Change]:
        """One transaction: objects, events, deliveries and timers are committed together."""
        with self.store.transaction():
            yield Change(self, cause)
        self.changed()


@dataclass(frozen=True)
class Change:
    """A transaction in progress."""

    account: Account
    cause: Cause
    clock: str | None = None
    """The test clock that this part of the change lives by."""
    frozen_at: int | None = None

    def on_clock(self, clock: Document | None) -> Change:
        """Return this change at a test clock's time; without one, at the present."""
        if clock is None:
            return replace(self, clock=None, frozen_at=None)
        return replace(self, clock=clock["id"], frozen_at=clock["frozen_time"])

    def at_time_of(self, customer_id: str | None) -> Change:
        """Return this change at the time that a customer lives by: their test clock's, or the present."""
        customer = self.store.get("customer", customer_id) if customer_id else None
        clock_id = customer["test_clock"] if customer else None
        return self.on_clock(self.require(TEST_CLOCK, clock_id) if clock_id else None)

    @property
    def store(self) -> Store:
        """The documents."""
        return self.account.store

    @property
    def now(self) -> int:
        """The present, or where a test clock stands, in Unix seconds."""
        return int(self.account.clock()) if self.frozen_at is None else self.frozen_at

    def require(self, kind: str, object_id: str, *, param: str = "id", status: int = 400) -> Document:
        """Return the object, or raise the refusal that Stripe gives for a missing one."""
        document = self.store.get(kind, object_id)
        if document is None:
            raise no_such(kind, object_id, param=param, status=status)
        return document

    def add(self, document: Document, event: str | None = None) -> Document:
        """Store a new object and, where the kind has one, record its creation event."""
        self.store.save(document)
        if event:
            self.record(event, document)
        return document

    def update(self, document: Document, event: str, **values: object) -> Document:
        """Set fields; an event with the previous values is recorded when something changed."""
        previous = {name: document.get(name) for name, value in values.items() if document.get(name) != value}
        if not previous:
            return document
        updated = {**document, **values}
        self.store.save(updated)
        self.record(event, updated, previous=previous)
        return updated

    def record(self, event_type: str, subject: Document, *, previous: Document | None = None) -> Document:
        """Store an event with a snapshot of its subject and queue its webhook."""
        settings = self.account.settings
        snapshot: Document = {"object": public(subject)}
        if previous:
            snapshot["previous_attributes"] = previous
        event: Document = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": settings.webhook_api_version,
            # Events are of the wall clock: their webhooks are signed by it.
            "created": int(self.account.clock()),
            "data": snapshot,
            "livemode": False,
            "pending_webhooks": 1 if settings.webhook_url else 0,
            "request": {"id": self.cause.request_id, "idempotency_key": self.cause.idempotency_key},
            "type": event_type,
        }
        self.store.save(event)
        if settings.webhook_url:
            enqueue(self.store, event["id"], now=self.account.clock())
        return event

    def schedule(self, action: str, subject: str, *, delay_s: float) -> None:
        """Have an action run on a subject later, by the wall clock; it survives a restart."""
        add_timer(self.store, action, subject, due_at=self.account.clock() + delay_s, clock=None)

    def schedule_at(self, action: str, subject: str, *, due_at: int) -> None:
        """Have an action run on a subject at a moment of the time that this change lives by."""
        add_timer(self.store, action, subject, due_at=due_at, clock=self.clock)
