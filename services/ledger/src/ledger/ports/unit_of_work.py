"""The unit of work: everything one command reads and writes, in one transaction."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from ledger.domain.account import Account
from ledger.domain.request import RecordedRequest
from ledger.domain.reservation import Reservation


class UnitOfWork(Protocol):
    """One open transaction. Leaving it without `commit` undoes everything."""

    async def first_time(self, event_id: str) -> bool:
        """Record an event as handled in this transaction; False means it was handled before."""

    async def recall(self, request_id: str) -> RecordedRequest | None:
        """Return what was asked under this id before. Ask after locking the account."""

    async def remember(self, request: RecordedRequest) -> None:
        """Store a request with its outcome. Raises IdempotencyKeyReused if another account took the id."""

    async def account_of(self, reservation_id: str) -> str | None:
        """Return the account of a reservation, which never changes, without locking anything."""

    async def lock_account(self, account_id: str) -> Account:
        """Return the account with its lots that hold credits, locked until the end; opened when new."""

    async def reservation(self, account: Account, reservation_id: str) -> Reservation | None:
        """Return a reservation of a locked account, and load the lots that it pins into the account."""

    async def commit(self, account: Account | None = None) -> None:
        """Write what the account recorded (journal, lots, reservations, facts to publish) and commit."""


class UnitsOfWork(Protocol):
    """Opens units of work."""

    def begin(self, account_id: str | None = None) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open one for a single account, or, with None, for the whole ledger (events and sweepers)."""
