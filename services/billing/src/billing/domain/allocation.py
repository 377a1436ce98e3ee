"""Which credits a paid plan owes by now. Money decides: a month needs a paid invoice that covers it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from billing.domain.identifiers import InvoiceId, PaymentId, PlanId, SubscriptionId, UserId
from billing.domain.month import Month
from billing.domain.processor_subscription import PaidPeriod
from billing.domain.subscription import month_in

WHOLE = Fraction(1)
_APART = timedelta(milliseconds=1)


@dataclass(frozen=True, kw_only=True)
class DueCredits:
    """Credits of a month, or of the rest of one after an upgrade, and the period that pays for them."""

    plan_id: PlanId
    # From when until when they are good.
    span: Month
    credits: int
    is_raise: bool
    paid_by: PaidPeriod


@dataclass(frozen=True, kw_only=True)
class Allocation:
    """Credits that were told: of one subscription there is one that begins at a moment."""

    subscription_id: SubscriptionId
    user_id: UserId
    plan_id: PlanId
    span: Month
    credits: int
    is_raise: bool
    invoice_id: InvoiceId


@dataclass(frozen=True, kw_only=True)
class PaidAllocation:
    """Credits that were told, and the payment of their invoice; None where nothing was to be paid."""

    allocation: Allocation
    payment_id: PaymentId | None


def due_credits(
    periods: Iterable[PaidPeriod],
    *,
    anchor: datetime,
    now: datetime,
    credits_of: Mapping[PlanId, int],
    kept: Mapping[InvoiceId, Fraction] | None = None,
) -> list[DueCredits]:
    """Return what the month that it is now has come to: its allocation first, then what upgrades added.

    The same periods give the same answer, in whatever order they came to be known. `kept` says which part of
    an invoice's money was not sent back: it pays for the beginning of its time. Months that are over are
    owed nothing, because nobody could spend it.
    """
    known = [period for period in periods if period.plan_id in credits_of and period.start <= now]
    current = _current(known, now)
    if current is None:
        return []
    changes = _changes(known, current, credits_of)
    month = month_in(Month(current.start, current.end), anchor, now)
    before = [current, *(period for period in changes if period.start < month.start)]
    base, due = before[-1], list[DueCredits]()
    if _pays_until(base, kept or {}) > month.start:
        due.append(_due(base, month, credits_of[base.plan_id], is_raise=False))
    highest = credits_of[base.plan_id]
    for period in changes[len(before) - 1 :]:
        more = credits_of[period.plan_id] - highest
        if more > 0 and period.start < month.end and _pays_until(period, kept or {}) > period.start:
            # Never the moment of the month's own credits: one allocation begins at a moment.
            rest = Month(max(period.start, month.start + _APART), month.end)
            due.append(_due(period, rest, _share(more, rest, month), is_raise=True))
            highest += more
    return due


def _current(periods: Iterable[PaidPeriod], now: datetime) -> PaidPeriod | None:
    """Return the period that the last renewal paid for: one that was cut short is followed by another."""
    renewals = [period for period in periods if not period.is_change and now < period.end]
    return max(renewals, key=lambda period: (period.start, period.end, period.invoice_id), default=None)


def _changes(
    periods: Iterable[PaidPeriod], current: PaidPeriod, credits_of: Mapping[PlanId, int]
) -> list[PaidPeriod]:
    """Return the changes within a period in their order: of those of one moment, the biggest."""
    inside = [
        period
        for period in periods
        if period.is_change and current.start <= period.start and period.end <= current.end
    ]
    biggest: dict[datetime, PaidPeriod] = {}
    for period in sorted(inside, key=lambda period: (credits_of[period.plan_id], period.invoice_id)):
        biggest[period.start] = period
    return [biggest[start] for start in sorted(biggest)]


def _pays_until(period: PaidPeriod, kept: Mapping[InvoiceId, Fraction]) -> datetime:
    return period.start + (period.end - period.start) * float(kept.get(period.invoice_id, WHOLE))


def _share(amount: int, rest: Month, month: Month) -> int:
    """Return what of a month's credits belongs to its rest, as of its price: rounded up, for whoever pays."""
    part = Fraction(
        int((rest.end - rest.start).total_seconds()), int((month.end - month.start).total_seconds())
    )
    return -int(-amount * part // 1)


def _due(period: PaidPeriod, span: Month, amount: int, *, is_raise: bool) -> DueCredits:
    return DueCredits(plan_id=period.plan_id, span=span, credits=amount, is_raise=is_raise, paid_by=period)
