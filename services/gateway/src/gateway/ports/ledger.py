"""Balances and the statement, as the ledger keeps them."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol

from gateway.domain.administration import Actor
from gateway.domain.credits import Balance, Entry, EntryFilter, OpenLots, PinnedLot, Reservation
from gateway.domain.identifiers import AccountId, GenerationId, ReservationId
from gateway.domain.page import Page
from gateway.domain.statement import StatementPart


class Ledger(Protocol):
    """Every method has a deadline and raises errors of `gateway.domain.errors`."""

    async def balance(self, account_id: AccountId) -> Balance:
        """Read a balance; zeroes for an account that was never used."""
        ...

    async def welcome_credits(self) -> int:
        """Return what a person who signs up is welcomed with; 0 for nothing."""
        ...

    async def entries(
        self, account_id: AccountId, which: EntryFilter, *, cursor: str | None, limit: int
    ) -> Page[Entry]:
        """List the statement, newest first. Raises InvalidRequest for a cursor that is not one."""
        ...

    def statement(
        self, account_id: AccountId, since: datetime | None, until: datetime | None
    ) -> AsyncIterator[StatementPart]:
        """Stream an opening, every line of the range by sequence, a closing; the range has no end itself.

        Raises InvalidRequest when it ends before it begins.
        """
        ...

    async def reservation(self, account_id: AccountId, generation_id: GenerationId) -> Reservation | None:
        """Return what is held or was settled for a generation of this account; None when nothing ever was."""
        ...

    async def reservation_lots(
        self, account_id: AccountId, reservation_id: ReservationId
    ) -> Sequence[PinnedLot]:
        """Return the lots that a reservation drew from."""
        ...

    async def open_lots(self, account_id: AccountId) -> OpenLots:
        """Return what the account's credits came from: what can be spent now or later."""
        ...

    async def adjust(
        self, actor: Actor, account_id: AccountId, amount_credits: int, *, reason: str, idempotency_key: str
    ) -> tuple[Balance, bool]:
        """Correct a balance up or down, once a key of this actor's; the flag says that it was done before.

        Raises Forbidden (NOT_AN_ADMIN), NotFound (ACCOUNT_NOT_FOUND), InsufficientCredits where there is less
        to take, and IdempotencyKeyReused.
        """
        ...
