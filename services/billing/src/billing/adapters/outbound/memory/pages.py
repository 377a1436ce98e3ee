"""The part of the payment processor in memory about its pages, whose visitors a test plays."""

from dataclasses import replace
from datetime import timedelta

from billing.adapters.outbound.memory.processor_state import MemoryProcessorState
from billing.domain.checkout import Checkout, CheckoutStatus, PaymentStatus
from billing.domain.errors import CustomerUnknownToProcessor, PaymentProcessorMisconfigured
from billing.domain.identifiers import CustomerId, PageId, PaymentId
from billing.domain.refund import ProcessorPayment
from billing.domain.settlement import ProcessorCheckout


class MemoryPages(MemoryProcessorState):
    """Pages on which people pay."""

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
        """Open a page; the same page of a checkout opens nothing new."""
        self._require_answer()
        if customer_id in self.gone:
            raise CustomerUnknownToProcessor(f"the payment processor does not know {customer_id}")
        if price_name in self.archived:
            raise PaymentProcessorMisconfigured("this can't be sold right now")
        self._require_asked(price_name, checkout.price_minor, checkout.currency)
        page_id = PageId(f"cs_{checkout.checkout_id}" + (f"_{checkout.page}" if checkout.page > 1 else ""))
        self.return_urls[page_id] = (success_url, cancel_url)
        self.opened[page_id] = (checkout, customer_id, trial_days)
        opened = ProcessorCheckout(
            page_id=page_id,
            status=CheckoutStatus.OPEN,
            payment_status=PaymentStatus.UNPAID,
            payment_id=None,
            quantity=1,
            amount_minor=0 if trial_days else checkout.price_minor,
            currency=checkout.currency,
            reference=checkout.checkout_id,
            url=f"https://pay.example/{page_id}",
            expires_at=checkout.opened_at + timedelta(days=1),
        )
        return self.sessions.setdefault(page_id, opened)

    async def find_checkout(self, page_id: PageId) -> ProcessorCheckout:
        """Return how a page stands now."""
        self.questions.append(page_id)
        self._require_answer()
        return self._known(self.sessions, page_id)

    def pay(self, page_id: PageId, *, quantity: int = 1) -> None:
        """Play a visitor who pays, or who begins to try a plan."""
        if self.opened[page_id][0].plan_id is not None:
            self._subscribe(page_id, self.sessions[page_id].amount_minor)
            return
        payment_id = PaymentId(f"pi_{next(self._numbers)}")
        self._created[payment_id] = self._now()
        self._change_page(
            page_id,
            status=CheckoutStatus.COMPLETE,
            payment_status=PaymentStatus.PAID,
            payment_id=payment_id,
            quantity=quantity,
            amount_minor=self.sessions[page_id].amount_minor * quantity,
            url=None,
        )
        self.payments[payment_id] = ProcessorPayment(
            payment_id=payment_id, reference=self.sessions[page_id].reference, refunds=()
        )

    def promise(self, page_id: PageId) -> None:
        """Play a visitor whose bank takes days."""
        self._change_page(
            page_id,
            status=CheckoutStatus.COMPLETE,
            payment_status=PaymentStatus.PROCESSING,
            payment_id=PaymentId(f"pi_{next(self._numbers)}"),
            url=None,
        )

    def fail(self, page_id: PageId) -> None:
        """Play a bank that refuses what was promised."""
        self._change_page(page_id, payment_status=PaymentStatus.FAILED)

    def order_at_no_cost(self, page_id: PageId) -> None:
        """Play a visitor with a coupon for everything."""
        if self.opened[page_id][0].plan_id is not None:
            self._subscribe(page_id, 0)
            return
        self._created[page_id] = self._now()
        self._change_page(
            page_id,
            status=CheckoutStatus.COMPLETE,
            payment_status=PaymentStatus.NO_PAYMENT_REQUIRED,
            amount_minor=0,
            url=None,
        )

    def _subscribe(self, page_id: PageId, price_minor: int) -> None:
        checkout, customer_id, trial_days = self.opened[page_id]
        begun = self.begin(checkout, customer_id, trial_days=trial_days, price_minor=price_minor)
        self._change_page(
            page_id,
            status=CheckoutStatus.COMPLETE,
            payment_status=PaymentStatus.PAID if price_minor else PaymentStatus.NO_PAYMENT_REQUIRED,
            amount_minor=price_minor,
            url=None,
            subscription_id=begun.processor_id,
        )

    def expire(self, page_id: PageId) -> None:
        """Play a visitor who never came back."""
        self._change_page(page_id, status=CheckoutStatus.EXPIRED, url=None)

    def _change_page(self, page_id: PageId, **changes: object) -> None:
        self.sessions[page_id] = replace(self.sessions[page_id], **changes)  # type: ignore[arg-type]
