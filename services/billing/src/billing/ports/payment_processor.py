"""Who takes the money. The words are ours: any processor with hosted checkout pages fits."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from billing.domain.checkout import Checkout
from billing.domain.dispute import ProcessorDispute
from billing.domain.identifiers import CustomerId, DisputeId, PageId, PaymentId, UserId
from billing.domain.listing import Listing
from billing.domain.pack import CatalogueChange, Pack
from billing.domain.plan import Plan
from billing.domain.processor_payment import ListedPayment
from billing.domain.processor_price import ProcessorPrice
from billing.domain.refund import ListedRefund, ProcessorPayment, Refund
from billing.domain.refund_order import RefundOrder
from billing.domain.settlement import ProcessorCheckout
from billing.ports.saved_methods import SavedMethods
from billing.ports.subscription_processor import SubscriptionProcessor


class PaymentProcessor(SubscriptionProcessor, SavedMethods, Protocol):
    """Hosts checkout pages, and knows what became of the money.

    Every call raises PaymentProcessorUnavailable when it can't be answered now, PaymentProcessorMisconfigured
    when the processor refuses us whatever we ask, PaymentProcessorRefused when it is about what was asked:
    UnknownToProcessor when there is no object with that id.
    """

    # Whether plans are sold by it; where they are not, none is on sale, and `publish_plan` refuses.
    sells_plans: bool

    async def open_customer(
        self, *, user_id: UserId, email: str, instead_of: CustomerId | None
    ) -> CustomerId:
        """Return a new customer's id; the same one to all who ask for this user with the same `instead_of`.

        Raises PaymentProcessorRefused for an address that the processor does not take.
        """

    async def forget_customer(self, customer_id: CustomerId) -> None:
        """Delete a customer for good, and end at once what they pay for. One that is gone is no error."""

    async def open_checkout(
        self,
        checkout: Checkout,
        *,
        price_name: str,
        customer_id: CustomerId,
        success_url: str,
        cancel_url: str,
        trial_days: int = 0,
    ) -> ProcessorCheckout:
        """Open a hosted page for one pack or plan; the same page of the same checkout is opened once.

        A plan is tried for `trial_days` before it is paid.

        Raises CustomerUnknownToProcessor, PriceChanged when it costs something else than the checkout says,
        and PaymentProcessorMisconfigured when it is not on sale.
        """

    async def find_checkout(self, page_id: PageId) -> ProcessorCheckout:
        """Return how a checkout stands now."""

    async def find_payment(self, payment_id: PaymentId) -> ProcessorPayment:
        """Return a payment with all its refunds, as they stand now."""

    async def refund_payment(self, order: RefundOrder) -> Refund:
        """Send an order's amount of its payment back, and return the refund; an order is one refund for ever.

        The processor keeps the order's id, its reason and its actor with the refund. Raises
        PaymentProcessorRefused with the processor's reason: the payment is disputed, or less is left of it.
        """

    async def find_dispute(self, dispute_id: DisputeId) -> ProcessorDispute:
        """Return how a dispute stands now."""

    async def list_refunds(self, *, since: datetime, after: str | None) -> Listing[ListedRefund]:
        """Return one page of the refunds that were made since a moment, newest first, after `after`.

        Raises UnknownToProcessor when `after` is not in the list any more.
        """

    async def list_disputes(self, *, since: datetime, after: str | None) -> Listing[ProcessorDispute]:
        """Return one page of the disputes, inquiries too, that began since a moment, like `list_refunds`."""

    async def list_payments(self, *, since: datetime, after: str | None) -> Listing[ListedPayment]:
        """Return one page of the payments that succeeded, like `list_refunds`; those without a page last."""

    async def prices_of(self, price_names: Collection[str]) -> Mapping[str, ProcessorPrice]:
        """Return what is asked now under each of these names; those that were never published are left out.

        One that was withdrawn, or that nothing can be sold by, is there and not on sale: it keeps no other
        from being told.
        """

    async def publish(self, pack: Pack) -> Sequence[CatalogueChange]:
        """Have a pack on sale at its price, whatever was before, and return what had to be done for it.

        A changed price replaces the one before; what was archived is on sale again.
        """

    async def publish_plan(self, plan: Plan) -> Sequence[CatalogueChange]:
        """Have a plan on sale at each of its prices, like `publish`; who pays an older price goes on to."""
