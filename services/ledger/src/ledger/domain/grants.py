"""Grants: adding lots of credits, and renewing a subscription's."""

from ledger.domain.account import Account
from ledger.domain.debt import pay_debt
from ledger.domain.entry import EntryKind, Movement
from ledger.domain.expiry import expire_lot, tell_expired
from ledger.domain.facts import CreditsGranted
from ledger.domain.lot import Lot
from ledger.domain.money_back import bring_in_line
from ledger.domain.occasion import Occasion


def grant(account: Account, lot: Lot, occasion: Occasion) -> None:
    """Add a lot. A clawback that was told before the payment's own grant takes its part at once, and a
    debt is paid first."""
    _add(account, lot, occasion)
    _claw_back_at_once(account, lot, occasion)
    pay_debt(account, occasion)


def renew(account: Account, lot: Lot, occasion: Occasion) -> None:
    """Add a subscription's new allocation and end what is left of the older ones.

    What is held of an older allocation stays good for its job; what returns from it expires at once. A
    renewal that is told after a later one is granted and ended at once: its period is over.
    """
    _add(account, lot, occasion)
    # Before anything ends: what went back of its payment is taken from its own credits.
    _claw_back_at_once(account, lot, occasion)
    lot = account.lots[lot.grant_id]
    others = [
        other
        for other in account.lots.values()
        if other.source == lot.source and other.category is lot.category and other.grant_id != lot.grant_id
    ]
    is_late = any(_lasts_longer(other, lot) for other in others)
    ended = sum(_end(account, other, occasion) for other in ([lot] if is_late else others))
    tell_expired(account, ended, occasion)
    pay_debt(account, occasion)


def _claw_back_at_once(account: Account, lot: Lot, occasion: Occasion) -> None:
    if lot.payment_id is not None and lot.payment_id in account.clawbacks:
        clawback = account.clawbacks[lot.payment_id].grant(lot.amount)
        account.put(clawback)
        bring_in_line(account, clawback, occasion)


def _lasts_longer(lot: Lot, other: Lot) -> bool:
    return other.expires_at is not None and (
        lot.expires_at is None or lot.expires_at > other.expires_at or lot.effective_at > other.effective_at
    )


def _end(account: Account, lot: Lot, occasion: Occasion) -> int:
    lot = lot.end(occasion.now)
    account.put(lot)
    return expire_lot(account, lot, occasion, kind=EntryKind.RESET)


def _add(account: Account, lot: Lot, occasion: Occasion) -> None:
    account.put(lot)
    account.post(
        EntryKind.GRANT,
        lot.category,
        Movement(world=-lot.amount, available=lot.amount),
        occasion,
        grant_id=lot.grant_id,
        payment_id=lot.payment_id,
    )
    account.facts.append(
        CreditsGranted(
            account_id=account.account_id,
            grant_id=lot.grant_id,
            amount=lot.amount,
            category=lot.category,
            source=lot.source,
            payment_id=lot.payment_id,
            balance=account.balance(occasion.now),
            occurred_at=occasion.written_at,
        )
    )
