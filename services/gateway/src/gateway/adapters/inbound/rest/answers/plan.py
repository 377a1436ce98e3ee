"""A plan on offer, and the one that somebody has."""

from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import (
    Answer,
    Credits,
    Currency,
    Minor,
    Moment,
    PlanId,
    SubscriptionId,
    shown,
)
from gateway.adapters.inbound.rest.answers.page import Whole
from gateway.domain import subscription as domain


class PlanPrice(Answer):
    """What a plan costs for an interval."""

    interval: domain.BillingInterval
    """For how long it is paid at once; the credits come every month in either case."""
    price_minor: Annotated[Minor, shown(2900)]
    """The price, in the currency's smallest unit."""
    currency: Currency

    @classmethod
    def of(cls, price: domain.PlanPrice) -> Self:
        """Show a price."""
        return cls(interval=price.interval, price_minor=price.price_minor, currency=price.currency)


class Plan(Answer):
    """Credits that come every month."""

    id: PlanId
    title: Annotated[str, shown("Free")]
    """A name for people."""
    description: Annotated[str, shown("To find out what it is like.")]
    """A sentence for people."""
    credits_per_month: Annotated[Credits, shown(500)]
    """What comes each month; what is left of it ends with the month."""
    features: Annotated[list[str], shown(["500 credits every month"])]
    """What speaks for it, in a few words each."""
    badge: Annotated[str | None, shown(None, "Popular")]
    """A word to show beside it."""
    entitlements: Annotated[list[str], shown(["premium"])]
    """What it opens; a model may require one of these words."""
    prices: list[PlanPrice]
    """One an interval; empty of a plan that is free and not sold."""
    trial_days: Annotated[int, shown(0)]
    """How many days a person's first plan is tried before it is paid; 0: it is paid at once."""

    @classmethod
    def of(cls, plan: domain.Plan) -> Self:
        """Show a plan."""
        return cls(
            id=plan.plan_id,
            title=plan.title,
            description=plan.description,
            credits_per_month=plan.credits,
            features=list(plan.features),
            badge=plan.badge,
            entitlements=list(plan.entitlements),
            prices=[PlanPrice.of(price) for price in plan.prices],
            trial_days=plan.trial_days,
        )


class PlanList(Whole[Plan]):
    """All plans."""


class ScheduledChange(Answer):
    """What a plan becomes when the period that is paid for ends."""

    plan_id: PlanId
    interval: domain.BillingInterval
    at: Moment

    @classmethod
    def of(cls, change: domain.ScheduledChange) -> Self:
        """Show a change."""
        return cls(plan_id=change.plan_id, interval=change.interval, at=change.at)


class Subscription(Answer):
    """Somebody's plan, and the month that it is in."""

    id: SubscriptionId
    plan_id: PlanId
    plan: Plan | None
    """The plan as it is on offer now; null once it is on offer no more."""
    status: domain.SubscriptionStatus
    """Past due keeps the plan while the payment is tried again; new credits come with the money."""
    began_at: Moment
    """A free plan's months begin on this day of the month; where a month has none, on its last day."""
    period_start: Moment
    """When this month's credits came."""
    period_end: Moment
    """When what is left of this month's credits ends."""
    entitlements: Annotated[list[str], shown(["premium"])]
    """What it opens now; a model may require one of these words."""
    next_allocation_at: Moment | None
    """When credits come next; null where none do, because it is paused or ends before."""
    interval: domain.BillingInterval | None
    """For how long it is paid at once; null of a free plan, as is all that follows."""
    price_minor: Annotated[Minor | None, shown(2900, None)]
    """What is paid for an interval, in the currency's smallest unit."""
    currency: Currency | None
    paid_period_start: Moment | None
    """Since when the present interval lasts."""
    paid_period_end: Moment | None
    """When it is paid again, unless it ends."""
    trial_end: Moment | None
    """Until when it is tried without being paid."""
    cancels_at: Moment | None
    """When it ends, if somebody wanted it to; `POST /v1/subscription/resume` takes that back."""
    scheduled_change: ScheduledChange | None
    """What it becomes when the interval ends; `POST /v1/subscription/resume` takes that back."""

    @classmethod
    def of(cls, subscription: domain.Subscription) -> Self:
        """Show a subscription."""
        change = subscription.scheduled_change
        return cls(
            id=subscription.subscription_id,
            plan_id=subscription.plan_id,
            plan=Plan.of(subscription.plan) if subscription.plan else None,
            status=subscription.status,
            began_at=subscription.began_at,
            period_start=subscription.period_start,
            period_end=subscription.period_end,
            entitlements=list(subscription.entitlements),
            next_allocation_at=subscription.next_allocation_at,
            interval=subscription.interval,
            price_minor=subscription.price_minor,
            currency=subscription.currency,
            paid_period_start=subscription.paid_period_start,
            paid_period_end=subscription.paid_period_end,
            trial_end=subscription.trial_end,
            cancels_at=subscription.cancels_at,
            scheduled_change=ScheduledChange.of(change) if change else None,
        )
