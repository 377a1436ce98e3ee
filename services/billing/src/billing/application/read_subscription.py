"""Use case: show a person their plan."""

from dataclasses import dataclass
from datetime import datetime

from billing.domain.catalogue import Catalogue
from billing.domain.errors import SubscriptionNotFound
from billing.domain.identifiers import UserId
from billing.domain.month import Month
from billing.domain.plan import Plan
from billing.domain.standing import SubscriptionStatus
from billing.domain.subscription import Subscription
from billing.ports.clock import Clock
from billing.ports.unit_of_work import BillingReader


@dataclass(frozen=True, kw_only=True)
class SubscriptionStanding:
    """A subscription, its plan where the catalogue still has it, and the month that it is in."""

    subscription: Subscription
    plan: Plan | None
    month: Month
    now: datetime

    @property
    def entitlements(self) -> tuple[str, ...]:
        """What it opens now: as whoever keeps a copy of what was told, for as long as that is believed."""
        is_open = self.subscription.standing.opens_at(self.now)
        return self.plan.entitlements if self.plan and is_open else ()

    @property
    def next_allocation_at(self) -> datetime | None:
        """When credits come next; None where none do: it is paused, or ends before."""
        paid = self.subscription.paid
        if paid is None:
            return self.month.end
        ends = paid.cancels_at is not None and paid.cancels_at <= self.month.end
        return None if ends or paid.status is SubscriptionStatus.PAUSED else self.month.end


@dataclass(frozen=True)
class ReadSubscriptionHandler:
    """Answers from what is committed."""

    reader: BillingReader
    catalogue: Catalogue
    clock: Clock

    async def __call__(self, user_id: UserId) -> SubscriptionStanding:
        """Return how this user's plan stands. Raises SubscriptionNotFound for who has none."""
        subscription = await self.reader.subscription(user_id)
        if subscription is None:
            raise SubscriptionNotFound("you have no plan")
        now = self.clock.now()
        return SubscriptionStanding(
            subscription=subscription,
            plan=self.catalogue.find_plan(subscription.plan_id),
            month=subscription.month(now),
            now=now,
        )
