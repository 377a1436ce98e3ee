"""The durable queue of webhook deliveries; every function runs inside the caller's transaction."""

from __future__ import annotations

import json
import random
from dataclasses import asdict, dataclass
from typing import Any

from standins.stripe.store import Store

COPIES_MAX = 100


@dataclass(frozen=True)
class Delivery:
    """One promise to deliver one event."""

    id: int
    event: str
    attempts: int


@dataclass(frozen=True)
class Outcome:
    """How one attempt went: an HTTP status, or the error that kept it from getting one."""

    at: float
    status: int | None
    error: str | None

    @property
    def delivered(self) -> bool:
        """Whether the endpoint accepted it."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True)
class Mode:
    """How deliveries are made; kept over restarts."""

    paused: bool = False
    shuffle_window_s: float = 0.0
    copies: int = 1


def read_mode(store: Store) -> Mode:
    """Return the mode in force."""
    return Mode(**store.recall("deliveries", {}))


def write_mode(store: Store, mode: Mode) -> None:
    """Put a mode in force for everything queued from now on; pausing also holds what is already queued."""
    store.remember("deliveries", asdict(mode))


def enqueue(store: Store, event_id: str, *, now: float, times: int | None = None) -> None:
    """Queue an event as often as asked or as the mode says, each at a random moment of the shuffle window."""
    mode = read_mode(store)
    for _ in range(min(times or mode.copies, COPIES_MAX)):
        store.sql.execute(
            "INSERT INTO deliveries (event, due_at) VALUES (?, ?)",
            (event_id, now + random.uniform(0, mode.shuffle_window_s)),
        )


def due(store: Store, *, now: float, skip: set[int], limit: int) -> list[Delivery]:
    """Return what should go out now and is not in `skip`, longest due first; nothing while paused."""
    if limit < 1 or read_mode(store).paused:
        return []
    rows = store.sql.execute(
        "SELECT id, event, attempts FROM deliveries WHERE state = 'pending' AND due_at <= ?"
        " AND id NOT IN (SELECT value FROM json_each(?)) ORDER BY due_at LIMIT ?",
        (now, json.dumps(list(skip)), limit),
    )
    return [Delivery(**row) for row in rows]


def next_due_at(store: Store, *, skip: set[int]) -> float | None:
    """When the next delivery that is not in `skip` falls due."""
    if read_mode(store).paused:
        return None
    row = store.sql.execute(
        "SELECT min(due_at) AS due_at FROM deliveries WHERE state = 'pending'"
        " AND id NOT IN (SELECT value FROM json_each(?))",
        (json.dumps(list(skip)),),
    ).fetchone()
    due_at: float | None = row["due_at"]
    return due_at


def conclude(store: Store, delivery: Delivery, outcome: Outcome, retry_delays_s: tuple[float, ...]) -> None:
    """Record an attempt: delivered, to be retried after the next delay, or failed once those are used up."""
    if outcome.delivered:
        state, due_at = "delivered", outcome.at
    elif delivery.attempts < len(retry_delays_s):
        state, due_at = "pending", outcome.at + retry_delays_s[delivery.attempts]
    else:
        state, due_at = "failed", outcome.at
    store.sql.execute(
        "UPDATE deliveries SET state = ?, due_at = ?, attempts = attempts + 1,"
        " outcomes = json_insert(outcomes, '$[#]', json(?)) WHERE id = ?",
        (state, due_at, json.dumps(asdict(outcome)), delivery.id),
    )


def pending_count(store: Store, event_id: str) -> int:
    """How many deliveries of an event have not succeeded yet: its `pending_webhooks`."""
    row = store.sql.execute(
        "SELECT count(*) AS n FROM deliveries WHERE event = ? AND state = 'pending'", (event_id,)
    ).fetchone()
    return int(row["n"])


def listed(store: Store, *, event_id: str | None, state: str | None, limit: int) -> list[dict[str, Any]]:
    """Deliveries with every attempt's outcome, newest first."""
    rows = store.sql.execute(
        "SELECT d.id, d.event, o.body ->> '$.type' AS type, d.state, d.attempts, d.due_at, d.outcomes"
        " FROM deliveries d JOIN objects o ON o.id = d.event"
        " WHERE (?1 IS NULL OR d.event = ?1) AND (?2 IS NULL OR d.state = ?2) ORDER BY d.id DESC LIMIT ?3",
        (event_id, state, limit),
    )
    return [{**dict(row), "outcomes": json.loads(row["outcomes"])} for row in rows]


def hasten(store: Store, *, now: float) -> int:
    """Make everything undelivered due now, given-up deliveries included; returns how many."""
    cursor = store.sql.execute(
        "UPDATE deliveries SET state = 'pending', attempts = 0, due_at = ? WHERE state != 'delivered'", (now,)
    )
    return cursor.rowcount
