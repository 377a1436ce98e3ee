"""A payment processor in memory, whose visitors and banks a test plays."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from billing.adapters.outbound.memory.saved_methods import MemorySavedMethods
from billing.adapters.outbound.memory.subscribing import MemorySubscribing
from billing.domain.auto_top_up import ChargeStatus
from billing.domain.checkout import Checkout, CheckoutStatus, PaymentStatus
from billing.domain.dispute import DisputeState, ProcessorDispute
from billing.domain.errors import (
    CustomerUnknownToProcessor,
    InvalidSignature,
    PaymentProcessorMisconfigured,
    PaymentProcessorRefused,
    PaymentProcessorUnavailable,
    UnknownToProcessor,
)
from billing.domain.identifiers import CustomerId, DisputeId, PageId, PaymentId, RefundId, UserId
from billing.domain.listing import Listing
from billing.domain.pack import CatalogueChange, Pack
from billing.domain.plan import Plan, PlanPrice
from billing.domain.processor_payment import ListedInvoicePayment, ListedPayment
from billing.domain.refund import ListedRefund, ProcessorPayment, Refund, RefundStatus
from billing.domain.refund_order import RefundOrder
from billing.domain.settlement import ProcessorCheckout
from billing.domain.webhook_event import IgnoredCause, Subject, SubjectKind, Webhook
from billing.ports.clock import Clock

T = TypeVar("T")
K = TypeVar("K", bound=str)


class MemoryProcessor(MemorySavedMethods, MemorySubscribing):
    """A payment processor whose visitors a test plays."""

    def __init__(self) -> None:
        super().__init__()
        self.customers: dict[str, CustomerId] = {}
        self.sessions: dict[str, ProcessorCheckout] = {}
        self.published: dict[str, Pack] = {}
        self.published_prices: dict[str, PlanPrice] = {}
        self.disputes: dict[str, ProcessorDispute] = {}
        self.answers = True
        self.sells_plans = True
        # Price names of packs and plans that were archived.
        self.archived: set[str] = set()
        self.return_urls: dict[str, tuple[str, str]] = {}
        self.opened: dict[str, tuple[Checkout, CustomerId, int]] = {}
        # Pages that were asked about, in order.
        self.questions: list[str] = []
        # What every call raises, and what those about one object raise.
        self.failure: Exception | None = None
        self.failures: dict[str, Exception] = {}
        # How a refund that is ordered of us begins.
        self.refund_status = RefundStatus.SUCCEEDED
        self.clock: Clock | None = None
        self.page_size = 100
        self._numbers = count(1)

    async def open_customer(
        self, *, user_id: UserId, email: str, instead_of: CustomerId | None
    ) -> CustomerId:
        """Return a customer: one for all who ask with the same `instead_of`."""
        self._require_answer()
        key = f"{user_id}:{instead_of or 'first'}"
        return self.customers.setdefault(key, CustomerId(f"cus_{user_id}_{len(self.customers)}"))

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

    async def find_payment(self, payment_id: PaymentId) -> ProcessorPayment:
        """Return a payment with its refunds."""
        self._require_answer()
        return self._known(self.payments, payment_id)

    async def refund_payment(self, order: RefundOrder) -> Refund:
        """Refund what is left of a payment, unless somebody disputes it."""
        self._require_answer()
        payment = self._known(self.payments, order.payment_id)
        refund_id = RefundId(f"re_{order.order_id}")
        made = {refund.refund_id: refund for refund in payment.refunds}
        if refund_id in made:
            return made[refund_id]
        known = self.disputes.values()
        disputed = (dispute for dispute in known if dispute.payment_id == order.payment_id)
        if any(dispute.state in (DisputeState.OPENED, DisputeState.LOST) for dispute in disputed):
            raise PaymentProcessorRefused("the payment processor refused: the charge has been charged back")
        arrived = (refund for refund in payment.refunds if refund.status is not RefundStatus.FAILED)
        gone = sum(refund.amount_minor for refund in arrived)
        if order.amount_minor > self._paid_minor(order.payment_id) - gone:
            raise PaymentProcessorRefused("the payment processor refused: less is left of the charge")
        self.refund(order.payment_id, refund_id, order.amount_minor, self.refund_status)
        return self.payments[order.payment_id].refunds[-1]

    def _paid_minor(self, payment_id: PaymentId) -> int:
        return sum(page.amount_minor for page in self.sessions.values() if page.payment_id == payment_id)

    async def find_dispute(self, dispute_id: DisputeId) -> ProcessorDispute:
        """Return how a dispute stands now."""
        self._require_answer()
        return self._known(self.disputes, dispute_id)

    async def list_refunds(self, *, since: datetime, after: str | None) -> Listing[ListedRefund]:
        """Return one page of the refunds that were made since a moment."""
        self._require_answer()
        found = [
            ListedRefund(
                refund=refund,
                payment_id=payment.payment_id,
                reference=payment.reference,
                created_at=self._created[refund.refund_id],
            )
            for payment in self.payments.values()
            for refund in payment.refunds
        ]
        return self._page({refund.refund.refund_id: refund for refund in found}, since, after)

    async def list_disputes(self, *, since: datetime, after: str | None) -> Listing[ProcessorDispute]:
        """Return one page of the disputes that began since a moment."""
        self._require_answer()
        return self._page(self.disputes, since, after)

    async def list_payments(self, *, since: datetime, after: str | None) -> Listing[ListedPayment]:
        """Return one page of the payments that succeeded since a moment."""
        self._require_answer()
        paid = {
            session.payment_id or PaymentId(session.page_id): session
            for session in self.sessions.values()
            if session.is_paid
        }
        found = {
            payment_id: ListedPayment(
                payment_id=payment_id,
                page_id=session.page_id,
                reference=session.reference,
                amount_minor=session.amount_minor,
                currency=session.currency,
                paid_at=self._created[payment_id],
            )
            for payment_id, session in paid.items()
            if payment_id in self._created
        }
        for checkout, charge in self.charges.values():
            if charge.status is ChargeStatus.PAID and charge.payment_id is not None:
                found[charge.payment_id] = ListedPayment(
                    payment_id=charge.payment_id,
                    page_id=None,
                    reference=checkout.checkout_id,
                    amount_minor=checkout.price_minor,
                    currency=checkout.currency,
                    paid_at=self._created[charge.payment_id],
                )
        return self._page(found, since, after)

    async def list_invoice_payments(
        self, *, since: datetime, after: str | None
    ) -> Listing[ListedInvoicePayment]:
        """Return one page of the payments of plans' invoices since a moment."""
        self._require_answer()
        return self._page(self.invoice_payments, since, after)

    def _page(self, found: Mapping[Any, T], since: datetime, after: str | None) -> Listing[T]:
        if after is not None and after not in found:
            raise UnknownToProcessor(f"the payment processor does not know {after}")
        order = list(self._created)
        ids = [
            object_id
            for object_id in reversed(order)
            if object_id in found and self._created[object_id] >= since
        ]
        older = [
            object_id for object_id in ids if after is None or order.index(object_id) < order.index(after)
        ]
        page = older[: self.page_size]
        return Listing(
            items=[found[object_id] for object_id in page],
            next_after=page[-1] if len(older) > len(page) else None,
        )

    async def publish(self, pack: Pack) -> Sequence[CatalogueChange]:
        """Keep the pack."""
        self._require_answer()
        changes: list[CatalogueChange] = []
        if pack.price_name in self.archived:
            self.archived.remove(pack.price_name)
            changes.append(CatalogueChange.PRODUCT_UNARCHIVED)
        if self.published.get(pack.price_name) != pack:
            changes.append(CatalogueChange.PRICE_CREATED)
        self.published[pack.price_name] = pack
        return changes

    async def publish_plan(self, plan: Plan) -> Sequence[CatalogueChange]:
        """Keep the plan."""
        self._require_answer()
        changes: list[CatalogueChange] = []
        names = {price.price_name for price in plan.prices}
        if names & self.archived:
            self.archived -= names
            changes.append(CatalogueChange.PRODUCT_UNARCHIVED)
        for price in plan.prices:
            if self.published_prices.get(price.price_name) != price:
                changes.append(CatalogueChange.PRICE_CREATED)
            self.published_prices[price.price_name] = price
        return changes

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

    def refund(
        self, payment_id: PaymentId, refund_id: RefundId, amount_minor: int, status: RefundStatus
    ) -> None:
        """Play a refund, or what became of it."""
        told = Refund(refund_id=refund_id, amount_minor=amount_minor, status=status)
        self._created.setdefault(refund_id, self._now())
        payment = self.payments[payment_id]
        others = tuple(refund for refund in payment.refunds if refund.refund_id != refund_id)
        self.payments[payment_id] = replace(payment, refunds=(*others, told))

    def dispute(
        self, payment_id: PaymentId, dispute_id: DisputeId, amount_minor: int, state: DisputeState | None
    ) -> None:
        """Play a payer's bank."""
        self._created.setdefault(dispute_id, self._now())
        self.disputes[dispute_id] = ProcessorDispute(
            dispute_id=dispute_id,
            payment_id=payment_id,
            reference=self.payments[payment_id].reference,
            amount_minor=amount_minor,
            currency="usd",
            state=state,
            moved_at=self._now(),
        )

    def _note_created(self, object_id: str) -> None:
        self._created[object_id] = self._now()

    def _now(self) -> datetime:
        return self.clock.now() if self.clock else datetime.now(UTC)

    def _change_page(self, page_id: PageId, **changes: object) -> None:
        self.sessions[page_id] = replace(self.sessions[page_id], **changes)  # type: ignore[arg-type]

    def _require_answer(self) -> None:
        if self.failure is not None:
            raise self.failure
        if not self.answers:
            raise PaymentProcessorUnavailable("the payment processor did not answer; try again")

    def _known(self, objects: Mapping[K, T], object_id: K) -> T:
        if object_id in self.failures:
            raise self.failures[object_id]
        if object_id not in objects:
            raise UnknownToProcessor(f"the payment processor does not know {object_id}")
        return objects[object_id]


class MemoryWebhookVerifier:
    """Takes JSON bodies whose header `signature` is the word `signed`."""

    def verify(self, headers: Mapping[str, str], body: bytes) -> Webhook:
        """Return the event. Raises InvalidSignature for any other signature."""
        if headers.get("signature") != "signed":
            raise InvalidSignature("the signature does not match the body, or it is too old")
        told = json.loads(body)
        about, cause = told.get("about"), told.get("cause")
        return Webhook(
            event_id=told["event_id"],
            kind=told["kind"],
            subject=Subject(kind=SubjectKind(about[0]), object_id=about[1]) if about else None,
            cause=IgnoredCause(cause) if cause else None,
        )
