"""Entries: the journal's rows. Each moves credits between books and sums to zero."""

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from ledger.domain.lot import Category


class EntryKind(StrEnum):
    """What an entry records."""

    GRANT = "grant"
    RESERVE = "reserve"
    CHARGE = "charge"
    REFUND = "refund"
    EXPIRE = "expire"


@dataclass(frozen=True, kw_only=True)
class Movement:
    """Credits that moved between books, as signed changes that sum to zero.

    `available` and `held` are the account's; the others are the system's: `world` where credits come
    from, `revenue` what was charged, `breakage` what expired, `debt` what is owed, `adjustment` what
    support corrected.
    """

    available: int = 0
    held: int = 0
    world: int = 0
    revenue: int = 0
    breakage: int = 0
    debt: int = 0
    adjustment: int = 0

    def __post_init__(self) -> None:
        if (total := sum(getattr(self, field.name) for field in fields(self))) != 0:
            raise ValueError(f"a movement must sum to zero, not {total}")


@dataclass(frozen=True, kw_only=True)
class Links:
    """What an entry belongs to."""

    transaction_id: str
    request_id: str | None = None
    grant_id: str | None = None
    reservation_id: str | None = None
    reference: str | None = None
    payment_id: str | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One row of an account's journal; `sequence` is dense per account, from 1."""

    entry_id: str
    account_id: str
    sequence: int
    kind: EntryKind
    category: Category
    movement: Movement
    balance_after: int
    held_after: int
    links: Links
    created_at: datetime
