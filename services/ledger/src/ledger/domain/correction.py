"""Corrections: a person moves a balance up or down, with their name and their reason in the journal."""

from dataclasses import dataclass

from ledger.domain.account import Account
from ledger.domain.debt import pay_debt
from ledger.domain.entry import EntryKind, Movement
from ledger.domain.errors import InsufficientCredits
from ledger.domain.facts import CreditsAdjusted
from ledger.domain.identifiers import GrantId, SessionId, TransactionId
from ledger.domain.lot import Category, Lot, in_spending_order
from ledger.domain.occasion import Occasion
from ledger.domain.taking import take


@dataclass(frozen=True, kw_only=True)
class Decider:
    """Where somebody decides from: told with the correction, and no part of the journal."""

    session_id: SessionId | None = None
    client_address: str | None = None


AT_A_TERMINAL = Decider()


def adjust(
    account: Account, amount: int, occasion: Occasion, decider: Decider = AT_A_TERMINAL
) -> GrantId | TransactionId:
    """Correct a balance; return the lot that was made, or the transaction that took.

    Raises InsufficientCredits, with nothing changed, when there is less to take than that.
    """
    available_before = account.balance(occasion.now).available
    made_id: GrantId | TransactionId = (
        _add(account, amount, occasion) if amount > 0 else _take(account, -amount, occasion)
    )
    account.facts.append(
        CreditsAdjusted(
            account_id=account.account_id,
            amount=amount,
            actor=occasion.actor,
            reason=occasion.reason,
            available_before=available_before,
            session_id=decider.session_id,
            client_address=decider.client_address,
            balance=account.balance(occasion.now),
            occurred_at=occasion.written_at,
        )
    )
    return made_id


def _add(account: Account, amount: int, occasion: Occasion) -> GrantId:
    lot = Lot.granted(
        grant_id=GrantId(occasion.new_id("grt")),
        account_id=account.account_id,
        category=Category.PROMOTIONAL,
        amount=amount,
        source=f"adjustment:{occasion.actor}",
        created_at=occasion.now,
    )
    account.put(lot)
    movement = Movement(available=amount, adjustment=-amount)
    account.post(EntryKind.ADJUST, lot.category, movement, occasion, grant_id=lot.grant_id)
    pay_debt(account, occasion)
    return lot.grant_id


def _take(account: Account, amount: int, occasion: Occasion) -> TransactionId:
    spendable = in_spending_order(account.lots.values(), occasion.now)
    if (available := sum(lot.remaining for lot in spendable)) < amount:
        raise InsufficientCredits.of(available_credits=available, required_credits=amount)
    for lot, taken in take(account, spendable, amount):
        movement = Movement(available=-taken, adjustment=taken)
        account.post(EntryKind.ADJUST, lot.category, movement, occasion, grant_id=lot.grant_id)
    return occasion.transaction_id
