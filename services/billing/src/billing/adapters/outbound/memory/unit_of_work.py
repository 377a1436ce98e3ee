"""The unit of work in memory."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import datetime

from billing.adapters.outbound.memory.constraints import (
    check_checkout,
    check_customer,
    check_dispute,
    check_purchase,
    check_refunds,
)
from billing.adapters.outbound.memory.departures import MemoryDepartures
from billing.adapters.outbound.memory.erasures import MemoryErasures
from billing.adapters.outbound.memory.prices import MemoryPrices
from billing.adapters.outbound.memory.promotions import MemoryPromotions
from billing.adapters.outbound.memory.referrals import MemoryReferrals
from billing.adapters.outbound.memory.refund_orders import MemoryRefundOrders
from billing.adapters.outbound.memory.store import MemoryBilling
from billing.adapters.outbound.memory.subscriptions import MemorySubscriptions
from billing.adapters.outbound.memory.top_ups import MemoryTopUps
from billing.adapters.outbound.memory.webhooks import MemoryWebhooks
from billing.domain.checkout import Checkout, Purchase
from billing.domain.dispute import Dispute, DisputeState
from billing.domain.events import Fact
from billing.domain.identifiers import (
    CheckoutId,
    CustomerId,
    DisputeId,
    PageId,
    PaymentId,
    PurchaseId,
    RefundId,
    UserId,
)
from billing.domain.listing import Scan
from billing.domain.purchase_standing import PurchaseStanding
from billing.domain.refund import Refund, RefundStatus
from billing.ports.unit_of_work import UnitOfWork


class MemoryUnitsOfWork:
    """Transactions that take turns and work on a copy, which replaces what is stored when they commit."""

    def __init__(self, billing: MemoryBilling) -> None:
        self._billing = billing
        self._turn = asyncio.Lock()

    def of(self, user_id: UserId) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open one for a user."""
        return self._open()

    def of_system(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open one for all users."""
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[UnitOfWork]:
        async with self._turn:
            changed = self._billing.snapshot()
            yield MemoryUnitOfWork(changed)
            vars(self._billing).update(vars(changed))


class MemoryUnitOfWork(
    MemoryDepartures,
    MemoryErasures,
    MemoryPrices,
    MemoryPromotions,
    MemoryReferrals,
    MemoryRefundOrders,
    MemorySubscriptions,
    MemoryTopUps,
    MemoryWebhooks,
):
    """One open transaction."""

    async def customer_of(self, user_id: UserId) -> CustomerId | None:
        """Return the processor's customer id of a user."""
        return self._billing.customers.get(user_id)

    async def user_of_customer(self, customer_id: CustomerId) -> UserId | None:
        """Return whose customer it is."""
        known = self._billing.customers.items()
        return next((user_id for user_id, customer in known if customer == customer_id), None)

    async def link_customer(
        self, user_id: UserId, customer_id: CustomerId, *, instead_of: CustomerId | None
    ) -> CustomerId:
        """Store the link unless there is another one than `instead_of`."""
        if self._billing.customers.get(user_id) in (None, instead_of):
            check_customer(self._billing, user_id, customer_id)
            self._billing.customers[user_id] = customer_id
        return self._billing.customers[user_id]

    async def add_checkout(self, checkout: Checkout) -> Checkout:
        """Store a new checkout, or return the one that this key made before."""
        if (known := await self.checkout_of_key(checkout.user_id, checkout.idempotency_key)) is not None:
            return known
        check_checkout(self._billing, checkout)
        self._billing.checkouts[checkout.checkout_id] = checkout
        return checkout

    async def checkout_of_key(self, user_id: UserId, idempotency_key: str) -> Checkout | None:
        """Return the checkout that a user's idempotency key made."""
        mine = (known for known in self._billing.checkouts.values() if known.user_id == user_id)
        return next((known for known in mine if known.idempotency_key == idempotency_key), None)

    async def checkout(self, checkout_id: CheckoutId, *, lock: bool = False) -> Checkout | None:
        """Return a checkout by our id."""
        return self._billing.checkouts.get(checkout_id)

    async def checkout_of_page(self, page_id: PageId) -> CheckoutId | None:
        """Return our id of the checkout behind a page."""
        found = (known for known in self._billing.checkouts.values() if known.page_id == page_id)
        return next((known.checkout_id for known in found), None)

    async def save_checkout(self, checkout: Checkout) -> None:
        """Write a checkout."""
        check_checkout(self._billing, checkout)
        current = self._billing.checkouts[checkout.checkout_id]
        self._billing.checkouts[checkout.checkout_id] = replace(checkout, asked_at=current.asked_at)

    async def claim_question(self, checkout_id: CheckoutId, *, now: datetime, after: datetime) -> bool:
        """Write that somebody asks about a checkout now; False if one did later than `after`."""
        current = self._billing.checkouts[checkout_id]
        if current.asked_at is not None and current.asked_at > after:
            return False
        self._billing.checkouts[checkout_id] = replace(current, asked_at=now)
        return True

    async def claim_checks(self, *, now: datetime, until: datetime, limit: int) -> Sequence[Checkout]:
        """Return checkouts that are due, half of them the newest."""
        due = [
            (checkout.next_check_at, checkout)
            for checkout in self._billing.checkouts.values()
            if checkout.next_check_at and checkout.next_check_at <= now
        ]
        newest = sorted(due, key=lambda pair: pair[1].opened_at, reverse=True)[: limit // 2]
        longest = sorted((pair for pair in due if pair not in newest), key=lambda pair: pair[0])
        claimed = [replace(checkout, next_check_at=until) for _, checkout in (newest + longest)[:limit]]
        self._billing.checkouts |= {checkout.checkout_id: checkout for checkout in claimed}
        return claimed

    async def add_purchase(self, purchase: Purchase) -> bool:
        """Store a purchase; False when this payment has one already."""
        is_known = purchase.purchase_id in self._billing.purchases
        if is_known or await self.purchase_of_payment(purchase.payment_id) is not None:
            return False
        check_purchase(self._billing, purchase)
        self._billing.purchases[purchase.purchase_id] = purchase
        return True

    async def purchase_of_payment(self, payment_id: PaymentId) -> Purchase | None:
        """Return a payment's purchase."""
        found = (known for known in self._billing.purchases.values() if known.payment_id == payment_id)
        return next(found, None)

    async def standing_of_payment(self, payment_id: PaymentId) -> PurchaseStanding | None:
        """Return a payment's purchase with its disputes."""
        purchase = await self.purchase_of_payment(payment_id)
        return None if purchase is None else self._billing.standing(purchase)

    async def refunds_of(self, purchase_id: PurchaseId) -> Sequence[Refund]:
        """Return a purchase's refunds."""
        return self._billing.refunds.get(purchase_id, ())

    async def save_refunds(self, purchase: Purchase, refunds: Sequence[Refund]) -> None:
        """Write a purchase's refunds, and what they refund of it in all."""
        check_purchase(self._billing, purchase)
        check_refunds(self._billing, purchase.purchase_id, refunds)
        self._billing.purchases[purchase.purchase_id] = purchase
        self._billing.refunds[purchase.purchase_id] = refunds

    async def dispute(self, dispute_id: DisputeId) -> Dispute | None:
        """Return a dispute that moved money."""
        return self._billing.disputes.get(dispute_id)

    async def save_dispute(self, dispute: Dispute) -> None:
        """Write a dispute."""
        check_dispute(self._billing, dispute)
        self._billing.disputes[dispute.dispute_id] = dispute

    async def recorded_payments(self, payment_ids: Sequence[PaymentId]) -> Collection[PaymentId]:
        """Return those of these payments that are purchases."""
        return {known.payment_id for known in self._billing.purchases.values()} & set(payment_ids)

    async def recorded_refunds(self, refund_ids: Sequence[RefundId]) -> Mapping[RefundId, RefundStatus]:
        """Return how those of these refunds stand that are recorded."""
        recorded = (refund for refunds in self._billing.refunds.values() for refund in refunds)
        return {refund.refund_id: refund.status for refund in recorded if refund.refund_id in refund_ids}

    async def recorded_disputes(self, dispute_ids: Sequence[DisputeId]) -> Mapping[DisputeId, DisputeState]:
        """Return how those of these disputes stand that are recorded."""
        disputes = self._billing.disputes
        return {key: dispute.state for key, dispute in disputes.items() if key in dispute_ids}

    async def scan(self, name: str) -> Scan | None:
        """Return how far a list was read."""
        return self._billing.scans.get(name)

    async def save_scan(self, scan: Scan) -> None:
        """Write how far a list was read."""
        self._billing.scans[scan.name] = scan

    async def publish(self, fact: Fact) -> None:
        """Keep the fact for the commit."""
        self._billing.facts.append(fact)
