"""Open the processor's page for a checkout: its first one, or another after that expired."""

from dataclasses import dataclass, replace

import structlog

from billing.application.open_customer import Customers
from billing.application.require_staying import require_standing
from billing.domain.check_schedule import next_check
from billing.domain.checkout import Checkout, CheckoutStatus, PaymentStatus
from billing.domain.errors import (
    CustomerUnknownToProcessor,
    PaymentProcessorMisconfigured,
    PaymentProcessorRefused,
)
from billing.domain.identifiers import CustomerId
from billing.domain.offer import Offer
from billing.domain.page_request import with_checkout_id
from billing.domain.settlement import ProcessorCheckout
from billing.ports.clock import Clock
from billing.ports.payment_processor import PaymentProcessor
from billing.ports.unit_of_work import UnitsOfWork

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class PageRequest:
    """Whose page it is, and where it leads back to."""

    email: str
    success_url: str
    cancel_url: str


@dataclass(frozen=True)
class PageOpener:
    """However many ask for the same page at once, the processor opens one."""

    units: UnitsOfWork
    processor: PaymentProcessor
    customers: Customers
    clock: Clock

    async def open(self, checkout: Checkout, offer: Offer, request: PageRequest) -> Checkout:
        """Return the checkout with an open page at the offer's present terms.

        Raises AccountGone and what the processor's port does. A page that was refused is never asked for
        again by the same number: the processor may remember the refusal after its cause is gone.
        """
        wanted = self._next_page(checkout, offer)
        try:
            seen = await self._ask(wanted, offer, request)
        except (PaymentProcessorRefused, PaymentProcessorMisconfigured):
            await self._save(checkout, replace(checkout, page=checkout.page + 1))
            raise
        opened = replace(wanted, page_id=seen.page_id, url=seen.url, expires_at=seen.expires_at)
        return await self._save(checkout, replace(opened, next_check_at=next_check(opened, opened.opened_at)))

    def _next_page(self, checkout: Checkout, offer: Offer) -> Checkout:
        return replace(
            checkout,
            pack_title=offer.title,
            credits=offer.credits,
            price_minor=offer.price_minor,
            currency=offer.currency,
            status=CheckoutStatus.OPEN,
            payment_status=PaymentStatus.UNPAID,
            opened_at=self.clock.now(),
            page=checkout.page if checkout.page_id is None else checkout.page + 1,
        )

    async def _ask(self, wanted: Checkout, offer: Offer, request: PageRequest) -> ProcessorCheckout:
        customer_id = await self.customers.of(wanted.user_id, email=request.email)
        try:
            seen = await self._open(wanted, offer, request, customer_id)
        except CustomerUnknownToProcessor:
            customer_id = await self.customers.replace(
                wanted.user_id, email=request.email, unknown=customer_id
            )
            seen = await self._open(wanted, offer, request, customer_id)
        # What is tried first asks for nothing yet.
        asked_minor = seen.amount_minor if seen.subtotal_minor is None else seen.subtotal_minor
        right_minor = 0 if offer.trial_days else wanted.price_minor
        if (asked_minor, seen.currency) != (right_minor, wanted.currency):
            # Nobody is sent to a page with another price.
            log.error("a page has another price than its checkout", checkout_id=wanted.checkout_id)
            raise PaymentProcessorMisconfigured(
                "this can't be sold right now: its page asks for another price than what is shown"
            )
        return seen

    async def _open(
        self, wanted: Checkout, offer: Offer, request: PageRequest, customer_id: CustomerId
    ) -> ProcessorCheckout:
        return await self.processor.open_checkout(
            wanted,
            price_name=offer.price_name,
            customer_id=customer_id,
            success_url=with_checkout_id(request.success_url, wanted.checkout_id),
            cancel_url=with_checkout_id(request.cancel_url, wanted.checkout_id),
            trial_days=offer.trial_days,
        )

    async def _save(self, known: Checkout, changed: Checkout) -> Checkout:
        """Write the change, unless somebody else gave the checkout a page meanwhile; return what counts."""
        async with self.units.of(known.user_id) as work:
            # The page's address would stay: nobody comes back for it, and its customer is forgotten.
            await require_standing(work, known.user_id)
            current = await work.checkout(known.checkout_id, lock=True)
            if current is None:
                raise RuntimeError(f"checkout {known.checkout_id} was committed and is gone")
            if (current.page_id, current.page) != (known.page_id, known.page):
                return current
            await work.save_checkout(changed)
        return changed
