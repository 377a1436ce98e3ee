"""Holds: setting credits aside for a job."""

from collections.abc import Sequence
from datetime import datetime

from ledger.domain.account import Account
from ledger.domain.budget import BudgetKey, BudgetScope
from ledger.domain.entry import EntryKind, Movement
from ledger.domain.errors import AccountInDebt, BudgetExceeded, InsufficientCredits
from ledger.domain.facts import CreditsReserved
from ledger.domain.lot import Lot, in_spending_order
from ledger.domain.occasion import Occasion
from ledger.domain.reservation import PinnedLine, Reservation, ReservationState


def reserve(
    account: Account,
    amount: int,
    *,
    reference: str,
    expires_at: datetime,
    budget_scopes: Sequence[BudgetScope] = (),
    occasion: Occasion,
) -> Reservation:
    """Set credits aside in spending order, pinned to their lots.

    Raises AccountInDebt, InsufficientCredits or BudgetExceeded, with nothing changed.
    """
    if account.debt:
        raise AccountInDebt.of(account.debt)
    spendable = in_spending_order(account.lots.values(), occasion.now)
    if (available := sum([lot.remaining for lot in spendable])) < amount:
        raise InsufficientCredits.of(available_credits=available, required_credits=amount)
    budgets = _fitting_budgets(account, amount, budget_scopes, occasion) if budget_scopes else ()

    lines = _pin(spendable, amount)
    for line in lines:
        account.put(account.lots[line.grant_id].hold(line.amount))
    for key in budgets:
        account.put(account.budget(key).use(amount))
    reservation = Reservation(
        reservation_id=occasion.new_id("res"),
        account_id=account.account_id,
        reference=reference,
        reserved=amount,
        charged=0,
        refunded=0,
        state=ReservationState.HELD,
        lines=lines,
        budgets=budgets,
        expires_at=expires_at,
        created_at=occasion.written_at,
    )
    account.put(reservation)
    for category, taken in account.by_category([(line, line.amount) for line in lines]).items():
        account.post(
            EntryKind.RESERVE,
            category,
            Movement(available=-taken, held=taken),
            occasion,
            reservation_id=reservation.reservation_id,
            reference=reference,
        )
    account.facts.append(
        CreditsReserved(
            account_id=account.account_id,
            reservation_id=reservation.reservation_id,
            reference=reference,
            amount=amount,
            expires_at=expires_at,
            balance=account.balance(occasion.now),
            occurred_at=occasion.written_at,
        )
    )
    return reservation


def _pin(lots: Sequence[Lot], amount: int) -> tuple[PinnedLine, ...]:
    lines: list[PinnedLine] = []
    left = amount
    for lot in lots:
        taken = min(left, lot.remaining)
        lines.append(PinnedLine(lot.grant_id, taken))
        left -= taken
        if left == 0:
            break
    return tuple(lines)


def _fitting_budgets(
    account: Account, amount: int, scopes: Sequence[BudgetScope], occasion: Occasion
) -> tuple[BudgetKey, ...]:
    keys = []
    for scope in scopes:
        key = BudgetKey(scope.scope, scope.period, scope.period.starts_on(occasion.now))
        if (used := account.budget(key).used) + amount > scope.limit:
            raise BudgetExceeded.of(
                scope=scope.scope,
                period=scope.period.value,
                limit=scope.limit,
                used=used,
                required=amount,
                resets_on=scope.period.ends_on(key.starts_on),
            )
        keys.append(key)
    return tuple(keys)
