"""Expiry: booking what is left of a lot whose time is over. What is held from it stays good."""

from ledger.domain.account import Account
from ledger.domain.entry import EntryKind, Movement
from ledger.domain.facts import CreditsExpired
from ledger.domain.lot import Lot
from ledger.domain.occasion import Occasion


def expire_lots(account: Account, occasion: Occasion) -> int:
    """Book every lot that expired; return the credits that are gone."""
    expired = [lot for lot in account.lots.values() if lot.remaining and lot.is_expired(occasion.now)]
    return tell_expired(account, sum(expire_lot(account, lot, occasion) for lot in expired), occasion)


def expire_lot(account: Account, lot: Lot, occasion: Occasion, *, kind: EntryKind = EntryKind.EXPIRE) -> int:
    """Book what is left of one lot; return the credits that are gone."""
    amount = lot.remaining
    if amount == 0:
        return 0
    account.put(lot.expire())
    movement = Movement(available=-amount, breakage=amount)
    account.post(kind, lot.category, movement, occasion, grant_id=lot.grant_id)
    return amount


def tell_expired(account: Account, amount: int, occasion: Occasion) -> int:
    """Publish that credits are gone, when any are; return them."""
    if amount:
        account.facts.append(
            CreditsExpired(
                account_id=account.account_id,
                amount=amount,
                balance=account.balance(occasion.now),
                occurred_at=occasion.written_at,
            )
        )
    return amount
