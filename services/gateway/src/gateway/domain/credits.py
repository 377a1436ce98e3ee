"""What the ledger says about an account. Amounts are whole credits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.identifiers import AccountId, EntryId, GenerationId, GrantId, PaymentId, ReservationId


class Category(StrEnum):
    """What a lot of credits is."""

    SUBSCRIPTION = "subscription"
    PROMOTIONAL = "promotional"
    PAID = "paid"


class EntryKind(StrEnum):
    """What a line of the statement records."""

    GRANT = "grant"
    RESERVE = "reserve"
    CHARGE = "charge"
    REFUND = "refund"
    EXPIRE = "expire"
    CLAWBACK = "clawback"
    ADJUST = "adjust"
    RESET = "reset"


@dataclass(frozen=True, kw_only=True)
class Balance:
    """What an account can spend, by category, what is held for running jobs, and what it can spend later."""

    available: int
    held: int
    debt: int
    by_category: Mapping[Category, int]
    """What of `available` is of each category that is known here, those without credits left out."""
    next_expiry: datetime | None
    sequence: int
    """Of two balances of an account, the one with the higher sequence is newer."""
    upcoming: int = 0
    next_effective: datetime | None = None
    welcome_credits: int = 0
    """What a person who is welcomed gets; told with the balance for pages that promise it."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the statement; `amount` is the signed change of the available balance."""

    entry_id: EntryId
    sequence: int
    kind: EntryKind
    amount: int
    category: Category | None
    balance_after: int
    held_after: int
    settled: int
    reservation_id: ReservationId | None
    generation_id: GenerationId | None
    payment_id: PaymentId | None
    reason: str | None
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class EntryFilter:
    """Which lines of the statement; empty means any."""

    kinds: tuple[EntryKind, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


class ReservationState(StrEnum):
    """Where a reservation stands."""

    HELD = "held"
    CHARGED = "charged"
    REFUNDED = "refunded"


@dataclass(frozen=True, kw_only=True)
class Reservation:
    """Credits set aside for one generation."""

    reservation_id: ReservationId
    account_id: AccountId
    state: ReservationState
    reserved: int
    charged: int
    refunded: int
    expires_at: datetime
    created_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class PinnedLot:
    """A lot that a reservation drew from."""

    grant_id: GrantId
    category: Category
    amount: int
    source: str
    granted_at: datetime

    @property
    def payment_id(self) -> str | None:
        """The payment that paid for the lot, if one did."""
        return payment_of(self.source)


@dataclass(frozen=True, kw_only=True)
class Lot:
    """Credits that were granted together, and what is left of them."""

    grant_id: GrantId
    category: Category | None
    """None for one that is not known here."""
    amount: int
    """As granted."""
    remaining: int
    held: int
    """Set aside for jobs that run."""
    source: str
    granted_at: datetime
    effective_at: datetime
    """From when on it can be spent."""
    expires_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class OpenLots:
    """Lots that have credits, in spending order, and how many more there are, which are spent last."""

    lots: Sequence[Lot]
    further: int = 0


def payment_of(source: str) -> PaymentId | None:
    """Return the payment that credits came from; None where they came from none."""
    return PaymentId(source.removeprefix("payment:")) if source.startswith("payment:") else None
