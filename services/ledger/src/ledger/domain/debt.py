"""Debt: what is owed after a clawback. Whatever becomes available pays it first."""

from ledger.domain.account import Account
from ledger.domain.entry import EntryKind, Movement
from ledger.domain.identifiers import PaymentId
from ledger.domain.lot import Category, in_taking_order
from ledger.domain.occasion import Occasion
from ledger.domain.taking import take


def pay_debt(account: Account, occasion: Occasion) -> None:
    """Pay as much of the debt as the available credits cover: an account in debt has none to spend."""
    if account.debt == 0 or account.available == 0:
        return
    for lot, paid in take(account, in_taking_order(account.lots.values()), account.debt):
        movement = Movement(available=-paid, debt=paid)
        account.post(EntryKind.CLAWBACK, lot.category, movement, occasion, grant_id=lot.grant_id)


def owe(account: Account, amount: int, occasion: Occasion, *, payment_id: PaymentId) -> None:
    """Write down what could not be taken."""
    if amount:
        movement = Movement(world=amount, debt=-amount)
        account.post(EntryKind.CLAWBACK, Category.PAID, movement, occasion, payment_id=payment_id)


def forgive(account: Account, amount: int, occasion: Occasion, *, payment_id: PaymentId) -> int:
    """Cancel up to an amount of the debt; return how much was cancelled."""
    cancelled = min(amount, account.debt)
    if cancelled:
        movement = Movement(world=-cancelled, debt=cancelled)
        account.post(EntryKind.CLAWBACK, Category.PAID, movement, occasion, payment_id=payment_id)
    return cancelled
