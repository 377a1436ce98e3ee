"""The reader in memory."""

from collections.abc import AsyncIterator, Collection, Mapping
from datetime import datetime

from billing.adapters.outbound.memory.store import MemoryBilling
from billing.domain.allocation import PaidAllocation
from billing.domain.auto_top_up import TopUpStanding
from billing.domain.checkout import Checkout
from billing.domain.identifiers import CheckoutId, PurchaseId, UserId
from billing.domain.processor_price import ProcessorPrice
from billing.domain.purchase_standing import PurchaseStanding
from billing.domain.subscription import Subscription


class MemoryBillingReader:
    """Reads billing in memory."""

    def __init__(self, billing: MemoryBilling) -> None:
        self._billing = billing

    async def checkout(self, user_id: UserId, checkout_id: CheckoutId) -> Checkout | None:
        """Return a checkout of this user."""
        found = self._billing.checkouts.get(checkout_id)
        return found if found and found.user_id == user_id else None

    async def subscription(self, user_id: UserId) -> Subscription | None:
        """Return this user's subscription that has not ended."""
        mine = (known for known in self._billing.subscriptions.values() if known.user_id == user_id)
        return next((known for known in mine if known.ended_at is None), None)

    async def processor_prices(self) -> Mapping[str, ProcessorPrice]:
        """Return the processor's prices as they were seen last, by name."""
        return {name: price for name, (price, _) in self._billing.prices.items()}

    async def prices_asked_at(self, price_names: Collection[str]) -> datetime | None:
        """Return since when one of these prices was not asked about."""
        asked = (asked_at for name, (_, asked_at) in self._billing.prices.items() if name in price_names)
        return min(asked, default=None)

    async def asked_for_top_ups(self, user_id: UserId) -> bool:
        """Whether this user ever asked for packs to be bought by themselves."""
        return user_id in self._billing.auto_top_ups

    async def auto_top_up(self, user_id: UserId, *, month: datetime) -> TopUpStanding | None:
        """Return what this user asked to be bought by itself."""
        found = self._billing.auto_top_ups.get(user_id)
        if found is None:
            return None
        page = self._billing.checkouts.get(found.authenticates) if found.authenticates else None
        return TopUpStanding(
            auto_top_up=found,
            purchases=self._billing.counted_top_ups(user_id, month),
            url=page.url if page else None,
        )

    async def purchases(
        self, user_id: UserId, *, before: PurchaseId | None, limit: int
    ) -> list[PurchaseStanding] | None:
        """Return purchases, newest first."""
        mine = [purchase for purchase in self._billing.purchases.values() if purchase.user_id == user_id]
        if before is not None and before not in {purchase.purchase_id for purchase in mine}:
            return None
        older = [purchase for purchase in mine if before is None or purchase.purchase_id < before]
        newest_first = sorted(older, key=lambda purchase: purchase.purchase_id, reverse=True)
        return [self._billing.standing(purchase) for purchase in newest_first[:limit]]

    async def purchase(self, purchase_id: PurchaseId) -> PurchaseStanding | None:
        """Return a purchase of whichever user."""
        found = self._billing.purchases.get(purchase_id)
        return self._billing.standing(found) if found else None

    async def settled_payments(self) -> AsyncIterator[PurchaseStanding]:
        """Stream every purchase, oldest first."""
        for _, purchase in sorted(self._billing.purchases.items()):
            yield self._billing.standing(purchase)

    async def allocations(self) -> AsyncIterator[PaidAllocation]:
        """Stream what was told of paid plans' credits."""
        payments = {bought.invoice_id: bought.payment_id for bought in self._billing.purchases.values()}
        told = self._billing.allocations.values()
        for allocation in sorted(told, key=lambda allocation: allocation.span.start):
            yield PaidAllocation(allocation=allocation, payment_id=payments.get(allocation.invoice_id))

    async def free_plans(self) -> AsyncIterator[Subscription]:
        """Stream every free subscription."""
        for known in list(self._billing.subscriptions.values()):
            if known.paid is None:
                yield known
