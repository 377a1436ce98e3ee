"""The unit of work: everything one command reads and writes, in one transaction."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from billing.domain.checkout import Checkout, Purchase
from billing.domain.dispute import Dispute, DisputeState
from billing.domain.events import Fact
from billing.domain.listing import Scan
from billing.domain.purchase_standing import PurchaseStanding
from billing.domain.refund import Refund, RefundStatus
from billing.ports.webhooks import WebhookQueue


class UnitOfWork(WebhookQueue, Protocol):
    """One open transaction: leaving it commits, an exception undoes everything."""

    async def customer_of(self, user_id: str) -> str | None:
        """Return the processor's customer id of a user."""

    async def link_customer(self, user_id: str, customer_id: str, *, instead_of: str | None) -> str:
        """Store the link unless there is another one than `instead_of`; return the link that counts."""

    async def add_checkout(self, checkout: Checkout) -> Checkout:
        """Store a new checkout, or return the one that this user's idempotency key made before."""

    async def checkout(self, checkout_id: str, *, lock: bool = False) -> Checkout | None:
        """Return a checkout by our id."""

    async def checkout_of_session(self, session_id: str) -> str | None:
        """Return our id of the checkout behind a processor's session."""

    async def save_checkout(self, checkout: Checkout) -> None:
        """Write what may change of a checkout: its page, terms, statuses, purchase and next question."""

    async def claim_question(self, checkout_id: str, *, now: datetime, after: datetime) -> bool:
        """Write that somebody who waits asks about a checkout now; False if one did later than `after`."""

    async def claim_checks(self, *, now: datetime, until: datetime, limit: int) -> Sequence[Checkout]:
        """Return checkouts whose next question is due, and have nobody else get them before `until`.

        Half of them are the newest, for whom somebody waits, and half are due for longest: nobody starves.
        """

    async def add_purchase(self, purchase: Purchase) -> bool:
        """Store a purchase; False when this payment has one already."""

    async def purchase_of_payment(self, payment_id: str) -> Purchase | None:
        """Return a payment's purchase, locked until the end."""

    async def save_refunds(self, purchase: Purchase, refunds: Sequence[Refund]) -> None:
        """Write a purchase's refunds, and what they refund of it in all."""

    async def refunds_of(self, purchase_id: str) -> Sequence[Refund]:
        """Return a purchase's refunds."""

    async def dispute(self, dispute_id: str) -> Dispute | None:
        """Return a dispute that moved money."""

    async def save_dispute(self, dispute: Dispute) -> None:
        """Write a dispute, a new one or one that moved on."""

    async def recorded_refunds(self, refund_ids: Sequence[str]) -> Mapping[str, RefundStatus]:
        """Return how those of these refunds stand that are recorded."""

    async def recorded_disputes(self, dispute_ids: Sequence[str]) -> Mapping[str, DisputeState]:
        """Return how those of these disputes stand that are recorded."""

    async def scan(self, name: str) -> Scan | None:
        """Return how far one of the processor's lists was read."""

    async def save_scan(self, scan: Scan) -> None:
        """Write how far one of the processor's lists was read."""

    async def publish(self, fact: Fact) -> None:
        """Have a fact published once this transaction is committed."""


class UnitsOfWork(Protocol):
    """Opens units of work."""

    def of(self, user_id: str) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open one that sees this user's rows alone."""

    def of_system(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open one that sees every user's rows: for webhooks and sweepers."""


class BillingReader(Protocol):
    """Reads committed state."""

    async def checkout(self, user_id: str, checkout_id: str) -> Checkout | None:
        """Return a checkout of this user."""

    async def purchases(self, user_id: str, *, before: str, limit: int) -> list[PurchaseStanding] | None:
        """Return purchases, newest first, before an id (or from the newest, when empty).

        None when that id is none of this user's purchases.
        """

    def settled_payments(self) -> AsyncIterator[PurchaseStanding]:
        """Stream every purchase, oldest first."""
