"""Lots: credits that were granted together and are spent in a fixed order."""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple, Self

from ledger.domain.identifiers import AccountId, GrantId, PaymentId

_NEVER = datetime.max.replace(tzinfo=UTC)


class Category(StrEnum):
    """What a lot of credits is. Of lots that are alike otherwise, those that stand first here go first."""

    SUBSCRIPTION = "subscription"
    PROMOTIONAL = "promotional"
    PAID = "paid"


USUAL_PRIORITY = 100

_CATEGORY_RANK = {category: rank for rank, category in enumerate(Category)}


class Lot(NamedTuple):
    """One grant and where its credits are now. Each movement returns the lot as it is after it.

    amount = remaining + held + spent + expired + clawed_back, where `clawed_back` is what was taken for
    money that went back, for a debt or by a correction.
    """

    grant_id: GrantId
    account_id: AccountId
    category: Category
    amount: int
    remaining: int
    held: int
    spent: int
    expired: int
    clawed_back: int
    priority: int
    effective_at: datetime
    expires_at: datetime | None
    source: str
    payment_id: PaymentId | None
    created_at: datetime

    @classmethod
    def granted(
        cls,
        *,
        grant_id: GrantId,
        account_id: AccountId,
        category: Category,
        amount: int,
        source: str,
        created_at: datetime,
        effective_at: datetime | None = None,
        expires_at: datetime | None = None,
        priority: int = USUAL_PRIORITY,
        payment_id: PaymentId | None = None,
    ) -> Self:
        """Return a lot that was just made, with all of its credits in it; effective at once unless told."""
        return cls(
            grant_id=grant_id,
            account_id=account_id,
            category=category,
            amount=amount,
            remaining=amount,
            held=0,
            spent=0,
            expired=0,
            clawed_back=0,
            priority=priority,
            effective_at=effective_at or created_at,
            expires_at=expires_at,
            source=source,
            payment_id=payment_id,
            created_at=created_at,
        )

    def hold(self, amount: int) -> "Lot":
        """Set credits aside for a job."""
        return self._moved(remaining=-amount, held=amount)

    def charge(self, held: int, charged: int) -> "Lot":
        """Spend some of what was held, and let the rest return."""
        return self._moved(held=-held, spent=charged, remaining=held - charged)

    def release(self, amount: int) -> "Lot":
        """Let what was held return."""
        return self._moved(held=-amount, remaining=amount)

    def refund(self, amount: int) -> "Lot":
        """Let what was spent return."""
        return self._moved(spent=-amount, remaining=amount)

    def take(self, amount: int) -> "Lot":
        """Take credits for good, other than by spending them."""
        return self._moved(remaining=-amount, clawed_back=amount)

    def refill(self, amount: int) -> "Lot":
        """Give back what was taken."""
        return self._moved(clawed_back=-amount, remaining=amount)

    def expire(self) -> "Lot":
        """Book what is left as gone. What is held stays good."""
        return self._moved(remaining=-self.remaining, expired=self.remaining)

    def _moved(
        self, *, remaining: int = 0, held: int = 0, spent: int = 0, expired: int = 0, clawed_back: int = 0
    ) -> "Lot":
        # As `_replace` does it, in a third of the time: every command moves a lot.
        return tuple.__new__(
            Lot,
            (
                self.grant_id,
                self.account_id,
                self.category,
                self.amount,
                self.remaining + remaining,
                self.held + held,
                self.spent + spent,
                self.expired + expired,
                self.clawed_back + clawed_back,
                self.priority,
                self.effective_at,
                self.expires_at,
                self.source,
                self.payment_id,
                self.created_at,
            ),
        )

    def end(self, now: datetime) -> Self:
        """Let it expire now, unless it did."""
        return self if self.is_expired(now) else self._replace(expires_at=now)

    def is_effective(self, now: datetime) -> bool:
        """Whether its time has come. One that was for at once stays so for a clock that is behind."""
        return self.effective_at <= now or self.effective_at <= self.created_at

    def is_expired(self, now: datetime) -> bool:
        """Whether nothing more may be spent from it. What is held already stays good."""
        return self.expires_at is not None and self.expires_at <= now

    def is_spendable(self, now: datetime) -> bool:
        """Whether it has credits that may be spent now."""
        # Asked of every lot by every reservation: most are effective and many never expire.
        return (
            self.remaining > 0
            and (self.effective_at <= now or self.is_effective(now))
            and (self.expires_at is None or not self.is_expired(now))
        )


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
