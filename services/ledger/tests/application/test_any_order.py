"""Every command in any order, with retries, duplicates, clock steps and expiry, against a small model."""

import asyncio
from collections import defaultdict

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from ledger.adapters.outbound.memory import MemoryLedger, MemoryLedgerReader
from ledger.adapters.outbound.memory_statements import MemoryStatements
from ledger.domain.entry import Movement
from ledger.domain.errors import InsufficientCredits
from ledger.domain.lot import Category
from ledger.domain.reservation import ReservationState
from support import CountingIds, HandClock, LedgerUnderTest, charge, refund, reserve

ACCOUNTS = st.sampled_from(["usr_1", "usr_2"])
AMOUNTS = st.integers(1, 60)


class AnyOrder(RuleBasedStateMachine):
    """The model knows only totals: what came in, what was charged, what expired."""

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryLedger()
        self.ledger = LedgerUnderTest(
            units=self.store,
            reader=MemoryLedgerReader(self.store),
            statements=MemoryStatements(self.store),
            clock=HandClock(),
            ids=CountingIds(),
        )
        self.granted: dict[str, int] = defaultdict(int)
        self.outcomes: dict[str, str] = {}
        self.charged: dict[str, int] = defaultdict(int)
        self.jobs: list[tuple[str, str, int, str]] = []

    def run(self, work: object) -> object:
        """Run one use case to its end."""
        return asyncio.run(work)  # type: ignore[arg-type]

    @rule(account=ACCOUNTS, amount=AMOUNTS, category=st.sampled_from(Category), lives=st.integers(0, 500))
    def grant(self, account: str, amount: int, category: Category, lives: int) -> None:
        """Add a lot that may expire."""
        self.run(self.ledger.give(account, amount, category, expires_in_s=lives or None))
        self.granted[account] += amount

    @rule(account=ACCOUNTS, amount=AMOUNTS)
    def reserve(self, account: str, amount: int) -> None:
        """Hold credits for a new job, or be refused and change nothing."""
        reference = f"gen_{len(self.outcomes)}"
        before = self.snapshot()
        try:
            reservation_id = str(self.run(self.ledger.hold(account, amount, reference)))
        except InsufficientCredits:
            self.outcomes[reference] = "refused"
            assert self.snapshot() == before
        else:
            self.outcomes[reference] = reservation_id
            self.jobs.append((reservation_id, reference, amount, account))

    @precondition(lambda self: self.jobs)
    @rule(data=st.data())
    def reserve_again(self, data: st.DataObject) -> None:
        """A repeated request gets the same reservation and moves nothing."""
        reservation_id, reference, amount, account = data.draw(st.sampled_from(self.jobs))
        before = self.snapshot()
        again = asyncio.run(self.ledger.apply(reserve(account, amount, reference)))
        assert (again.made_id, again.replayed) == (reservation_id, True)
        assert self.snapshot() == before

    @precondition(lambda self: self.jobs)
    @rule(data=st.data(), part=st.floats(0, 1))
    def charge(self, data: st.DataObject, part: float) -> None:
        """Settle a job by success; a second settlement changes nothing."""
        reservation_id, reference, amount, _ = data.draw(st.sampled_from(self.jobs))
        held = self.store.reservations[reservation_id].state is ReservationState.HELD
        taken = self.charged.get(reservation_id) or max(1, int(amount * part))
        before = self.snapshot()
        if held:
            self.run(self.ledger.apply(charge(reservation_id, taken, reference)))
            self.charged[reservation_id] = taken
        elif reservation_id in self.charged:
            self.run(self.ledger.apply(charge(reservation_id, taken, reference)))
            assert self.snapshot() == before

    @precondition(lambda self: self.jobs)
    @rule(data=st.data())
    def refund(self, data: st.DataObject) -> None:
        """Settle a job by failure; after a charge it changes nothing."""
        reservation_id, reference, _, _ = data.draw(st.sampled_from(self.jobs))
        held = self.store.reservations[reservation_id].state is ReservationState.HELD
        before = self.snapshot()
        self.run(self.ledger.apply(refund(reservation_id, reference)))
        assert held or self.snapshot() == before

    @rule(seconds=st.integers(1, 300))
    def time_passes(self, seconds: int) -> None:
        """Lots expire as time goes by."""
        self.ledger.clock.advance(seconds=seconds)

    @rule()
    def sweep(self) -> None:
        """Book what expired."""
        self.run(self.ledger.expire_lots.handle())

    def snapshot(self) -> object:
        """Everything that a refused or repeated command must leave alone."""
        return (
            len(self.store.entries),
            len(self.store.facts),
            {account: (one.available, one.held) for account, one in self.store.accounts.items()},
            {lot.grant_id: (lot.remaining, lot.held, lot.spent) for lot in self.store.lots.values()},
        )

    @invariant()
    def books_balance(self) -> None:
        """No credit is made or lost: what came in is there, held, charged or expired."""
        for account_id, account in self.store.accounts.items():
            entries = [entry for entry in self.store.entries if entry.account_id == account_id]
            assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
            books = {
                book: sum(getattr(entry.movement, book) for entry in entries) for book in Movement._fields
            }
            assert sum(books.values()) == 0
            assert -books["world"] == self.granted[account_id]
            assert (books["available"], books["held"]) == (account.available, account.held)
            assert account.available >= 0
            lots = [lot for lot in self.store.lots.values() if lot.account_id == account_id]
            assert sum(lot.remaining for lot in lots) == account.available
            assert sum(lot.held for lot in lots) == account.held
            assert all(
                lot.amount == lot.remaining + lot.held + lot.spent + lot.expired + lot.clawed_back
                for lot in lots
            )
            charged = sum(
                amount
                for reservation_id, amount in self.charged.items()
                if self.store.reservations[reservation_id].account_id == account_id
            )
            assert books["revenue"] == charged


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
