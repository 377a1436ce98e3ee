"""Who takes the money. The words are ours: any processor with hosted checkout pages fits."""

from datetime import datetime
from typing import Protocol

from billing.domain.checkout import Checkout
from billing.domain.dispute import ProcessorDispute
from billing.domain.listing import Listing
from billing.domain.pack import Pack
from billing.domain.refund import ListedRefund, ProcessorPayment
from billing.domain.settlement import ProcessorCheckout


class PaymentProcessor(Protocol):
    """Hosts checkout pages, and knows what became of the money.

    Every call raises PaymentProcessorUnavailable when it can't be answered now, PaymentProcessorMisconfigured
    when the processor refuses us whatever we ask, PaymentProcessorRefused when it is about what was asked:
    UnknownToProcessor when there is no object with that id.
    """

    async def open_customer(self, *, user_id: str, email: str) -> str:
        """Return the processor's id of a customer for this user: the same one for the same user."""

    async def open_checkout(
        self, checkout: Checkout, *, lookup_key: str, customer_id: str, success_url: str, cancel_url: str
    ) -> ProcessorCheckout:
        """Open a hosted page for one pack. Called again with the same checkout, it opens nothing new."""

    async def find_checkout(self, session_id: str) -> ProcessorCheckout:
        """Return how a checkout stands now."""

    async def find_payment(self, payment_id: str) -> ProcessorPayment:
        """Return a payment with all its refunds, as they stand now."""

    async def find_dispute(self, dispute_id: str) -> ProcessorDispute:
        """Return how a dispute stands now."""

    async def list_refunds(self, *, since: datetime, after: str | None) -> Listing[ListedRefund]:
        """Return one page of the refunds that were made since a moment, newest first, after `after`.

        Raises UnknownToProcessor when `after` is not in the list any more.
        """

    async def list_disputes(self, *, since: datetime, after: str | None) -> Listing[ProcessorDispute]:
        """Return one page of the disputes, inquiries too, that began since a moment, like `list_refunds`."""

    async def publish(self, pack: Pack) -> None:
        """Make a pack and its price known. Idempotent; a changed price replaces the one before."""
