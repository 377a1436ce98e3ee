"""Rows of subscriptions and of what was told of their credits, as what they stand for, and back."""

from dataclasses import asdict
from typing import Any

from billing.domain.allocation import Allocation
from billing.domain.month import Month
from billing.domain.standing import BillingInterval, SubscriptionStatus
from billing.domain.subscription import PaidTerms, ScheduledChange, Subscription

_COPIED = (
    "processor_id",
    "price_minor",
    "currency",
    "anchor",
    "period_start",
    "period_end",
    "trial_end",
    "cancels_at",
)
_OF_ALLOCATION = ("subscription_id", "user_id", "plan_id", "credits", "is_raise", "invoice_id")
_OF_PAID = (*_COPIED, "interval", "status", "next_plan_id", "next_interval", "next_at")


def from_subscription(subscription: Subscription) -> dict[str, Any]:
    """Return a subscription's columns."""
    values = asdict(subscription)
    del values["paid"]
    paid = subscription.paid
    if paid is None:
        return values | dict.fromkeys(_OF_PAID)
    change = paid.change
    return {
        **values,
        **{name: getattr(paid, name) for name in _COPIED},
        "interval": paid.interval.value,
        "status": paid.status.value,
        "next_plan_id": change.plan_id if change else None,
        "next_interval": change.interval.value if change else None,
        "next_at": change.at if change else None,
    }


def to_subscription(row: Any) -> Subscription:
    """Return the subscription of a row."""
    values = {name: value for name, value in row._mapping.items() if name not in _OF_PAID}
    if row.processor_id is None:
        return Subscription(**values)
    change = None
    if row.next_plan_id is not None:
        change = ScheduledChange(
            plan_id=row.next_plan_id, interval=BillingInterval(row.next_interval), at=row.next_at
        )
    paid = PaidTerms(
        **{name: row._mapping[name] for name in _COPIED},
        interval=BillingInterval(row.interval),
        status=SubscriptionStatus(row.status),
        change=change,
    )
    return Subscription(**values, paid=paid)


def from_allocation(allocation: Allocation) -> dict[str, Any]:
    """Return an allocation's columns."""
    values = asdict(allocation)
    del values["span"]
    return {**values, "starts_at": allocation.span.start, "ends_at": allocation.span.end}


def to_allocation(row: Any) -> Allocation:
    """Return the allocation of a row, which may say more."""
    values = {name: row._mapping[name] for name in _OF_ALLOCATION}
    return Allocation(span=Month(row.starts_at, row.ends_at), **values)
