"""Plans as pages show them: what is on sale, for which interval, and which one is the person's own."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.adapters.inbound.console.languages import gettext_noop
from gateway.adapters.inbound.deps import Deps
from gateway.domain.console_session import ConsoleSession
from gateway.domain.errors import GatewayError, NotFound
from gateway.domain.identifiers import PlanId
from gateway.domain.subscription import BillingInterval, Plan, PlanPrice, Subscription

# Pages for subscribers, by the word that opens them.
PAGES = {"premium": gettext_noop("Premium"), "business": gettext_noop("Business")}
MONTHS = {BillingInterval.MONTH: 1, BillingInterval.YEAR: 12}


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A plan at its price for an interval; without one it is free."""

    plan: Plan
    price: PlanPrice | None
    # What twelve months by the month would cost more; 0 where they would not.
    saved_minor: int
    is_current: bool


def offers_of(
    plans: Sequence[Plan], interval: BillingInterval, subscription: Subscription | None
) -> list[Offer]:
    """Return what pages offer, in the catalogue's order: nothing at all where no plan is sold.

    A plan that has no price for the interval is shown at the one that it has.
    """
    if not any(plan.prices for plan in plans):
        return []
    return [_offer(plan, interval, subscription) for plan in plans]


def intervals_of(plans: Sequence[Plan]) -> list[BillingInterval]:
    """Return for which intervals anything is sold, the shorter first."""
    sold = {price.interval for plan in plans for price in plan.prices}
    return [interval for interval in MONTHS if interval in sold]


def interval_of(word: str | None) -> BillingInterval:
    """Return the interval of that word; an unknown one is a month."""
    return BillingInterval.YEAR if word == BillingInterval.YEAR else BillingInterval.MONTH


def opening(plans: Sequence[Plan], word: str) -> list[Plan]:
    """Return the plans on sale that open a word."""
    return [plan for plan in plans if plan.prices and word in plan.entitlements]


async def plan_of(deps: Deps, session: ConsoleSession | None) -> Subscription | None:
    """Return a person's plan; None for who has none, and for nobody."""
    if session is None:
        return None
    try:
        return await deps.billing.subscription(session.user_id)
    except NotFound:
        return None


@dataclass(frozen=True, kw_only=True)
class OwnPlan:
    """A person's plan, of those on offer; None is no plan, where one could be had."""

    subscription: Subscription | None
    plans: Sequence[Plan]

    @property
    def pages(self) -> list[tuple[str, str]]:
        """The pages for subscribers that it opens: each one's word and title."""
        words = self.subscription.entitlements if self.subscription else ()
        return [(word, title) for word, title in PAGES.items() if word in words]

    def changes_at_once(self, plan: Plan, price: PlanPrice) -> bool:
        """Whether another plan would begin at once."""
        return self.subscription is None or self.subscription.changes_at_once(plan, price.interval)

    def title(self, plan_id: PlanId) -> str:
        """Return what a plan is called; its id once nobody knows it any more."""
        own = self.subscription.plan if self.subscription else None
        known = (*self.plans, *((own,) if own else ()))
        return next((plan.title for plan in known if plan.plan_id == plan_id), plan_id)

    @property
    def is_paid(self) -> bool:
        """Whether it is paid for."""
        return self.subscription is not None and self.subscription.interval is not None


async def own_plan(deps: Deps, session: ConsoleSession) -> OwnPlan | None:
    """Return a person's plan, for pages that are about more.

    None where no plan is sold and none is paid for, and while billing can't say.
    """
    try:
        plans, subscription = await asyncio.gather(deps.billing.plans(), plan_of(deps, session))
    except GatewayError:
        return None
    own = OwnPlan(subscription=subscription, plans=plans)
    return own if own.is_paid or any(plan.prices for plan in plans) else None


def _offer(plan: Plan, interval: BillingInterval, subscription: Subscription | None) -> Offer:
    by_interval = {price.interval: price for price in plan.prices}
    price = by_interval.get(interval) or next(iter(plan.prices), None)
    month, year = by_interval.get(BillingInterval.MONTH), by_interval.get(BillingInterval.YEAR)
    saved = 0
    if month and year and price is year and month.currency == year.currency:
        saved = 12 * month.price_minor - year.price_minor
    return Offer(
        plan=plan,
        price=price,
        saved_minor=max(0, saved),
        is_current=subscription is not None and subscription.plan_id == plan.plan_id,
    )
