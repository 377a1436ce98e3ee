"""What is refused because plans are not sold through Polar. Nothing asks for it while none is on offer."""

from collections.abc import Sequence
from datetime import datetime
from typing import NoReturn

from billing.domain.errors import PaymentProcessorRefused
from billing.domain.identifiers import InvoiceId, ProcessorSubscriptionId, RequestId
from billing.domain.listing import Listing
from billing.domain.pack import CatalogueChange
from billing.domain.plan import Plan, PlanPrice
from billing.domain.processor_payment import ListedInvoicePayment
from billing.domain.processor_subscription import ListedSubscription, PaidPeriod, ProcessorSubscription


class SellsNoPlans:
    """Every call is refused, and says why."""

    sells_plans = False

    async def publish_plan(self, plan: Plan) -> Sequence[CatalogueChange]:
        """Refuse to have a plan on sale."""
        _refuse()

    async def find_subscription(self, processor_id: ProcessorSubscriptionId) -> ProcessorSubscription:
        """Refuse to say how a subscription stands."""
        _refuse()

    async def subscription_of_invoice(self, invoice_id: InvoiceId) -> ProcessorSubscriptionId | None:
        """Refuse to say whose an invoice is."""
        _refuse()

    async def change_now(
        self, processor_id: ProcessorSubscriptionId, plan: Plan, price: PlanPrice, *, request_id: RequestId
    ) -> None:
        """Refuse to change a plan."""
        _refuse()

    async def change_later(
        self, processor_id: ProcessorSubscriptionId, plan: Plan, price: PlanPrice, *, request_id: RequestId
    ) -> None:
        """Refuse to schedule another plan."""
        _refuse()

    async def cancel_later(self, processor_id: ProcessorSubscriptionId, *, request_id: RequestId) -> None:
        """Refuse to end a plan."""
        _refuse()

    async def keep(self, processor_id: ProcessorSubscriptionId, *, request_id: RequestId) -> None:
        """Refuse to let a plan go on."""
        _refuse()

    async def end_surplus(self, processor_id: ProcessorSubscriptionId, periods: Sequence[PaidPeriod]) -> None:
        """Refuse to send the money of a plan back."""
        _refuse()

    async def list_invoice_payments(
        self, *, since: datetime, after: str | None
    ) -> Listing[ListedInvoicePayment]:
        """Return none: the lists are read whatever is sold."""
        return Listing(items=[], next_after=None)

    async def list_subscriptions(self, *, since: datetime, after: str | None) -> Listing[ListedSubscription]:
        """Return none, likewise."""
        return Listing(items=[], next_after=None)


def _refuse() -> NoReturn:
    raise PaymentProcessorRefused("this payment back end sells no plans")
