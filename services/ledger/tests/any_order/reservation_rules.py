"""Credits that are held for jobs: reserved in the order that the rule says, settled once, extended."""

import asyncio
import contextlib
from datetime import UTC, datetime

from command_makers import charge, refund, reserve
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from ledger.application.extend_reservation import ExtendReservation
from ledger.application.reserve_credits import ReserveCredits
from ledger.domain.budget import BudgetPeriod, BudgetScope
from ledger.domain.errors import LedgerError
from ledger.domain.lot import Category, Lot
from ledger.domain.reservation import PinnedLine, ReservationState

from any_order.machine import ACCOUNTS, AMOUNTS, LedgerMachine

RANKS = {Category.SUBSCRIPTION: 0, Category.PROMOTIONAL: 1, Category.PAID: 2}
NEVER = datetime.max.replace(tzinfo=UTC)


class ReservationRules(LedgerMachine):
    """Reservations, alone and in batches, and what settles them."""

    @rule(account=ACCOUNTS, amount=AMOUNTS, limit=st.sampled_from([None, 0, 30, 100]),
          period=st.sampled_from(BudgetPeriod))  # fmt: skip
    def reserve(self, account: str, amount: int, limit: int | None, period: BudgetPeriod) -> None:
        """Hold credits in the order that the rule says, perhaps within a budget."""
        expected = self.expected_lines(account, amount)
        scopes = () if limit is None else (BudgetScope("key:1", period, limit),)
        command = reserve(account, amount, self.reference(), ttl_s=60, budget_scopes=scopes)
        self.preview(command)
        outcome = self.apply(command)
        if outcome is not None:
            assert outcome.reservation is not None
            assert outcome.reservation.lines == expected

    def preview(self, command: ReserveCredits) -> None:
        """A dry run changes nothing, whatever it says."""
        before = self.snapshot()
        with contextlib.suppress(LedgerError):
            asyncio.run(self.ledger.preview(command))
        assert self.snapshot() == before

    @precondition(lambda self: self.store.reservations)
    @rule(data=st.data(), part=st.floats(0, 1.2))
    def charge(self, data: st.DataObject, part: float) -> None:
        """A success: settles what is held, and nothing that is settled."""
        held = self.any_reservation(data)
        before = self.snapshot()
        amount = max(1, int(held.reserved * part))
        outcome = self.apply(charge(held.reservation_id, amount, self.reference()))
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
        held = self.any_reservation(data)
        before = self.snapshot()
        outcome = self.apply(refund(held.reservation_id, self.reference(), even_if_charged=by_hand))
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
        held = self.any_reservation(data)
        outcome = self.apply(
            ExtendReservation(
                request_id=self.request("extend"), reservation_id=held.reservation_id, ttl_s=100
            )
        )
        assert outcome is not None
        assert outcome.reservation is not None
        assert outcome.reservation.expires_at >= held.expires_at

    @rule(account=ACCOUNTS, amounts=st.lists(AMOUNTS, min_size=2, max_size=5), atomic=st.booleans())
    def batch(self, account: str, amounts: list[int], atomic: bool) -> None:
        """Several at once: each by itself, or all or none."""
        before = self.snapshot()
        commands = [reserve(account, amount, self.reference(), ttl_s=60) for amount in amounts]
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

    def expected_lines(self, account: str, amount: int) -> tuple[PinnedLine, ...]:
        """The rule of spending, written once more."""
        now = self.ledger.clock.now()

        def order(lot: Lot) -> tuple[object, ...]:
            return lot.priority, lot.expires_at or NEVER, RANKS[lot.category], lot.created_at, lot.grant_id

        lines, left = [], amount
        for lot in sorted((one for one in self.store.lots.values() if one.account_id == account), key=order):
            good = lot.effective_at <= max(now, lot.created_at) and (
                lot.expires_at is None or lot.expires_at > now
            )
            taken = min(left, lot.remaining) if good else 0
            if taken:
                lines.append(PinnedLine(lot.grant_id, taken))
                left -= taken
        return tuple(lines)
