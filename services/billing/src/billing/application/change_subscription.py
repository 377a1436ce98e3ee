"""Use case: change a paid plan, at once for more, at the end of its period for less."""

from dataclasses import dataclass

from billing.application.bounds import require_text
from billing.application.current_offers import CurrentOffers
from billing.application.read_subscription import ReadSubscriptionHandler, SubscriptionStanding
from billing.application.refresh_prices import RefreshPricesHandler
from billing.application.subscribers import Subscribers
from billing.domain.errors import InvalidField, PriceChanged
from billing.domain.identifiers import PlanId, RequestId, UserId
from billing.domain.plan_change import is_at_once
from billing.domain.price import Price, price_changed, require_price
from billing.domain.standing import BillingInterval
from billing.domain.subscription import PaidTerms
from billing.ports.payment_processor import PaymentProcessor


@dataclass(frozen=True, kw_only=True)
class ChangeSubscription:
    """Which plan, by which interval; `request_id` makes one change of however many tries.

    `expected_price` is what the user was shown.
    """

    user_id: UserId
    plan_id: PlanId
    interval: BillingInterval | None
    expected_price: Price | None = None
    request_id: RequestId


@dataclass(frozen=True)
class ChangeSubscriptionHandler:
    """The processor changes it; what it says afterwards is what is written and told."""

    subscribers: Subscribers
    processor: PaymentProcessor
    offers: CurrentOffers
    prices: RefreshPricesHandler
    read: ReadSubscriptionHandler

    async def __call__(self, command: ChangeSubscription) -> SubscriptionStanding:
        """Change it; to what it is already, or will be, changes nothing.

        Raises SubscriptionNotFound, PlanIsFree, PlanNotOnSale, PriceChanged, PaymentDeclined, InvalidField,
        AccountGone, AccountLeaving, and what the processor's port does.
        """
        require_text("request_id", command.request_id)
        if command.interval is None:
            raise InvalidField("interval", "is required")
        await self.subscribers.require_staying(command.user_id)
        wanted = (command.plan_id, command.interval)
        live, paid = await self.subscribers.require(command.user_id)
        if paid.change is not None and wanted == (paid.change.plan_id, paid.change.interval):
            return await self.read(command.user_id)
        if wanted == (live.plan_id, paid.interval):
            # What somebody has they keep at its price, on sale or not.
            if paid.change is not None:
                await self.processor.keep(paid.processor_id, request_id=command.request_id)
        else:
            await self._change(command, command.interval, live.plan_id, paid)
        await self.subscribers.settle(paid.processor_id)
        return await self.read(command.user_id)

    async def _change(
        self, command: ChangeSubscription, interval: BillingInterval, plan_id: PlanId, paid: PaidTerms
    ) -> None:
        plan, price = (await self.offers.read()).on_sale(command.plan_id, interval)
        require_price(Price.of(price), command.expected_price)
        now = self.offers.offered.find_plan(plan_id)
        # What a plan gave that the catalogue has no more can't be compared: what is paid for is kept.
        is_later = now is None or not is_at_once(now, paid.interval, plan, price)
        change = self.processor.change_later if is_later else self.processor.change_now
        try:
            await change(paid.processor_id, plan, price, request_id=command.request_id)
        except PriceChanged as changed:
            # Whoever looks again sees what it costs now.
            await self.prices.look_again()
            _, price = (await self.offers.read()).on_sale(command.plan_id, interval)
            raise price_changed(Price.of(price)) from changed
