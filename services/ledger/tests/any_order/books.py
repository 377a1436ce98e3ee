"""What must be true of the books after every command."""

import asyncio

import pytest
from command_makers import reserve
from hypothesis.stateful import invariant
from ledger.domain.entry import Movement
from ledger.domain.errors import AccountInDebt, InsufficientCredits
from ledger.domain.reservation import ReservationState

from any_order.machine import LedgerMachine


class BooksAddUp(LedgerMachine):
    """Journals, lots, reservations, budgets and facts tell the same."""

    @invariant()
    def journals_replay(self) -> None:
        """Every movement sums to zero, sequences are dense, time never runs back, balances are the sums."""
        for account_id, account in self.store.accounts.items():
            entries = [entry for entry in self.store.entries if entry.account_id == account_id]
            assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
            assert all(sum(entry.movement) == 0 for entry in entries)
            times = [entry.created_at for entry in entries]
            assert times == sorted(times)
            books = {
                book: sum(getattr(entry.movement, book) for entry in entries) for book in Movement._fields
            }
            assert (books["available"], books["held"], -books["debt"]) == (
                account.available,
                account.held,
                account.debt,
            )
            assert account.available >= 0
            assert account.debt == 0 or account.available == 0

    @invariant()
    def lots_add_up(self) -> None:
        """Each lot's credits are somewhere, and all of them together are the balance."""
        for account_id, account in self.store.accounts.items():
            lots = [lot for lot in self.store.lots.values() if lot.account_id == account_id]
            assert sum(lot.remaining for lot in lots) == account.available
            assert sum(lot.held for lot in lots) == account.held
            for lot in lots:
                parts = (lot.remaining, lot.held, lot.spent, lot.expired, lot.clawed_back)
                assert min(parts) >= 0
                assert sum(parts) == lot.amount

    @invariant()
    def reservations_and_budgets_add_up(self) -> None:
        """What is held is what open reservations hold, and budgets count what was not returned."""
        used: dict[object, int] = {}
        held = dict.fromkeys(self.store.accounts, 0)
        for one in self.store.reservations.values():
            assert sum(line.amount for line in one.lines) == one.reserved
            assert sum(line.charged for line in one.lines) == one.charged
            held[one.account_id] += one.reserved if one.state is ReservationState.HELD else 0
            for key in one.budgets:
                used[one.account_id, key] = used.get((one.account_id, key), 0) + one.reserved - one.refunded
        assert held == {account_id: account.held for account_id, account in self.store.accounts.items()}
        assert used == {key: one.used for key, one in self.store.budgets.items()}

    @invariant()
    def what_is_shown_is_what_can_be_reserved(self) -> None:
        """At every moment: all of the available credits can be reserved, and not one more."""
        asyncio.run(self.try_to_reserve())

    async def try_to_reserve(self) -> None:
        """Ask for what is shown, and for one credit more; a dry run changes nothing."""
        for account_id, account in self.store.accounts.items():
            shown = await self.ledger.read_balance(account_id)
            assert shown.available + shown.upcoming <= account.available
            assert shown.available == sum(shown.by_category.values())
            if shown.available:
                await self.ledger.preview(reserve(account_id, shown.available))
            with pytest.raises(AccountInDebt if shown.debt else InsufficientCredits):
                await self.ledger.preview(reserve(account_id, shown.available + 1))
