"""Facts that the ledger publishes once a transaction is committed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ledger.domain.balance import Balance
from ledger.domain.identifiers import AccountId, GrantId, PaymentId, ReservationId, SessionId
from ledger.domain.lot import Category
from ledger.domain.occasion import no_metadata


@dataclass(slots=True, kw_only=True)
class Fact:
    """Something that happened to an account; `balance` is the one after it.

    `headers` travel with it, so that whoever hears of it knows which request it belongs to.
    """

    account_id: AccountId
    balance: Balance
    occurred_at: datetime
    headers: Mapping[str, str] = field(default_factory=no_metadata)


@dataclass(slots=True, kw_only=True)
class CreditsGranted(Fact):
    """Credits were added."""

    grant_id: GrantId
    amount: int
    category: Category
    source: str
    payment_id: PaymentId | None


@dataclass(slots=True, kw_only=True)
class CreditsReserved(Fact):
    """Credits were set aside for a job."""

    reservation_id: ReservationId
    reference: str
    amount: int
    expires_at: datetime


@dataclass(slots=True, kw_only=True)
class CreditsCharged(Fact):
    """A reservation was settled by taking credits; `refunded` came back because less was taken."""

    reservation_id: ReservationId
    reference: str
    charged: int
    refunded: int


@dataclass(slots=True, kw_only=True)
class CreditsRefunded(Fact):
    """A reservation was given back whole."""

    reservation_id: ReservationId
    reference: str
    refunded: int
    reason: str | None


@dataclass(slots=True, kw_only=True)
class CreditsExpired(Fact):
    """Credits of lots that expired, or that a renewal ended, are gone."""

    amount: int


@dataclass(slots=True, kw_only=True)
class CreditsClawedBack(Fact):
    """What is taken back for a payment changed by `amount`; below zero, credits came back."""

    payment_id: PaymentId
    amount: int
    taken: int
    reason: str | None


@dataclass(slots=True, kw_only=True)
class CreditsAdjusted(Fact):
    """A person corrected the balance; an operator at a terminal has no session and no address."""

    amount: int
    available_before: int
    actor: str | None
    reason: str | None
    session_id: SessionId | None = None
    client_address: str | None = None


@dataclass(slots=True, kw_only=True)
class CreditsExpiring(Fact):
    """What is left of a lot expires soon."""

    grant_id: GrantId
    amount: int
    expires_at: datetime


@dataclass(slots=True, kw_only=True)
class BalanceLow(Fact):
    """The available credits fell below the threshold."""

    threshold: int
