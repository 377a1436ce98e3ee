"""Use case: bring one checkout to where the payment processor says it stands.

Webhooks and the reconciler both end here, so that a lost webhook costs time and nothing else.
"""

from dataclasses import dataclass

from billing.application.complete_purchase import complete_purchase
from billing.application.settle_subscription import SettleSubscriptionHandler
from billing.domain.identifiers import PageId, PurchaseId
from billing.domain.settlement import settle, settle_plan
from billing.ports.clock import Clock
from billing.ports.id_source import IdSource
from billing.ports.payment_processor import PaymentProcessor
from billing.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True, kw_only=True)
class SettledCheckout:
    """A checkout of ours. `is_news`: that it was paid for was written down only now."""

    is_news: bool


@dataclass(frozen=True)
class SettleCheckoutHandler:
    """Purchase and PaymentCompleted are one transaction, once a payment object; a plan is settled before."""

    units: UnitsOfWork
    processor: PaymentProcessor
    subscription: SettleSubscriptionHandler
    clock: Clock
    ids: IdSource

    async def __call__(self, page_id: PageId) -> SettledCheckout | None:
        """Settle the checkout of a page; None when it is none of our checkouts.

        Asks the processor before it opens a transaction: what a webhook said may be old by now.
        """
        seen = await self.processor.find_checkout(page_id)
        plan = await self.subscription(seen.subscription_id) if seen.subscription_id else None
        async with self.units.of_system() as work:
            checkout_id = await work.checkout_of_page(page_id) or seen.reference
            checkout = await work.checkout(checkout_id, lock=True) if checkout_id else None
            if checkout is None:
                return None
            now = self.clock.now()
            settled, purchase = settle(checkout, seen, purchase_id=PurchaseId(self.ids.new("pay")), now=now)
            if purchase is not None and not await complete_purchase(work, purchase, now):
                return SettledCheckout(is_news=False)
            if (
                plan is not None
                and checkout.plan_id is not None
                and (begun := plan.subscription or plan.instead)
            ):
                settled = settle_plan(
                    settled,
                    page_id=seen.page_id,
                    payment_status=seen.payment_status,
                    subscription_id=begun.subscription_id,
                )
            if settled != checkout:
                await work.save_checkout(settled)
        is_news = purchase is not None or settled.is_bought is not checkout.is_bought
        return SettledCheckout(is_news=is_news or (plan is not None and plan.is_news))
