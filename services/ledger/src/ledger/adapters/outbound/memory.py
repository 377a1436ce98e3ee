"""The ledger in memory: every port's fake, held to the same suite as PostgreSQL."""

import asyncio
import copy
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from ledger.domain.account import Account
from ledger.domain.balance import Balance
from ledger.domain.entry import Entry
from ledger.domain.errors import IdempotencyKeyReused
from ledger.domain.facts import Fact
from ledger.domain.lot import Lot
from ledger.domain.request import RecordedRequest
from ledger.domain.reservation import Reservation, ReservationState
from ledger.ports.generation_settlements import Decision, Settlement
from ledger.ports.ledger_reader import EntryFilter, PaymentGrant, PinnedLot
from ledger.ports.unit_of_work import UnitOfWork


@dataclass
class MemoryLedger:
    """Committed state, and the facts that were published with it."""

    accounts: dict[str, Account] = field(default_factory=dict)
    lots: dict[str, Lot] = field(default_factory=dict)
    reservations: dict[str, Reservation] = field(default_factory=dict)
    requests: dict[str, RecordedRequest] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    events: set[str] = field(default_factory=set)

    def begin(self, account_id: str | None = None) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a unit of work; one at a time, as if every account were one."""
        return self._begin()

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[UnitOfWork]:
        async with self._one_at_a_time:
            yield MemoryUnitOfWork(self)

    def __post_init__(self) -> None:
        self._one_at_a_time = asyncio.Lock()

    async def balance(self, account_id: str) -> Balance:
        """Return an account's balance."""
        account = self.accounts.get(account_id)
        return self._with_lots(account).balance() if account else Balance(account_id=account_id)

    async def list_entries(self, account_id: str, wanted: EntryFilter) -> list[Entry]:
        """Return entries, newest first."""
        found = [
            entry
            for entry in reversed(self.entries)
            if entry.account_id == account_id
            and (not wanted.kinds or entry.kind in wanted.kinds)
            and (wanted.since is None or entry.created_at >= wanted.since)
            and (wanted.until is None or entry.created_at < wanted.until)
            and (wanted.before_sequence is None or entry.sequence < wanted.before_sequence)
        ]
        return found[: wanted.limit]

    def _with_lots(self, account: Account) -> Account:
        lots = {lot.grant_id: lot for lot in self.lots.values() if lot.account_id == account.account_id}
        return Account(
            account_id=account.account_id,
            available=account.available,
            held=account.held,
            debt=account.debt,
            sequence=account.sequence,
            lots=copy.deepcopy(lots),
        )


class MemoryUnitOfWork:
    """One open transaction: copies are changed, and put back at the commit."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger
        self._events: set[str] = set()
        self._requests: dict[str, RecordedRequest] = {}

    async def first_time(self, event_id: str) -> bool:
        """Record an event as handled; False means it was handled before."""
        if event_id in self._ledger.events:
            return False
        self._events.add(event_id)
        return True

    async def recall(self, request_id: str) -> RecordedRequest | None:
        """Return what was asked under this id before."""
        return self._ledger.requests.get(request_id)

    async def remember(self, request: RecordedRequest) -> None:
        """Store a request; an id that another account took first is refused."""
        if request.request_id in self._ledger.requests:
            raise IdempotencyKeyReused(
                f"request {request.request_id} was used before for another command",
                details={"request_id": request.request_id},
            )
        self._requests[request.request_id] = request

    async def account_of(self, reservation_id: str) -> str | None:
        """Return a reservation's account."""
        found = self._ledger.reservations.get(reservation_id)
        return found.account_id if found else None

    async def lock_account(self, account_id: str) -> Account:
        """Return a copy of the account with its lots, opened when new."""
        account = self._ledger.accounts.get(account_id) or Account(account_id=account_id)
        return self._ledger._with_lots(account)

    async def reservation(self, account: Account, reservation_id: str) -> Reservation | None:
        """Return a copy of a reservation of this account."""
        if (changed := account.changed_reservations.get(reservation_id)) is not None:
            return changed
        found = self._ledger.reservations.get(reservation_id)
        return copy.deepcopy(found) if found and found.account_id == account.account_id else None

    async def commit(self, account: Account | None = None) -> None:
        """Put back what changed."""
        ledger = self._ledger
        ledger.events |= self._events
        ledger.requests |= self._requests
        if account is None or not (account.entries or account.changed_reservations):
            return
        ledger.accounts[account.account_id] = Account(
            account_id=account.account_id,
            available=account.available,
            held=account.held,
            debt=account.debt,
            sequence=account.sequence,
        )
        ledger.lots |= copy.deepcopy(account.changed_lots)
        ledger.reservations |= copy.deepcopy(account.changed_reservations)
        ledger.entries += account.entries
        ledger.facts += account.facts


class MemoryLedgerReader:
    """Reads a ledger in memory."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger

    async def balance(self, account_id: str) -> Balance:
        """Return an account's balance; zeroes for an account that was never used."""
        return await self._ledger.balance(account_id)

    async def entries(self, account_id: str, wanted: EntryFilter) -> list[Entry]:
        """Return entries, newest first."""
        return await self._ledger.list_entries(account_id, wanted)

    async def reservation(self, *, reservation_id: str = "", reference: str = "") -> Reservation | None:
        """Return a reservation by its id or by what it was held for."""
        for one in self._ledger.reservations.values():
            if reservation_id in ("", one.reservation_id) and reference in ("", one.reference):
                return copy.deepcopy(one)
        return None

    async def pinned_lots(self, account_id: str, reservation_id: str) -> list[PinnedLot] | None:
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

    async def settled_reservations(self) -> AsyncIterator[Reservation]:
        """Stream settled reservations, without lines."""
        for one in self._ledger.reservations.values():
            if one.state is not ReservationState.HELD:
                yield copy.deepcopy(one)

    async def payment_grants(self) -> AsyncIterator[PaymentGrant]:
        """Stream grants that payments paid for."""
        for lot in self._ledger.lots.values():
            if lot.payment_id is not None:
                yield PaymentGrant(payment_id=lot.payment_id, account_id=lot.account_id, amount=lot.amount)

    async def overdue_reservations(self, now: datetime, limit: int) -> list[Reservation]:
        """Return held reservations past their expiry."""
        overdue = [
            copy.deepcopy(one)
            for one in self._ledger.reservations.values()
            if one.state is ReservationState.HELD and one.expires_at < now
        ]
        return sorted(overdue, key=lambda one: one.expires_at)[:limit]

    async def accounts_with_expired_lots(self, now: datetime, limit: int) -> list[str]:
        """Return accounts with credits in expired lots."""
        found = {
            lot.account_id for lot in self._ledger.lots.values() if lot.remaining and lot.is_expired(now)
        }
        return sorted(found)[:limit]


class MemoryGenerationSettlements:
    """Verdicts that a test sets; without one it can't say."""

    def __init__(self) -> None:
        self.verdicts: dict[str, Settlement] = {}
        self.answers = True

    async def ask(self, reference: str) -> Settlement:
        """Return the verdict of a job; one that was never seen is refunded."""
        if not self.answers:
            raise ConnectionError("generation does not answer")
        return self.verdicts.get(reference, Settlement(decision=Decision.REFUND, reason="the job is unknown"))
