"""Entries: the journal's rows. Each moves credits between books and sums to zero."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from ledger.domain.identifiers import (
    AccountId,
    EntryId,
    GrantId,
    PaymentId,
    RequestId,
    ReservationId,
    TransactionId,
)
from ledger.domain.lot import Category
from ledger.domain.occasion import NO_METADATA


class EntryKind(StrEnum):
    """What an entry records."""

    GRANT = "grant"
    RESERVE = "reserve"
    CHARGE = "charge"
    REFUND = "refund"
    EXPIRE = "expire"
    CLAWBACK = "clawback"
    ADJUST = "adjust"
    RESET = "reset"


class Movement(NamedTuple):
    """Credits that moved between books, as signed changes that sum to zero.

    `available` and `held` are the account's; the others are the system's: `world` where credits come
    from and go back to, `revenue` what was charged, `breakage` what expired, `debt` what is owed (below
    zero), `adjustment` what support corrected.
    """

    available: int = 0
    held: int = 0
    world: int = 0
    revenue: int = 0
    breakage: int = 0
    debt: int = 0
    adjustment: int = 0


class Entry(NamedTuple):
    """One row of an account's journal; `sequence` is dense per account, from 1, and time never runs back."""

    entry_id: EntryId
    transaction_id: TransactionId
    account_id: AccountId
    sequence: int
    kind: EntryKind
    category: Category
    movement: Movement
    balance_after: int
    held_after: int
    request_id: RequestId | None
    grant_id: GrantId | None
    reservation_id: ReservationId | None
    reference: str | None
    payment_id: PaymentId | None
    actor: str | None
    reason: str | None
    created_at: datetime
    metadata: Mapping[str, str] = NO_METADATA
