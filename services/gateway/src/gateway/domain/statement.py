"""A statement as the ledger sealed it: nothing is left out, so that anyone can verify it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.domain.identifiers import (
    AccountId,
    EntryId,
    GrantId,
    PaymentId,
    RequestId,
    ReservationId,
    TransactionId,
)


@dataclass(frozen=True, kw_only=True)
class StatementOpening:
    """Where it begins: the balances after `sequence`, the last line before the range.

    `hash` seals that line; it is 64 zeros before the first one, empty while it is not sealed yet.
    """

    account_id: AccountId
    since: datetime | None
    until: datetime | None
    available: int
    held: int
    debt: int
    sequence: int
    hash: str


@dataclass(frozen=True, kw_only=True)
class StatementLine:
    """One movement between books that sums to zero; what is not there is an empty text.

    `hash` seals this line and every one before it; empty while it is not sealed yet.
    """

    account_id: AccountId
    entry_id: EntryId
    transaction_id: TransactionId
    sequence: int
    kind: str
    category: str
    available: int
    held: int
    world: int
    revenue: int
    breakage: int
    debt: int
    adjustment: int
    balance_after: int
    held_after: int
    request_id: RequestId
    grant_id: GrantId
    reservation_id: ReservationId
    reference: str
    payment_id: PaymentId
    actor: str
    reason: str
    metadata: Mapping[str, str]
    created_at: datetime
    hash: str


@dataclass(frozen=True, kw_only=True)
class StatementClosing:
    """Where it ends: the balances after `sequence`, and the hash of the last line that is sealed."""

    available: int
    held: int
    debt: int
    sequence: int
    hash: str
    lines: int
    unsealed: int


StatementPart = StatementOpening | StatementLine | StatementClosing
