"""Reading: balances, statements, reservations. Locks nothing."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ledger.domain.balance import Balance
from ledger.domain.entry import Entry, EntryKind
from ledger.domain.identifiers import AccountId, GrantId, PaymentId, ReservationId, SubscriptionId
from ledger.domain.lot import Category, Lot
from ledger.domain.reservation import Reservation


@dataclass(frozen=True, kw_only=True)
class EntryFilter:
    """Which entries of an account to list, newest first, before a sequence."""

    kinds: Sequence[EntryKind] = ()
    since: datetime | None = None
    until: datetime | None = None
    before_sequence: int | None = None
    limit: int = 20


@dataclass(frozen=True, kw_only=True)
class PinnedLot:
    """A lot that a reservation drew from, and where its credits came from."""

    grant_id: GrantId
    category: Category
    amount: int
    source: str
    granted_at: datetime


@dataclass(frozen=True, kw_only=True)
class PaymentGrant:
    """A grant that a payment paid for, and what is taken back for that payment now, debt included."""

    payment_id: PaymentId
    account_id: AccountId
    amount: int
    taken_back: int = 0


@dataclass(frozen=True, kw_only=True)
class PlanGrant:
    """Credits that a subscription brought, a month's or an upgrade's, and when they are good."""

    subscription_id: SubscriptionId
    account_id: AccountId
    amount: int
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ExpiringLot:
    """A lot whose credits expire soon."""

    grant_id: GrantId
    account_id: AccountId


class LedgerReader(Protocol):
    """Reads committed state."""

    async def balance(self, account_id: AccountId, now: datetime) -> Balance:
        """Return an account's balance at this moment; zeroes for an account that was never used."""

    async def entries(self, account_id: AccountId, wanted: EntryFilter) -> list[Entry]:
        """Return at most `wanted.limit` entries, newest first."""

    async def reservation(
        self, *, reservation_id: ReservationId | None = None, reference: str | None = None
    ) -> Reservation | None:
        """Return a reservation by its id or by what it was held for."""

    async def pinned_lots(
        self, account_id: AccountId, reservation_id: ReservationId
    ) -> list[PinnedLot] | None:
        """Return a reservation's lots in spending order; None when it is not this account's."""

    async def open_lots(self, account_id: AccountId, now: datetime) -> list[Lot]:
        """Return the account's lots that have credits and did not expire, in any order."""

    def settled_reservations(self) -> AsyncIterator[Reservation]:
        """Stream every settled reservation (without lines), oldest first."""

    def payment_grants(self) -> AsyncIterator[PaymentGrant]:
        """Stream every grant that a payment paid for, oldest first."""

    def plan_grants(self) -> AsyncIterator[PlanGrant]:
        """Stream every grant that a subscription brought, oldest first."""

    async def open_reservations(self) -> int:
        """Count the reservations that hold credits now."""

    async def overdue_reservations(self, now: datetime, limit: int) -> list[Reservation]:
        """Return held reservations past their expiry, the oldest first."""

    async def lots_expiring_untold(self, now: datetime, notice: timedelta, limit: int) -> list[ExpiringLot]:
        """Return lots with credits that expire within the notice and were not told, the soonest first.

        Not those of a plan, which the next month's replace, nor those that live no longer than the notice.
        A lot is told once the request `expiring:<grant id>` is recorded.
        """

    async def accounts_with_expired_lots(
        self, now: datetime, limit: int, *, after: AccountId | None = None
    ) -> list[AccountId]:
        """Return accounts that hold credits of lots that expired, by id, those after an id."""
