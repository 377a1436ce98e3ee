"""Money going back: taking a payment's credits back, and giving them back when a dispute was won."""

from ledger.domain.account import Account
from ledger.domain.clawback import Clawback
from ledger.domain.debt import forgive, owe
from ledger.domain.entry import EntryKind, Movement
from ledger.domain.expiry import expire_lot, expire_lots, tell_expired
from ledger.domain.facts import CreditsClawedBack
from ledger.domain.identifiers import GrantId, PaymentId
from ledger.domain.lot import Category, Lot, in_taking_order
from ledger.domain.occasion import Occasion
from ledger.domain.taking import take


def claw_back(
    account: Account, payment_id: PaymentId, *, cause: str, target: int, reinstated: bool, occasion: Occasion
) -> None:
    """Record what a cause takes in all, or that it never takes again, and act on the difference."""
    clawback = account.clawback(payment_id).tell(cause, target, reinstated=reinstated)
    account.put(clawback)
    bring_in_line(account, clawback, occasion)


def bring_in_line(account: Account, clawback: Clawback, occasion: Occasion) -> None:
    """Take or give back until what is taken is what the causes together take."""
    difference = clawback.target() - clawback.taken
    if difference == 0:
        return
    if difference > 0:
        from_own_lot = _take(account, clawback, difference, occasion)
    else:
        from_own_lot = -_give_back(account, clawback, -difference, occasion)
    clawback = clawback.move(difference, from_own_lot=from_own_lot)
    account.put(clawback)
    account.facts.append(
        CreditsClawedBack(
            account_id=account.account_id,
            payment_id=clawback.payment_id,
            amount=difference,
            taken=clawback.taken,
            reason=occasion.reason,
            balance=account.balance(occasion.now),
            occurred_at=occasion.written_at,
        )
    )


def _take(account: Account, clawback: Clawback, amount: int, occasion: Occasion) -> int:
    """Take from the payment's own lot, then from any other, and owe the rest; return what its own lot gave.

    What is held stays held.
    """
    expire_lots(account, occasion)
    left, from_own_lot = amount, 0
    for lot, taken in take(account, _own_lot_first(account, clawback.payment_id), amount):
        if lot.payment_id == clawback.payment_id:
            from_own_lot += taken
        account.post(
            EntryKind.CLAWBACK,
            lot.category,
            Movement(available=-taken, world=taken),
            occasion,
            grant_id=lot.grant_id,
            payment_id=clawback.payment_id,
        )
        left -= taken
    owe(account, left, occasion, payment_id=clawback.payment_id)
    return from_own_lot


def _give_back(account: Account, clawback: Clawback, amount: int, occasion: Occasion) -> int:
    """Cancel debt first, then refill the payment's own lot; return what went there.

    What was taken elsewhere comes as a new lot.
    """
    refilled = 0
    left = amount - forgive(account, amount, occasion, payment_id=clawback.payment_id)
    own = next((lot for lot in account.lots.values() if lot.payment_id == clawback.payment_id), None)
    if own is not None and (refilled := min(left, clawback.from_own_lot)):
        own = own.refill(refilled)
        account.put(own)
        account.post(
            EntryKind.CLAWBACK,
            own.category,
            Movement(available=refilled, world=-refilled),
            occasion,
            grant_id=own.grant_id,
            payment_id=clawback.payment_id,
        )
        if own.is_expired(occasion.now):
            tell_expired(account, expire_lot(account, own, occasion), occasion)
        left -= refilled
    if left:
        _grant_anew(account, clawback, left, occasion)
    return refilled


def _grant_anew(account: Account, clawback: Clawback, amount: int, occasion: Occasion) -> None:
    lot = Lot.granted(
        grant_id=GrantId(occasion.new_id("grt")),
        account_id=account.account_id,
        category=Category.PAID,
        amount=amount,
        source=f"reinstated:{clawback.payment_id}",
        created_at=occasion.now,
    )
    account.put(lot)
    account.post(
        EntryKind.CLAWBACK,
        lot.category,
        Movement(available=amount, world=-amount),
        occasion,
        grant_id=lot.grant_id,
        payment_id=clawback.payment_id,
    )


def _own_lot_first(account: Account, payment_id: PaymentId) -> list[Lot]:
    lots = in_taking_order(account.lots.values())
    return sorted(lots, key=lambda lot: lot.payment_id != payment_id)
