"""Who pays for a plan, as the payment processor says now."""

from dataclasses import dataclass, replace

from billing.application.require_staying import require_staying
from billing.application.settle_subscription import SettleSubscriptionHandler
from billing.domain.errors import PlanIsFree, SubscribedAlready, SubscriptionNotFound
from billing.domain.identifiers import UserId
from billing.domain.subscription import PaidTerms, Subscription
from billing.ports.unit_of_work import BillingReader, UnitsOfWork


@dataclass(frozen=True)
class Subscribers:
    """Asks before it answers: what was done on the processor's own pages may not be known yet."""

    units: UnitsOfWork
    reader: BillingReader
    settle: SettleSubscriptionHandler

    async def require_staying(self, user_id: UserId) -> None:
        """Raise AccountGone and AccountLeaving for who begins or takes up nothing that costs money."""
        async with self.units.of(user_id) as work:
            await require_staying(work, user_id)

    async def end_by_choice(self, user_id: UserId) -> None:
        """Have a plan that ends because its owner was about to leave end whatever becomes of that."""
        async with self.units.of(user_id) as work:
            known = await work.departure(user_id, lock=True)
            if known is not None and known.set_to_end is not None:
                await work.save_departure(replace(known, set_to_end=None))

    async def require_none(self, user_id: UserId) -> None:
        """Raise SubscribedAlready for a user who pays for a plan."""
        live = await self.reader.subscription(user_id)
        if live is None or live.paid is None:
            return
        live = await self._again(live, live.paid)
        if live is not None and live.paid is not None:
            raise SubscribedAlready(
                "you have a paid plan already: change it (POST /v1/subscription/change), or open the billing "
                "portal",
                plan_id=live.plan_id,
            )

    async def require(self, user_id: UserId) -> tuple[Subscription, PaidTerms]:
        """Return what a user pays for. Raises SubscriptionNotFound, PlanIsFree."""
        live = await self.reader.subscription(user_id)
        if live is None:
            raise SubscriptionNotFound("you have no plan")
        live = await self._again(live, live.paid) if live.paid else live
        if live is None or live.paid is None:
            raise PlanIsFree("you pay for no plan: choose one first (POST /v1/checkout)")
        return live, live.paid

    async def _again(self, live: Subscription, paid: PaidTerms) -> Subscription | None:
        await self.settle(paid.processor_id)
        return await self.reader.subscription(live.user_id)
