"""Use case: change a paid plan, at once for more, at the end of its period for less."""

from dataclasses import dataclass

from billing.application.bounds import require_text
from billing.application.read_subscription import ReadSubscriptionHandler, SubscriptionStanding
from billing.application.subscribers import Subscribers
from billing.domain.catalogue import Catalogue
from billing.domain.errors import InvalidField
from billing.domain.identifiers import PlanId, RequestId, UserId
from billing.domain.plan_change import is_at_once
from billing.domain.standing import BillingInterval
from billing.ports.payment_processor import PaymentProcessor


@dataclass(frozen=True, kw_only=True)
class ChangeSubscription:
    """Which plan, by which interval; `request_id` makes one change of however many tries."""

    user_id: UserId
    plan_id: PlanId
    interval: BillingInterval | None
    request_id: RequestId


@dataclass(frozen=True)
class ChangeSubscriptionHandler:
    """The processor changes it; what it says afterwards is what is written and told."""

    subscribers: Subscribers
    processor: PaymentProcessor
    catalogue: Catalogue
    read: ReadSubscriptionHandler

    async def __call__(self, command: ChangeSubscription) -> SubscriptionStanding:
        """Change it; to what it is already, or will be, changes nothing.

        Raises SubscriptionNotFound, PlanIsFree, PlanNotOnSale, PaymentDeclined, InvalidField, and what the
        processor's port does.
        """
        require_text("request_id", command.request_id)
        if command.interval is None:
            raise InvalidField("interval", "is required")
        plan, price = self.catalogue.on_sale(command.plan_id, command.interval)
        live, paid = await self.subscribers.require(command.user_id)
        wanted = (plan.plan_id, price.interval)
        change = paid.change
        if change is not None and wanted == (change.plan_id, change.interval):
            return await self.read(command.user_id)
        if wanted == (live.plan_id, paid.interval):
            if change is not None:
                await self.processor.keep(paid.processor_id, request_id=command.request_id)
        elif (now := self.catalogue.find_plan(live.plan_id)) is not None and not is_at_once(
            now, paid.interval, plan, price
        ):
            await self.processor.change_later(paid.processor_id, plan, price, request_id=command.request_id)
        else:
            await self.processor.change_now(paid.processor_id, plan, price, request_id=command.request_id)
        await self.subscribers.settle(paid.processor_id)
        return await self.read(command.user_id)
