"""Lots: credits that were granted together and are spent in a fixed order."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from ledger.domain.identifiers import AccountId, GrantId, PaymentId

_NEVER = datetime.max.replace(tzinfo=UTC)


class Category(StrEnum):
    """What a lot of credits is."""

    SUBSCRIPTION = "subscription"
    PROMOTIONAL = "promotional"
    PAID = "paid"


USUAL_PRIORITY = 100

_CATEGORY_RANK = {Category.SUBSCRIPTION: 0, Category.PROMOTIONAL: 1, Category.PAID: 2}


@dataclass(slots=True, kw_only=True)
class Lot:
    """One grant and where its credits are now.

    amount = remaining + held + spent + expired + clawed_back, where `clawed_back` is what was taken for
    money that went back, for a debt or by a correction.
    """

    grant_id: GrantId
    account_id: AccountId
    category: Category
    amount: int
    remaining: int
    held: int = 0
    spent: int = 0
    expired: int = 0
    clawed_back: int = 0
    priority: int = USUAL_PRIORITY
    effective_at: datetime
    expires_at: datetime | None = None
    source: str
    payment_id: PaymentId | None = None
    created_at: datetime

    def is_effective(self, now: datetime) -> bool:
        """Whether its time has come. One that was for at once stays so for a clock that is behind."""
        return self.effective_at <= now or self.effective_at <= self.created_at

    def is_expired(self, now: datetime) -> bool:
        """Whether nothing more may be spent from it. What is held already stays good."""
        return self.expires_at is not None and self.expires_at <= now

    def is_spendable(self, now: datetime) -> bool:
        """Whether it has credits that may be spent now."""
        return self.remaining > 0 and self.is_effective(now) and not self.is_expired(now)


def in_spending_order(lots: Iterable[Lot], now: datetime) -> list[Lot]:
    """Return the spendable lots: priority, then what expires first, then category, then age.

    What never expires comes after everything that does. SUBSCRIPTION goes before PROMOTIONAL before PAID.
    """
    spendable = [lot for lot in lots if lot.is_spendable(now)]
    if len(spendable) > 1:
        spendable.sort(key=_spending_order)
    return spendable


def in_taking_order(lots: Iterable[Lot]) -> list[Lot]:
    """Return every lot that has credits, in spending order, those that are not effective yet included."""
    return sorted((lot for lot in lots if lot.remaining > 0), key=_spending_order)


def _spending_order(lot: Lot) -> tuple[int, datetime, int, datetime, str]:
    return (
        lot.priority,
        lot.expires_at or _NEVER,
        _CATEGORY_RANK[lot.category],
        lot.created_at,
        lot.grant_id,
    )
