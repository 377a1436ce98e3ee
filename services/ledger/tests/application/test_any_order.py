"""Every command in any order, with retries, reuse, duplicates, batches, expiry and clocks that step."""

import asyncio
import contextlib
import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from ledger.adapters.outbound.memory import MemoryLedger, MemoryLedgerReader
from ledger.adapters.outbound.memory_statements import MemoryStatements
from ledger.application.adjust_balance import AdjustBalance
from ledger.application.charge_reservation import ChargeReservation
from ledger.application.claw_back_credits import ClawBackCredits
from ledger.application.command import Command, Outcome
from ledger.application.extend_reservation import ExtendReservation
from ledger.application.grant_credits import GrantCredits
from ledger.application.refund_reservation import RefundReservation
from ledger.application.renew_subscription import RenewSubscription
from ledger.application.reserve_credits import ReserveCredits
from ledger.domain.budget import BudgetPeriod, BudgetScope
from ledger.domain.entry import Movement
from ledger.domain.errors import IdempotencyKeyReused, KeptRefusal, LedgerError
from ledger.domain.lot import Category, Lot
from ledger.domain.reservation import PinnedLine, ReservationState
from ledger.ports.generation_settlements import Decision, Settlement
from support import CountingIds, HandClock, LedgerUnderTest

ACCOUNTS = st.sampled_from(["usr_1", "usr_2"])
AMOUNTS = st.integers(1, 60)
PAYMENTS = st.sampled_from(["pi_1", "pi_2", "pi_3"])
CAUSES = st.sampled_from(["refund", "refund:1", "dispute:dp_1", "dispute:dp_2"])
# A payment belongs to one account, as at a processor.
OWNERS = {"pi_1": "usr_1", "pi_2": "usr_1", "pi_3": "usr_2"}
RANKS = {Category.SUBSCRIPTION: 0, Category.PROMOTIONAL: 1, Category.PAID: 2}
NEVER = datetime.max.replace(tzinfo=UTC)


class AnyOrder(RuleBasedStateMachine):
    """The rules draw commands; the invariants say what must be true after each, whatever came before."""

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
        self.number = 0
        self.decided: list[tuple[Command, str, str]] = []
        self.told: dict[str, tuple[dict[str, int], set[str]]] = {}

    def request(self, kind: str) -> str:
        """A request id of its own."""
        self.number += 1
        return f"{kind}:{self.number}"

    def apply(self, command: Command) -> Outcome | None:
        """Apply a command; a refusal must leave everything as it was."""
        before = self.snapshot()
        try:
            outcome = asyncio.run(self.ledger.writer.apply(command))
        except LedgerError as refusal:
            assert self.snapshot() == before
            if isinstance(refusal, KeptRefusal):
                self.decided.append((command, "", refusal.reason))
            return None
        assert outcome is not None
        self.decided.append((command, outcome.made_id, ""))
        return outcome

    @rule(account=ACCOUNTS, amount=AMOUNTS, category=st.sampled_from(Category), lives=st.integers(0, 500),
          later=st.sampled_from([0, 0, 100]), priority=st.sampled_from([50, 100]))  # fmt: skip
    def grant(
        self, account: str, amount: int, category: Category, lives: int, later: int, priority: int
    ) -> None:
        """Add a lot that may expire, may start later and may go first."""
        now = self.ledger.clock.now()
        start = now + timedelta(seconds=later)
        self.apply(
            GrantCredits(
                request_id=self.request("grant"),
                account_id=account,
                amount=amount,
                category=category,
                priority=priority,
                effective_at=start,
                expires_at=start + timedelta(seconds=lives) if lives else None,
                source="test",
            )
        )

    @rule(payment=PAYMENTS, amount=AMOUNTS)
    def pay(self, payment: str, amount: int) -> None:
        """A payment's one grant; told again with another amount it is refused."""
        self.apply(
            GrantCredits(
                request_id=f"payment:{payment}",
                account_id=OWNERS[payment],
                amount=amount,
                category=Category.PAID,
                source=f"payment:{payment}",
                payment_id=payment,
            )
        )

    @rule(payment=PAYMENTS, cause=CAUSES, takes=st.integers(0, 70), won=st.booleans())
    def claw_back(self, payment: str, cause: str, takes: int, won: bool) -> None:
        """Refunds and disputes in any interleaving, before and after the payment's grant."""
        outcome = self.apply(
            ClawBackCredits(
                request_id=self.request("clawback"),
                account_id=OWNERS[payment],
                payment_id=payment,
                cause=cause,
                target=takes,
                reinstated=won,
                reason=cause,
            )
        )
        assert outcome is not None
        targets, reinstated = self.told.setdefault(payment, ({}, set()))
        targets[cause] = max(takes, targets.get(cause, 0))
        reinstated |= {cause} if won else set()

    @rule(account=ACCOUNTS, amount=st.integers(-60, 60).filter(bool))
    def adjust(self, account: str, amount: int) -> None:
        """A person's correction, up or down."""
        self.apply(
            AdjustBalance(
                request_id=self.request("adjust"),
                account_id=account,
                amount=amount,
                actor="usr_admin",
                reason="test",
            )
        )

    @rule(account=ACCOUNTS, amount=AMOUNTS, period=st.integers(-2, 2))
    def renew(self, account: str, amount: int, period: int) -> None:
        """A subscription's period, sometimes told after a later one."""
        start = self.ledger.clock.now() + timedelta(seconds=100 * period)
        self.apply(
            RenewSubscription(
                request_id=self.request("renew"),
                account_id=account,
                amount=amount,
                category=Category.SUBSCRIPTION,
                source="subscription:sub_1",
                effective_at=start,
                expires_at=start + timedelta(seconds=100),
            )
        )

    @rule(account=ACCOUNTS, amount=AMOUNTS, limit=st.sampled_from([None, 0, 30, 100]),
          period=st.sampled_from(BudgetPeriod))  # fmt: skip
    def reserve(self, account: str, amount: int, limit: int | None, period: BudgetPeriod) -> None:
        """Hold credits in the order that the rule says, perhaps within a budget."""
        expected = self.expected_lines(account, amount)
        scopes = () if limit is None else (BudgetScope("key:1", period, limit),)
        self.number += 1
        command = ReserveCredits(
            request_id=f"gen:{self.number}:reserve",
            account_id=account,
            amount=amount,
            reference=f"gen_{self.number}",
            ttl_s=60,
            budget_scopes=scopes,
        )
        self.preview(command)
        outcome = self.apply(command)
        if outcome is not None:
            assert outcome.reservation is not None
            assert outcome.reservation.lines == expected

    def preview(self, command: ReserveCredits) -> None:
        """A dry run changes nothing, whatever it says."""
        before = self.snapshot()
        with contextlib.suppress(LedgerError):
            asyncio.run(self.ledger.preview.handle(command))
        assert self.snapshot() == before

    @precondition(lambda self: self.store.reservations)
    @rule(data=st.data(), part=st.floats(0, 1.2))
    def charge(self, data: st.DataObject, part: float) -> None:
        """A success: settles what is held, and nothing that is settled."""
        held = self.drawn(data)
        before = self.snapshot()
        amount = max(1, int(held.reserved * part))
        outcome = self.apply(
            ChargeReservation(
                request_id=self.request("charge"), reservation_id=held.reservation_id, amount=amount
            )
        )
        if held.state is not ReservationState.HELD:
            assert self.snapshot() == before
        elif outcome is not None:
            assert outcome.reservation is not None
            assert (outcome.reservation.charged, outcome.reservation.refunded) == (
                amount,
                held.reserved - amount,
            )

    @precondition(lambda self: self.store.reservations)
    @rule(data=st.data(), by_hand=st.booleans())
    def refund(self, data: st.DataObject, by_hand: bool) -> None:
        """A failure, or a person's decision: after a charge only the second changes anything."""
        held = self.drawn(data)
        before = self.snapshot()
        outcome = self.apply(
            RefundReservation(
                request_id=self.request("refund"),
                reservation_id=held.reservation_id,
                even_if_charged=by_hand,
            )
        )
        assert outcome is not None
        assert outcome.reservation is not None
        is_settled = held.state is ReservationState.REFUNDED or (
            held.state is ReservationState.CHARGED and not by_hand
        )
        if is_settled:
            assert self.snapshot() == before
            assert outcome.reservation == held

    @precondition(lambda self: self.store.reservations)
    @rule(data=st.data())
    def extend(self, data: st.DataObject) -> None:
        """More time moves no credit, and is never less time."""
        held = self.drawn(data)
        outcome = self.apply(
            ExtendReservation(
                request_id=self.request("extend"), reservation_id=held.reservation_id, ttl_s=100
            )
        )
        assert outcome is not None
        assert outcome.reservation is not None
        assert outcome.reservation.expires_at >= held.expires_at

    @precondition(lambda self: self.decided)
    @rule(data=st.data(), event=st.booleans())
    def again(self, data: st.DataObject, event: bool) -> None:
        """A repeated request gets its first outcome and moves nothing."""
        command, made_id, reason = data.draw(st.sampled_from(self.decided))
        before = self.snapshot()
        try:
            outcome = asyncio.run(
                self.ledger.writer.apply(command, event_id=self.request("evt") if event else None)
            )
        except LedgerError as refusal:
            told = ("", refusal.reason)
        else:
            assert outcome is not None
            assert outcome.replayed
            told = (outcome.made_id, "")
        assert told == (made_id, reason)
        assert self.snapshot() == before

    @precondition(lambda self: self.decided)
    @rule(data=st.data())
    def reuse(self, data: st.DataObject) -> None:
        """The same id for another command is refused and moves nothing."""
        command, _, _ = data.draw(st.sampled_from(self.decided))
        before = self.snapshot()
        try:
            asyncio.run(self.ledger.writer.apply(replace(command, reason="something else")))
        except IdempotencyKeyReused:
            pass
        else:
            raise AssertionError("another command under the same id was accepted")
        assert self.snapshot() == before

    @rule(account=ACCOUNTS, amounts=st.lists(AMOUNTS, min_size=2, max_size=5), atomic=st.booleans())
    def batch(self, account: str, amounts: list[int], atomic: bool) -> None:
        """Several at once: each by itself, or all or none."""
        before = self.snapshot()
        commands: list[Command] = []
        for amount in amounts:
            self.number += 1
            commands.append(
                ReserveCredits(
                    request_id=f"gen:{self.number}:reserve",
                    account_id=account,
                    amount=amount,
                    reference=f"gen_{self.number}",
                    ttl_s=60,
                )
            )
        outcomes = asyncio.run(self.ledger.writer.apply_batch(commands, atomic=atomic))
        refused = [one for one in outcomes if one.refusal is not None]
        if atomic and refused:
            assert len(refused) == len(outcomes)
            assert self.snapshot() == before
            assert not any(command.request_id in self.store.requests for command in commands)
            return
        for command, outcome in zip(commands, outcomes, strict=True):
            reason = getattr(outcome.refusal, "reason", "")
            self.decided.append((command, outcome.made_id, reason))

    @rule(seconds=st.integers(-50, 200))
    def time_passes(self, seconds: int) -> None:
        """Clocks go on, and now and then back."""
        self.ledger.clock.advance(seconds=seconds)

    @rule(verdict=st.sampled_from(Decision))
    def sweep(self, verdict: Decision) -> None:
        """Book what expired, and settle what is overdue by what generation says."""
        for one in self.store.reservations.values():
            self.ledger.settlements.verdicts[one.reference] = Settlement(
                decision=verdict, charge_credits=one.reserved
            )
        asyncio.run(self.ledger.expire_lots.handle())
        assert asyncio.run(self.ledger.expire_reservations.handle()).failures == ()

    def drawn(self, data: st.DataObject) -> Any:
        """Any reservation."""
        return data.draw(st.sampled_from(list(self.store.reservations.values())))

    def expected_lines(self, account: str, amount: int) -> tuple[PinnedLine, ...]:
        """The rule of spending, written once more."""
        stored = self.store.accounts.get(account)
        now = max(self.ledger.clock.now(), stored.updated_at) if stored else self.ledger.clock.now()

        def order(lot: Lot) -> tuple[object, ...]:
            return lot.priority, lot.expires_at or NEVER, RANKS[lot.category], lot.created_at, lot.grant_id

        lines, left = [], amount
        for lot in sorted((one for one in self.store.lots.values() if one.account_id == account), key=order):
            good = lot.effective_at <= now and (lot.expires_at is None or lot.expires_at > now)
            taken = min(left, lot.remaining) if good else 0
            if taken:
                lines.append(PinnedLine(lot.grant_id, taken))
                left -= taken
        return tuple(lines)

    def snapshot(self) -> object:
        """Everything but the requests that were kept."""
        store = self.store
        return copy.deepcopy(
            (
                len(store.entries),
                len(store.facts),
                store.lots,
                store.reservations,
                store.clawbacks,
                store.budgets,
                {key: (one.available, one.held, one.debt) for key, one in store.accounts.items()},
            )
        )

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
    def clawbacks_follow_their_causes(self) -> None:
        """What is taken follows from what was told, in whatever order it was told."""
        for payment, (targets, reinstated) in self.told.items():
            granted = sum(lot.amount for lot in self.store.lots.values() if lot.payment_id == payment)
            wanted = sum(target for cause, target in targets.items() if cause not in reinstated)
            assert self.store.clawbacks[payment].taken == min(granted, wanted)

    @invariant()
    def facts_tell_the_balance(self) -> None:
        """The last fact of an account that moved tells the balance that it has."""
        last = {fact.account_id: fact.balance for fact in self.store.facts}
        for account_id, account in self.store.accounts.items():
            told = last.get(account_id)
            if told is not None and told.sequence == account.sequence:
                assert (told.available, told.held, told.debt) == (
                    account.available,
                    account.held,
                    account.debt,
                )


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
