"""What the payment processor lists, page by page, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Listing(Generic[T]):
    """One page. `next_after` is where the next one goes on, None on the last."""

    items: Sequence[T]
    next_after: str | None


@dataclass(frozen=True, kw_only=True)
class Scan:
    """How far a list was read: completely from its end down to `since` when it was begun last.

    While one is going on, `begun_at` says since when, and `after` where it goes on.
    """

    name: str
    since: datetime
    begun_at: datetime | None = None
    after: str | None = None
