"""What happens later: by the wall clock, or by a test clock when somebody advances it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from standins.stripe.store import Store

if TYPE_CHECKING:
    from standins.stripe.account import Change

    Action = Callable[[Change, str], None]
else:
    Action = Callable


@dataclass(frozen=True)
class Timer:
    """An action that waits for its moment; `clock` is None for the wall clock."""

    id: int
    due_at: float
    action: str
    subject: str


def add_timer(store: Store, action: str, subject: str, *, due_at: float, clock: str | None) -> None:
    """Keep a timer; the same one twice is kept once."""
    values = (action, subject, due_at, clock)
    known = store.sql.execute(
        "SELECT 1 FROM timers WHERE action = ? AND subject = ? AND due_at = ? AND clock IS ?", values
    ).fetchone()
    if known is None:
        store.sql.execute("INSERT INTO timers (action, subject, due_at, clock) VALUES (?, ?, ?, ?)", values)


def due(store: Store, *, now: float, clock: str | None = None) -> list[Timer]:
    """Return a clock's timers that are due, in their order."""
    rows = store.sql.execute(
        "SELECT id, due_at, action, subject FROM timers WHERE clock IS ? AND due_at <= ? ORDER BY due_at, id",
        (clock, now),
    )
    return [Timer(**row) for row in rows]


def next_due_at(store: Store) -> float | None:
    """When the wall clock's next timer falls due."""
    row = store.sql.execute("SELECT min(due_at) AS due_at FROM timers WHERE clock IS NULL").fetchone()
    due_at: float | None = row["due_at"]
    return due_at


def fire(change: Change, actions: Mapping[str, Action], timer: Timer) -> None:
    """Do a timer's action, once."""
    change.store.sql.execute("DELETE FROM timers WHERE id = ?", (timer.id,))
    actions[timer.action](change, timer.subject)


def forget(store: Store, *, clock: str) -> None:
    """Drop what a clock would have brought."""
    store.sql.execute("DELETE FROM timers WHERE clock = ?", (clock,))
