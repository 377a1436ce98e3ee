"""The part of the payment processor that takes money again and again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from billing.domain.identifiers import CustomerId, InvoiceId, ProcessorSubscriptionId, RequestId
from billing.domain.listing import Listing
from billing.domain.plan import Plan, PlanPrice
from billing.domain.processor_payment import ListedInvoicePayment
from billing.domain.processor_subscription import (
    Invoice,
    ListedSubscription,
    PaidPeriod,
    ProcessorSubscription,
)


class SubscriptionProcessor(Protocol):
    """Keeps subscriptions, makes out their invoices and collects them.

    Calls fail as those of PaymentProcessor. `request_id` makes one call of however many repetitions: each
    intention has one of its own.
    """

    async def find_subscription(self, processor_id: ProcessorSubscriptionId) -> ProcessorSubscription:
        """Return how a subscription stands now, with what its paid invoices cover."""

    async def subscription_of_invoice(self, invoice_id: InvoiceId) -> ProcessorSubscriptionId | None:
        """Return which subscription an invoice is of, None if of none."""

    async def change_now(
        self, processor_id: ProcessorSubscriptionId, plan: Plan, price: PlanPrice, *, request_id: RequestId
    ) -> None:
        """Put a subscription on another plan and collect the difference; what was scheduled is dropped.

        Raises PaymentDeclined, and the plan stays as it is; PriceChanged and PaymentProcessorMisconfigured as
        `open_checkout`.
        """

    async def change_later(
        self, processor_id: ProcessorSubscriptionId, plan: Plan, price: PlanPrice, *, request_id: RequestId
    ) -> None:
        """Schedule another plan for when the period ends, in place of what was scheduled."""

    async def cancel_later(self, processor_id: ProcessorSubscriptionId, *, request_id: RequestId) -> None:
        """End a subscription when its period does, in place of what was scheduled."""

    async def keep(self, processor_id: ProcessorSubscriptionId, *, request_id: RequestId) -> None:
        """Let a subscription go on as it is: not ended, not changed, not paused."""

    async def end_surplus(self, processor_id: ProcessorSubscriptionId, periods: Sequence[PaidPeriod]) -> None:
        """Send the money of a subscription's invoices back and end it now. Repeated, it does nothing more."""

    async def open_portal(
        self, customer_id: CustomerId, *, plans: Sequence[Plan], return_url: str, request_id: RequestId
    ) -> str:
        """Return the address of the page where a customer keeps plan, payment methods and invoices.

        They can switch between `plans`, or, without any, to no other. Raises CustomerUnknownToProcessor.
        """

    async def list_invoice_payments(
        self, *, since: datetime, after: str | None
    ) -> Listing[ListedInvoicePayment]:
        """Return one page of plans' invoices that were made out since a moment and are paid, newest first.

        Those of which nothing was to be paid are among them, those that were sent back because a plan was
        bought twice are left out. Raises UnknownToProcessor when `after` is not in the list any more.
        """

    async def list_subscriptions(self, *, since: datetime, after: str | None) -> Listing[ListedSubscription]:
        """Return one page of the subscriptions that were made since a moment, newest first, ended ones too.

        Raises UnknownToProcessor when `after` is not in the list any more.
        """

    async def list_invoices(
        self, customer_id: CustomerId, *, after: str | None, limit: int
    ) -> Listing[Invoice]:
        """Return one page of a customer's invoices that were made out, newest first, after `after`.

        Raises UnknownToProcessor when `after` is not in the list.
        """
