"""The unit of work: everything that a batch of commands reads and writes, in one transaction."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from ledger.domain.account import Account
from ledger.domain.budget import BudgetKey
from ledger.domain.errors import AccountNotFound, PaymentOfAnotherAccount, ReservationNotFound
from ledger.domain.identifiers import AccountId, EventId, PaymentId, RequestId, ReservationId
from ledger.domain.request import RecordedRequest


@dataclass(slots=True)
class Needs:
    """What a batch of commands is about, by key."""

    requests: set[RequestId] = field(default_factory=set)
    events: set[EventId] = field(default_factory=set)
    accounts: set[AccountId] = field(default_factory=set)
    # Accounts that are opened when they are new.
    openings: set[AccountId] = field(default_factory=set)
    reservations: set[ReservationId] = field(default_factory=set)
    payments: set[PaymentId] = field(default_factory=set)
    # Lots of these sources (account, source) are needed even when nothing is left in them.
    sources: set[tuple[AccountId, str]] = field(default_factory=set)
    budgets: set[tuple[AccountId, BudgetKey]] = field(default_factory=set)


@dataclass(slots=True)
class WorkingSet:
    """What was found, with the accounts locked until the end; and what is to be written.

    `owners` says whose each needed reservation is, `payments` whose each needed payment's credits are.
    """

    accounts: dict[AccountId, Account] = field(default_factory=dict)
    owners: dict[ReservationId, AccountId] = field(default_factory=dict)
    payments: dict[PaymentId, AccountId] = field(default_factory=dict)
    requests: dict[RequestId, RecordedRequest] = field(default_factory=dict)
    handled_events: set[EventId] = field(default_factory=set)
    new_requests: list[RecordedRequest] = field(default_factory=list)
    new_events: list[EventId] = field(default_factory=list)

    def account(self, account_id: AccountId) -> Account:
        """Return an account; one that was never opened has nothing, and is not opened by being asked."""
        return self.accounts.get(account_id) or Account(account_id)

    def known_account(self, account_id: AccountId) -> Account:
        """Return an account that was opened. Raises AccountNotFound for any other."""
        if (found := self.accounts.get(account_id)) is None:
            raise AccountNotFound(account_id)
        return found

    def payer(self, account_id: AccountId, payment_id: PaymentId | None) -> Account:
        """Return the account that made a payment, as is said. Raises PaymentOfAnotherAccount when the
        payment's credits are another's."""
        if payment_id is not None and self.payments.get(payment_id, account_id) != account_id:
            raise PaymentOfAnotherAccount(f"payment {payment_id} belongs to another account")
        return self.account(account_id)

    def holder(self, reservation_id: ReservationId, expected_account_id: AccountId | None) -> Account:
        """Return the account that holds a reservation. Raises ReservationNotFound when there is none, or
        it is another's than expected: an event about somebody else's reservation settles nothing."""
        owner = self.owners.get(reservation_id)
        if owner is None or expected_account_id not in (None, owner):
            raise ReservationNotFound(f"no reservation {reservation_id}")
        return self.accounts[owner]

    def remember(self, request: RecordedRequest) -> None:
        """Keep a request with its outcome."""
        self.requests[request.request_id] = request
        self.new_requests.append(request)

    def first_time(self, event_id: EventId) -> bool:
        """Record an event as handled; False means it was handled before."""
        if event_id in self.handled_events:
            return False
        self.handled_events.add(event_id)
        self.new_events.append(event_id)
        return True


class UnitOfWork(Protocol):
    """One open transaction. Leaving it commits what was saved.

    An exception undoes everything; where nothing was saved nothing was done, openings included.
    """

    async def load(self, needs: Needs) -> WorkingSet:
        """Lock the accounts in the order of their ids, then read what the commands are about.

        A reservation comes with its account and with the lots that it pins, drained ones too; so does the
        reservation that a needed request made earlier.
        """

    async def save(self, changed: WorkingSet) -> None:
        """Let what the accounts recorded and what was remembered be written: all of it or nothing."""


class UnitsOfWork(Protocol):
    """Opens units of work."""

    def of_system(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a transaction over the whole ledger: a batch is about many accounts.

        Opening, loading and leaving raise Conflict when another writer was in the way, and LedgerUnavailable
        when the store does not answer: the same commands may be tried again, since what was committed is
        recalled. Leaving raises ConstraintBroken for what must never be stored.
        """

    def known_owner(self, reservation_id: ReservationId) -> AccountId | None:
        """Return whose a reservation is, where that is known without asking: it never changes."""


class Conflict(Exception):
    """Another writer was in the way of this batch: nothing was written."""


class ConstraintBroken(Exception):
    """A value is not what every value of its kind must be, such as a lot that does not add up: a bug of ours.

    `constraint` names what it breaks. Nothing was written.
    """

    def __init__(self, constraint: str) -> None:
        super().__init__(constraint)
        self.constraint = constraint
