"""Accounts without a store: what a rule makes of one, and the journal's rows in words."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from ledger.domain.account import Account
from ledger.domain.grants import grant
from ledger.domain.holds import reserve
from ledger.domain.lot import Category, Lot
from ledger.domain.occasion import Occasion
from ledger.domain.reservation import Reservation

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
# What is stamped: the account was written by a clock that is ahead, so that a test sees which is meant.
WRITTEN = NOW + timedelta(milliseconds=5)
ME = "usr_me"
PAID, PROMOTIONAL, SUBSCRIPTION = Category.PAID, Category.PROMOTIONAL, Category.SUBSCRIPTION


def occasion(now: datetime = NOW, **said: Any) -> Occasion:
    """Something is decided now."""
    numbers = count(1)
    terms = {"actor": "usr_admin", "reason": "because", "request_id": "req_1", "transaction_id": "txn_1"}
    return Occasion(
        now=now,
        written_at=now + (WRITTEN - NOW),
        new_id=lambda prefix: f"{prefix}_new{next(numbers)}",
        **{**terms, **said},
    )


def lot(grant_id: str, amount: int, category: Category = PROMOTIONAL, **terms: Any) -> Lot:
    """Credits for at once and for ever, unless the terms say otherwise."""
    fresh = Lot.granted(
        grant_id=grant_id, account_id=ME, category=category, amount=amount, source="test", created_at=NOW
    )
    return fresh._replace(**terms)


def account(*lots: Lot) -> Account:
    """An account that was granted these, with nothing left to write."""
    mine = Account(ME)
    for given in lots:
        grant(mine, given, occasion())
    settle(mine)
    return mine


def settle(mine: Account) -> None:
    """Forget what was to be written, as after a commit."""
    mine.entries.clear()
    mine.facts.clear()
    for written in (
        mine.new_lots,
        mine.changed_lots,
        mine.new_reservations,
        mine.changed_reservations,
        mine.changed_clawbacks,
        mine.changed_budgets,
    ):
        written.clear()


def hold(mine: Account, amount: int, **terms: Any) -> Reservation:
    """Set credits aside for a job, with nothing left to write."""
    held = reserve(
        mine,
        amount,
        reference="gen_1",
        expires_at=NOW + timedelta(hours=1),
        occasion=occasion(transaction_id="txn_0"),
        **terms,
    )
    settle(mine)
    return held


def rows(mine: Account) -> list[str]:
    """What was posted: kind, category, what moved, what it is about, and the balance after."""
    return [
        " ".join(
            [
                entry.kind.value,
                entry.category.value,
                *(f"{book}{amount:+}" for book, amount in entry.movement._asdict().items() if amount),
                *(
                    link
                    for link in (entry.grant_id, entry.payment_id, entry.reservation_id, entry.reference)
                    if link
                ),
                f"-> {entry.balance_after}/{entry.held_after}",
            ]
        )
        for entry in mine.entries
    ]


def told(mine: Account) -> list[str]:
    """The facts by name and amount, with the balance that each shows."""
    return [
        " ".join(
            [
                type(fact).__name__,
                *(
                    f"{name}={getattr(fact, name)}"
                    for name in ("amount", "taken", "charged", "refunded", "payment_id", "reason", "actor")
                    if getattr(fact, name, None) is not None
                ),
                f"-> {fact.balance.available}/{fact.balance.held}/{fact.balance.debt}",
            ]
        )
        for fact in mine.facts
    ]


def parts(of: Lot) -> tuple[int, int, int, int, int]:
    """Where a lot's credits are: remaining, held, spent, expired, clawed back."""
    return of.remaining, of.held, of.spent, of.expired, of.clawed_back
