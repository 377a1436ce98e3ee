"""The organization that sells through Polar: its objects, its clock and the changes made to it."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4, uuid5

from standins.polar.errors import not_found
from standins.polar.settings import PolarSettings
from standins.polar.store import Document, Store

API_VERSION = "2026-10"
ORGANIZATION_ID = str(uuid5(UUID(int=0), "standin"))


def written(moment: float) -> str:
    """Write a moment as Polar does."""
    return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")


def public(document: Document) -> Document:
    """Return the document as callers see it: fields that begin with an underscore stay inside."""
    return {name: value for name, value in document.items() if not name.startswith("_")}


@dataclass
class Deliveries:
    """How webhooks are sent, until a test orders it otherwise; forgotten at a restart."""

    paused: bool = False
    copies: int = 1


@dataclass(frozen=True)
class Organization:
    """Everything that a change needs; `changed` is called after each commit."""

    store: Store
    settings: PolarSettings
    changed: Callable[[], None]
    deliveries: Deliveries = field(default_factory=Deliveries)
    clock: Callable[[], float] = field(default=time.time)

    @contextmanager
    def change(self) -> Iterator[Change]:
        """One transaction: objects, webhooks and timers are committed together."""
        with self.store.transaction():
            yield Change(self)
        self.changed()


@dataclass(frozen=True)
class Change:
    """A transaction in progress."""

    organization: Organization

    @property
    def store(self) -> Store:
        """The documents."""
        return self.organization.store

    @property
    def now(self) -> str:
        """The present, as Polar writes it."""
        return written(self.organization.clock())

    def new(self, kind: str, **values: object) -> Document:
        """Store a new object."""
        document = {
            "id": str(uuid4()),
            "created_at": self.now,
            "modified_at": None,
            "organization_id": ORGANIZATION_ID,
            **values,
        }
        self.store.save(kind, document)
        return document

    def require(self, kind: str, object_id: str) -> Document:
        """Return an object; refuses as Polar does where there is none."""
        document = self.store.get(kind, object_id)
        if document is None or document.get("deleted_at"):
            raise not_found()
        return document

    def update(self, kind: str, document: Document, **values: object) -> Document:
        """Set fields."""
        changed = {**document, "modified_at": self.now, **values}
        self.store.save(kind, changed)
        return changed

    def tell(self, event: str, shown: Document) -> None:
        """Queue a webhook; every delivery of it has one id."""
        if self.organization.settings.webhook_url is None:
            return
        told = {"type": event, "api_version": API_VERSION, "timestamp": self.now, "data": shown}
        body = json.dumps(told)
        event_id, due_at = str(uuid4()), self.organization.clock()
        for _ in range(self.organization.deliveries.copies):
            self.store.sql.execute(
                "INSERT INTO deliveries (event, body, due_at) VALUES (?, ?, ?)", (event_id, body, due_at)
            )

    def later(self, action: str, subject: str, *, delay_s: float) -> None:
        """Have an action run on a subject; it survives a restart."""
        self.store.sql.execute(
            "INSERT INTO timers (due_at, action, subject) VALUES (?, ?, ?)",
            (self.organization.clock() + delay_s, action, subject),
        )


def new_secret(prefix: str) -> str:
    """Make a word that nobody guesses."""
    return prefix + secrets.token_urlsafe(24)
