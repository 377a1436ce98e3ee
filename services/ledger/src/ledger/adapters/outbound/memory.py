"""The ledger in memory: every port's fake, held to the same suite as PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ledger.adapters.outbound import constraints
from ledger.domain import sources
from ledger.domain.account import Account
from ledger.domain.balance import Balance
from ledger.domain.budget import Budget, BudgetKey
from ledger.domain.clawback import Clawback
from ledger.domain.entry import Entry
from ledger.domain.facts import Fact
from ledger.domain.identifiers import AccountId, EventId, GrantId, PaymentId, RequestId, ReservationId
from ledger.domain.lot import Category, Lot
from ledger.domain.request import RecordedRequest
from ledger.domain.reservation import Reservation, ReservationState
from ledger.ports.generation_settlements import Decision, Settlement
from ledger.ports.ledger_reader import EntryFilter, ExpiringLot, PaymentGrant, PinnedLot, PlanGrant
from ledger.ports.unit_of_work import Needs, UnitOfWork, WorkingSet


@dataclass
class MemoryLedger:
    """Committed state, and the facts that were published with it."""

    accounts: dict[AccountId, Account] = field(default_factory=dict)
    lots: dict[GrantId, Lot] = field(default_factory=dict)
    reservations: dict[ReservationId, Reservation] = field(default_factory=dict)
    clawbacks: dict[PaymentId, Clawback] = field(default_factory=dict)
    budgets: dict[tuple[AccountId, BudgetKey], Budget] = field(default_factory=dict)
    requests: dict[RequestId, RecordedRequest] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    events: set[EventId] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._one_at_a_time = asyncio.Lock()

    @asynccontextmanager
    async def of_system(self) -> AsyncIterator[UnitOfWork]:
        """Open a unit of work; one at a time, as if every account were one."""
        async with self._one_at_a_time:
            work = MemoryUnitOfWork(self)
            yield work
            work.write()

    def known_owner(self, reservation_id: ReservationId) -> AccountId | None:
        """Return whose a reservation is."""
        found = self.reservations.get(reservation_id)
        return found.account_id if found else None

    def loaded(self, account_id: AccountId) -> Account:
        """Return an account with everything that is its own."""
        stored = self.accounts.get(account_id) or Account(account_id)
        return Account(
            account_id,
            stored.available,
            stored.held,
            stored.debt,
            stored.sequence,
            stored.updated_at,
            lots={key: lot for key, lot in self.lots.items() if lot.account_id == account_id},
            reservations={
                k: reservation
                for k, reservation in self.reservations.items()
                if reservation.account_id == account_id
            },
            clawbacks={
                key: clawback for key, clawback in self.clawbacks.items() if clawback.account_id == account_id
            },
            budgets={key: budget for (owner, key), budget in self.budgets.items() if owner == account_id},
        )


class MemoryUnitOfWork:
    """One open transaction: values are changed, and put back when it is left."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger
        self._openings: set[AccountId] = set()
        self._changed: WorkingSet | None = None

    async def load(self, needs: Needs) -> WorkingSet:
        """Read every account that is needed."""
        ledger, found = self._ledger, WorkingSet()
        self._openings = needs.openings
        found.requests = {key: ledger.requests[key] for key in needs.requests if key in ledger.requests}
        found.handled_events = needs.events & ledger.events
        found.owners = {
            key: ledger.reservations[key].account_id
            for key in needs.reservations
            if key in ledger.reservations
        }
        paid = {lot.payment_id: lot.account_id for lot in ledger.lots.values() if lot.payment_id}
        told = {key: clawback.account_id for key, clawback in ledger.clawbacks.items()}
        found.payments = {key: owner for key, owner in {**told, **paid}.items() if key in needs.payments}
        known = (needs.accounts & ledger.accounts.keys()) | needs.openings | set(found.owners.values())
        found.accounts = {account_id: ledger.loaded(account_id) for account_id in known}
        return found

    async def save(self, changed: WorkingSet) -> None:
        """See UnitOfWork."""
        self._changed = changed

    def write(self) -> None:
        """Put back what was saved, if it may be."""
        if (changed := self._changed) is None:
            return
        constraints.check(changed)
        ledger = self._ledger
        ledger.events.update(changed.new_events)
        ledger.requests.update({request.request_id: request for request in changed.new_requests})
        for account_id in self._openings:
            ledger.accounts.setdefault(account_id, Account(account_id))
        for account in changed.accounts.values():
            if account.is_changed:
                self._put_back(account)

    def _put_back(self, account: Account) -> None:
        ledger = self._ledger
        ledger.accounts[account.account_id] = Account(
            account.account_id,
            account.available,
            account.held,
            account.debt,
            account.sequence,
            account.updated_at,
        )
        ledger.lots |= account.new_lots | account.changed_lots
        ledger.reservations |= account.new_reservations | account.changed_reservations
        ledger.clawbacks |= account.changed_clawbacks
        ledger.budgets |= {(account.account_id, key): used for key, used in account.changed_budgets.items()}
        ledger.entries += account.entries
        ledger.facts += account.facts


class MemoryLedgerReader:
    """Reads a ledger in memory."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger

    async def balance(self, account_id: AccountId, now: datetime) -> Balance:
        """Return an account's balance; zeroes for an account that was never used."""
        return self._ledger.loaded(account_id).balance(now)

    async def entries(self, account_id: AccountId, wanted: EntryFilter) -> list[Entry]:
        """Return entries, newest first."""
        found = [
            entry
            for entry in reversed(self._ledger.entries)
            if entry.account_id == account_id
            and (not wanted.kinds or entry.kind in wanted.kinds)
            and (wanted.since is None or entry.created_at >= wanted.since)
            and (wanted.until is None or entry.created_at < wanted.until)
            and (wanted.before_sequence is None or entry.sequence < wanted.before_sequence)
        ]
        return found[: wanted.limit]

    async def reservation(
        self, *, reservation_id: ReservationId | None = None, reference: str | None = None
    ) -> Reservation | None:
        """Return a reservation by its id or by what it was held for."""
        for reservation in self._ledger.reservations.values():
            is_it = reservation_id in (None, reservation.reservation_id)
            if is_it and reference in (None, reservation.reference):
                return reservation
        return None

    async def pinned_lots(
        self, account_id: AccountId, reservation_id: ReservationId
    ) -> list[PinnedLot] | None:
        """Return a reservation's lots in the order they were drawn from."""
        found = self._ledger.reservations.get(reservation_id)
        if found is None or found.account_id != account_id:
            return None
        lots = self._ledger.lots
        return [
            PinnedLot(
                grant_id=line.grant_id,
                category=lots[line.grant_id].category,
                amount=line.amount,
                source=lots[line.grant_id].source,
                granted_at=lots[line.grant_id].created_at,
            )
            for line in found.lines
        ]

    async def open_lots(self, account_id: AccountId, now: datetime) -> list[Lot]:
        """Return lots that have credits, in no order."""
        return [
            lot
            for lot in self._ledger.lots.values()
            if lot.account_id == account_id and lot.remaining and not lot.is_expired(now)
        ]

    async def settled_reservations(self) -> AsyncIterator[Reservation]:
        """Stream settled reservations, without lines."""
        for reservation in self._ledger.reservations.values():
            if reservation.state is not ReservationState.HELD:
                yield reservation

    async def payment_grants(self) -> AsyncIterator[PaymentGrant]:
        """Stream grants that payments paid for."""
        for lot in self._ledger.lots.values():
            if lot.payment_id is not None:
                clawback = self._ledger.clawbacks.get(lot.payment_id)
                yield PaymentGrant(
                    payment_id=lot.payment_id,
                    account_id=lot.account_id,
                    amount=lot.amount,
                    taken_back=clawback.taken if clawback else 0,
                )

    async def plan_grants(self) -> AsyncIterator[PlanGrant]:
        """Stream grants that subscriptions brought."""
        for lot in self._ledger.lots.values():
            if lot.category is Category.SUBSCRIPTION and lot.source.startswith(sources.PLAN):
                yield PlanGrant(
                    subscription_id=sources.subscription_of(lot.source),
                    account_id=lot.account_id,
                    amount=lot.amount,
                    starts_at=lot.effective_at,
                    ends_at=lot.expires_at,
                )

    async def open_reservations(self) -> int:
        """Count held reservations."""
        return sum(
            reservation.state is ReservationState.HELD for reservation in self._ledger.reservations.values()
        )

    async def overdue_reservations(self, now: datetime, limit: int) -> list[Reservation]:
        """Return held reservations past their expiry."""
        overdue = [
            reservation
            for reservation in self._ledger.reservations.values()
            if reservation.state is ReservationState.HELD and reservation.expires_at < now
        ]
        return sorted(overdue, key=lambda reservation: reservation.expires_at)[:limit]

    async def lots_expiring_untold(self, now: datetime, notice: timedelta, limit: int) -> list[ExpiringLot]:
        """Return lots that expire soon and whose request is not recorded."""
        soon = [
            (lot.expires_at, lot.grant_id, lot.account_id)
            for lot in self._ledger.lots.values()
            if lot.remaining
            and lot.expires_at is not None
            and now < lot.expires_at <= now + notice
            and lot.created_at <= lot.expires_at - notice
            and lot.category is not Category.SUBSCRIPTION
            and RequestId(f"expiring:{lot.grant_id}") not in self._ledger.requests
        ]
        return [
            ExpiringLot(grant_id=grant_id, account_id=account_id)
            for _, grant_id, account_id in sorted(soon)[:limit]
        ]

    async def accounts_with_expired_lots(
        self, now: datetime, limit: int, *, after: AccountId | None = None
    ) -> list[AccountId]:
        """Return accounts with credits in expired lots."""
        found = {
            lot.account_id
            for lot in self._ledger.lots.values()
            if lot.remaining and lot.is_expired(now) and (after is None or lot.account_id > after)
        }
        return sorted(found)[:limit]


class MemoryGenerationSettlements:
    """Verdicts that a test sets; about `silent` jobs it can't say, nor about any unless it `answers`."""

    def __init__(self) -> None:
        self.verdicts: dict[str, Settlement] = {}
        self.silent: set[str] = set()
        self.answers = True
        self.asked: list[str] = []

    async def ask(self, reference: str) -> Settlement:
        """Return the verdict of a job; one that was never seen is refunded."""
        self.asked.append(reference)
        if not self.answers or reference in self.silent:
            raise ConnectionError("generation does not answer")
        return self.verdicts.get(reference, Settlement(decision=Decision.REFUND, reason="the job is unknown"))
