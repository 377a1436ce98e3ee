"""Billing in memory: every port's fake, held to the same suites as the real thing."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from billing.adapters.outbound.memory.webhooks import MemoryWebhook, MemoryWebhooks
from billing.domain.checkout import Checkout, Purchase
from billing.domain.dispute import Dispute, DisputeState
from billing.domain.events import Fact
from billing.domain.listing import Scan
from billing.domain.purchase_standing import PurchaseStanding
from billing.domain.refund import Refund, RefundStatus
from billing.ports.unit_of_work import UnitOfWork


@dataclass
class MemoryBilling:
    """Committed state, and the facts that were published with it."""

    customers: dict[str, str] = field(default_factory=dict)
    checkouts: dict[str, Checkout] = field(default_factory=dict)
    purchases: dict[str, Purchase] = field(default_factory=dict)
    refunds: dict[str, Sequence[Refund]] = field(default_factory=dict)
    disputes: dict[str, Dispute] = field(default_factory=dict)
    webhooks: dict[str, MemoryWebhook] = field(default_factory=dict)
    scans: dict[str, Scan] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._one_at_a_time = asyncio.Lock()

    def begin(self, user_id: str | None = None) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a unit of work; one at a time."""
        return self._begin()

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[UnitOfWork]:
        async with self._one_at_a_time:
            yield MemoryUnitOfWork(self)

    async def checkout(self, user_id: str, checkout_id: str) -> Checkout | None:
        """Return a checkout of this user."""
        found = self.checkouts.get(checkout_id)
        return found if found and found.user_id == user_id else None

    async def list_purchases(self, user_id: str, *, before: str, limit: int) -> list[PurchaseStanding] | None:
        """Return purchases, newest first."""
        mine = [one for one in self.purchases.values() if one.user_id == user_id]
        if before and before not in {one.purchase_id for one in mine}:
            return None
        older = [one for one in mine if not before or one.purchase_id < before]
        newest_first = sorted(older, key=lambda one: one.purchase_id, reverse=True)
        return [self.standing(one) for one in newest_first[:limit]]

    def standing(self, purchase: Purchase) -> PurchaseStanding:
        """Return a purchase with its disputes."""
        disputes = (one for one in self.disputes.values() if one.purchase_id == purchase.purchase_id)
        by_id = sorted(disputes, key=lambda one: one.dispute_id)
        return PurchaseStanding(purchase=purchase, disputes=tuple(by_id))


class MemoryBillingReader:
    """Reads billing in memory."""

    def __init__(self, billing: MemoryBilling) -> None:
        self._billing = billing

    async def checkout(self, user_id: str, checkout_id: str) -> Checkout | None:
        """Return a checkout of this user."""
        return await self._billing.checkout(user_id, checkout_id)

    async def purchases(self, user_id: str, *, before: str, limit: int) -> list[PurchaseStanding] | None:
        """Return purchases, newest first."""
        return await self._billing.list_purchases(user_id, before=before, limit=limit)

    async def settled_payments(self) -> AsyncIterator[PurchaseStanding]:
        """Stream every purchase, oldest first."""
        for _, purchase in sorted(self._billing.purchases.items()):
            yield self._billing.standing(purchase)


class MemoryUnitOfWork(MemoryWebhooks):
    """One open transaction: what it does is done at the commit."""

    def __init__(self, billing: MemoryBilling) -> None:
        super().__init__(billing.webhooks)
        self._billing = billing
        self._customers: dict[str, str] = {}
        self._checkouts: dict[str, Checkout] = {}
        self._purchases: dict[str, Purchase] = {}
        self._refunds: dict[str, Sequence[Refund]] = {}
        self._disputes: dict[str, Dispute] = {}
        self._scans: dict[str, Scan] = {}
        self._facts: list[Fact] = []

    async def customer_of(self, user_id: str) -> str | None:
        """Return the processor's customer id of a user."""
        return (self._billing.customers | self._customers).get(user_id)

    async def link_customer(self, user_id: str, customer_id: str, *, instead_of: str | None) -> str:
        """Store the link unless there is another one than `instead_of`."""
        known = await self.customer_of(user_id)
        self._customers[user_id] = customer_id if known in (None, instead_of) else str(known)
        return self._customers[user_id]

    async def add_checkout(self, checkout: Checkout) -> Checkout:
        """Store a new checkout, or return the one that this key made before."""
        for one in self._billing.checkouts.values():
            if (one.user_id, one.idempotency_key) == (checkout.user_id, checkout.idempotency_key):
                return one
        self._checkouts[checkout.checkout_id] = checkout
        return checkout

    async def checkout(self, checkout_id: str, *, lock: bool = False) -> Checkout | None:
        """Return a checkout by our id."""
        return (self._billing.checkouts | self._checkouts).get(checkout_id)

    async def checkout_of_session(self, session_id: str) -> str | None:
        """Return our id of the checkout behind a session."""
        found = (one for one in self._billing.checkouts.values() if one.session_id == session_id)
        return next((one.checkout_id for one in found), None)

    async def save_checkout(self, checkout: Checkout) -> None:
        """Write a checkout."""
        current = self._billing.checkouts[checkout.checkout_id]
        self._checkouts[checkout.checkout_id] = replace(checkout, asked_at=current.asked_at)

    async def claim_question(self, checkout_id: str, *, now: datetime, after: datetime) -> bool:
        """Write that somebody asks about a checkout now; False if one did later than `after`."""
        current = self._billing.checkouts[checkout_id]
        if current.asked_at is not None and current.asked_at > after:
            return False
        self._checkouts[checkout_id] = replace(current, asked_at=now)
        return True

    async def claim_checks(self, *, now: datetime, until: datetime, limit: int) -> Sequence[Checkout]:
        """Return checkouts that are due, half of them the newest."""
        due = [
            (one.next_check_at, one)
            for one in self._billing.checkouts.values()
            if one.next_check_at and one.next_check_at <= now
        ]
        newest = sorted(due, key=lambda pair: pair[1].opened_at, reverse=True)[: limit // 2]
        longest = sorted((pair for pair in due if pair not in newest), key=lambda pair: pair[0])
        claimed = [replace(one, next_check_at=until) for _, one in (newest + longest)[:limit]]
        self._checkouts |= {one.checkout_id: one for one in claimed}
        return claimed

    async def add_purchase(self, purchase: Purchase) -> bool:
        """Store a purchase; False when this payment has one already."""
        if any(one.payment_id == purchase.payment_id for one in self._billing.purchases.values()):
            return False
        self._purchases[purchase.purchase_id] = purchase
        return True

    async def purchase_of_payment(self, payment_id: str) -> Purchase | None:
        """Return a payment's purchase."""
        found = (one for one in self._billing.purchases.values() if one.payment_id == payment_id)
        return next(found, None)

    async def refunds_of(self, purchase_id: str) -> Sequence[Refund]:
        """Return a purchase's refunds."""
        return self._billing.refunds.get(purchase_id, ())

    async def save_refunds(self, purchase: Purchase, refunds: Sequence[Refund]) -> None:
        """Write a purchase's refunds, and what they refund of it in all."""
        self._purchases[purchase.purchase_id] = purchase
        self._refunds[purchase.purchase_id] = refunds

    async def dispute(self, dispute_id: str) -> Dispute | None:
        """Return a dispute that moved money."""
        return self._billing.disputes.get(dispute_id)

    async def save_dispute(self, dispute: Dispute) -> None:
        """Write a dispute."""
        self._disputes[dispute.dispute_id] = dispute

    async def recorded_refunds(self, refund_ids: Sequence[str]) -> Mapping[str, RefundStatus]:
        """Return how those of these refunds stand that are recorded."""
        recorded = (refund for refunds in self._billing.refunds.values() for refund in refunds)
        return {one.refund_id: one.status for one in recorded if one.refund_id in refund_ids}

    async def recorded_disputes(self, dispute_ids: Sequence[str]) -> Mapping[str, DisputeState]:
        """Return how those of these disputes stand that are recorded."""
        return {key: one.state for key, one in self._billing.disputes.items() if key in dispute_ids}

    async def scan(self, name: str) -> Scan | None:
        """Return how far a list was read."""
        return self._billing.scans.get(name)

    async def save_scan(self, scan: Scan) -> None:
        """Write how far a list was read."""
        self._scans[scan.name] = scan

    async def publish(self, fact: Fact) -> None:
        """Keep the fact for the commit."""
        self._facts.append(fact)

    async def commit(self) -> None:
        """Do what was asked."""
        self._billing.customers |= self._customers
        self._billing.checkouts |= self._checkouts
        self._billing.purchases |= self._purchases
        self._billing.refunds |= self._refunds
        self._billing.disputes |= self._disputes
        self._billing.webhooks |= self._webhooks
        self._billing.scans |= self._scans
        self._billing.facts += self._facts
