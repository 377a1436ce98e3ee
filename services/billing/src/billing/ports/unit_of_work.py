"""The unit of work: everything one command reads and writes, in one transaction."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from billing.domain.allocation import Allocation, PaidAllocation
from billing.domain.auto_top_up import TopUpStanding
from billing.domain.checkout import Checkout, Purchase
from billing.domain.dispute import Dispute, DisputeState
from billing.domain.events import Fact
from billing.domain.identifiers import (
    CheckoutId,
    CustomerId,
    DisputeId,
    PageId,
    PaymentId,
    PlanId,
    ProcessorSubscriptionId,
    PromotionCode,
    PurchaseId,
    RefundId,
    SubscriptionId,
    UserId,
)
from billing.domain.listing import Scan
from billing.domain.processor_price import ProcessorPrice
from billing.domain.promotion import Promotion, Redemption
from billing.domain.purchase_standing import PurchaseStanding
from billing.domain.refund import Refund, RefundStatus
from billing.domain.subscription import Subscription
from billing.ports.departures import Departures
from billing.ports.erasures import Erasures
from billing.ports.referrals import Referrals
from billing.ports.refund_orders import RefundOrders
from billing.ports.top_ups import TopUps
from billing.ports.webhooks import WebhookQueue


class UnitOfWork(WebhookQueue, Referrals, RefundOrders, TopUps, Departures, Erasures, Protocol):
    """One open transaction: leaving it commits, an exception undoes everything."""

    async def customer_of(self, user_id: UserId) -> CustomerId | None:
        """Return the processor's customer id of a user."""

    async def user_of_customer(self, customer_id: CustomerId) -> UserId | None:
        """Return whose customer it is at the processor; None of one that was replaced."""

    async def link_customer(
        self, user_id: UserId, customer_id: CustomerId, *, instead_of: CustomerId | None
    ) -> CustomerId:
        """Store the link unless there is another one than `instead_of`; return the link that counts."""

    async def add_checkout(self, checkout: Checkout) -> Checkout:
        """Store a new checkout, or return the one that this user's idempotency key made before."""

    async def checkout_of_key(self, user_id: UserId, idempotency_key: str) -> Checkout | None:
        """Return the checkout that a user's idempotency key made."""

    async def checkout(self, checkout_id: CheckoutId, *, lock: bool = False) -> Checkout | None:
        """Return a checkout by our id."""

    async def checkout_of_page(self, page_id: PageId) -> CheckoutId | None:
        """Return our id of the checkout behind a page of the processor."""

    async def save_checkout(self, checkout: Checkout) -> None:
        """Write what may change of a checkout: its page, terms, statuses, purchase and next question."""

    async def claim_question(self, checkout_id: CheckoutId, *, now: datetime, after: datetime) -> bool:
        """Write that somebody who waits asks about a checkout now; False if one did later than `after`."""

    async def claim_checks(self, *, now: datetime, until: datetime, limit: int) -> Sequence[Checkout]:
        """Return checkouts whose next question is due, and have nobody else get them before `until`.

        Half of them are the newest, for whom somebody waits, and half are due for longest: nobody starves.
        """

    async def add_purchase(self, purchase: Purchase) -> bool:
        """Store a purchase; False when this payment has one already."""

    async def purchase_of_payment(self, payment_id: PaymentId) -> Purchase | None:
        """Return a payment's purchase, locked until the end."""

    async def save_refunds(self, purchase: Purchase, refunds: Sequence[Refund]) -> None:
        """Write a purchase's refunds, and what they refund of it in all."""

    async def standing_of_payment(self, payment_id: PaymentId) -> PurchaseStanding | None:
        """Return a payment's purchase with its disputes, locked until the end."""

    async def refunds_of(self, purchase_id: PurchaseId) -> Sequence[Refund]:
        """Return a purchase's refunds."""

    async def dispute(self, dispute_id: DisputeId) -> Dispute | None:
        """Return a dispute that moved money."""

    async def save_dispute(self, dispute: Dispute) -> None:
        """Write a dispute, a new one or one that moved on."""

    async def recorded_payments(self, payment_ids: Sequence[PaymentId]) -> Collection[PaymentId]:
        """Return those of these payments that are purchases."""

    async def recorded_refunds(self, refund_ids: Sequence[RefundId]) -> Mapping[RefundId, RefundStatus]:
        """Return how those of these refunds stand that are recorded."""

    async def recorded_disputes(self, dispute_ids: Sequence[DisputeId]) -> Mapping[DisputeId, DisputeState]:
        """Return how those of these disputes stand that are recorded."""

    async def scan(self, name: str) -> Scan | None:
        """Return how far one of the processor's lists was read."""

    async def save_scan(self, scan: Scan) -> None:
        """Write how far one of the processor's lists was read."""

    async def processor_prices(self) -> Mapping[str, ProcessorPrice]:
        """Return the processor's prices as they were seen last, by name."""

    async def save_processor_prices(self, prices: Sequence[ProcessorPrice], *, asked_at: datetime) -> None:
        """Write prices as they were asked about at a moment; one that was asked about later stays."""

    async def add_subscription(self, subscription: Subscription) -> bool:
        """Store a user's first subscription; False when they have, or ever had, one."""

    async def subscription(self, subscription_id: SubscriptionId) -> Subscription | None:
        """Return a subscription, locked until the end."""

    async def save_subscription(self, subscription: Subscription) -> None:
        """Write what may change of a subscription: its plan, its last month, its next look and its end."""

    async def claim_renewals(self, *, now: datetime, until: datetime, limit: int) -> Sequence[SubscriptionId]:
        """Return subscriptions that are due for longest, and have nobody else get them before `until`."""

    async def lock_plans(self, user_id: UserId) -> None:
        """Have everybody else who changes this user's plans wait until the end."""

    async def live_subscription(self, user_id: UserId) -> Subscription | None:
        """Return a user's subscription that has not ended, locked until the end."""

    async def free_subscription(self, user_id: UserId) -> Subscription | None:
        """Return a user's last free subscription, ended or not, locked until the end."""

    async def subscription_of_processor(self, processor_id: ProcessorSubscriptionId) -> Subscription | None:
        """Return a subscription by the processor's id, ended or not, locked until the end."""

    async def recorded_subscriptions(
        self, processor_ids: Sequence[ProcessorSubscriptionId]
    ) -> Mapping[ProcessorSubscriptionId, Subscription]:
        """Return those of these subscriptions of the processor that are recorded, ended or not."""

    async def has_paid_plan(self, user_id: UserId) -> bool:
        """Return whether a user has, or ever had, a plan that is paid."""

    async def insert_subscription(self, subscription: Subscription) -> None:
        """Store a subscription; the plans are locked, and the user has none that has not ended."""

    async def allocations(self, subscription_id: SubscriptionId, *, since: datetime) -> Sequence[Allocation]:
        """Return what was told of a paid plan's credits that begin at a moment or later."""

    async def add_allocation(self, allocation: Allocation) -> None:
        """Store that credits of a paid plan are told; its subscription is locked."""

    async def next_revision(self, user_id: UserId, *, opened: Sequence[str]) -> int:
        """Count one more change of a user's plan, from 1, and keep what it is told to open.

        Who counts next waits for this one's end.
        """

    async def told_entitlements(self, user_id: UserId) -> tuple[str, ...] | None:
        """Return what a user's plan was told to open last, locked until the end; None if it was not kept."""

    async def told_otherwise(
        self, opened: Mapping[PlanId, Sequence[str]], *, after: UserId | None, limit: int
    ) -> Sequence[UserId]:
        """Return users, in the order of their ids, whose plan opens by now something else than was told last.

        Only of those plans, and of what has neither ended nor is paused.
        """

    async def add_promotion(self, promotion: Promotion) -> bool:
        """Store a promotion; False when there is one of that code."""

    async def promotion(self, code: PromotionCode) -> Promotion | None:
        """Return a promotion, locked until the end."""

    async def promotions(self, *, limit: int) -> Sequence[Promotion]:
        """Return promotions, newest first."""

    async def save_promotion(self, promotion: Promotion) -> None:
        """Write what may change of a promotion: how often it was redeemed, and until when it is."""

    async def redemption(self, user_id: UserId, code: PromotionCode) -> Redemption | None:
        """Return a user's redemption of a code."""

    async def add_redemption(self, redemption: Redemption) -> None:
        """Store a redemption; the promotion is locked, so there is none of this user yet."""

    async def publish(self, fact: Fact) -> None:
        """Have a fact published once this transaction is committed."""


class UnitsOfWork(Protocol):
    """Opens units of work."""

    def of(self, user_id: UserId) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open one that sees this user's rows alone."""

    def of_system(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open one that sees every user's rows: for webhooks and sweepers."""


class BillingReader(Protocol):
    """Reads committed state."""

    async def checkout(self, user_id: UserId, checkout_id: CheckoutId) -> Checkout | None:
        """Return a checkout of this user."""

    async def subscription(self, user_id: UserId) -> Subscription | None:
        """Return this user's subscription that has not ended."""

    async def processor_prices(self) -> Mapping[str, ProcessorPrice]:
        """Return the processor's prices as they were seen last, by name."""

    async def prices_asked_at(self, price_names: Collection[str]) -> datetime | None:
        """Return since when one of these prices was not asked about, None when none of them was ever seen."""

    async def asked_for_top_ups(self, user_id: UserId) -> bool:
        """Whether this user ever asked for packs to be bought by themselves. Many may ask at once."""

    async def auto_top_up(self, user_id: UserId, *, month: datetime) -> TopUpStanding | None:
        """Return what this user asked to be bought by itself, with what was bought since `month`."""

    async def purchases(
        self, user_id: UserId, *, before: PurchaseId | None, limit: int
    ) -> list[PurchaseStanding] | None:
        """Return purchases, newest first, before an id, or from the newest.

        None when that id is none of this user's purchases.
        """

    async def purchase(self, purchase_id: PurchaseId) -> PurchaseStanding | None:
        """Return a purchase of whichever user."""

    def settled_payments(self) -> AsyncIterator[PurchaseStanding]:
        """Stream every purchase, oldest first."""

    def allocations(self) -> AsyncIterator[PaidAllocation]:
        """Stream what was told of paid plans' credits, those first that began first."""

    def free_plans(self) -> AsyncIterator[Subscription]:
        """Stream every free subscription, ended or not."""
