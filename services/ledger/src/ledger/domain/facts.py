"""Facts that the ledger publishes once a transaction is committed."""

from dataclasses import dataclass
from datetime import datetime

from ledger.domain.balance import Balance
from ledger.domain.lot import Category


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something that happened to an account."""

    account_id: str
    balance: Balance
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class CreditsGranted(Fact):
    """Credits were added."""

    grant_id: str
    amount: int
    category: Category
    source: str
    payment_id: str | None


@dataclass(frozen=True, kw_only=True)
class CreditsReserved(Fact):
    """Credits were set aside for a job."""

    reservation_id: str
    reference: str
    amount: int
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class CreditsCharged(Fact):
    """A reservation was settled by taking credits; `refunded` came back because less was taken."""

    reservation_id: str
    reference: str
    charged: int
    refunded: int


@dataclass(frozen=True, kw_only=True)
class CreditsRefunded(Fact):
    """A reservation was given back whole."""

    reservation_id: str
    reference: str
    refunded: int
    reason: str
