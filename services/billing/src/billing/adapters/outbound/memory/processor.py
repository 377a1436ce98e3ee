"""A payment processor in memory, whose visitors and banks a test plays."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TypeVar

from billing.domain.checkout import Checkout, CheckoutStatus, PaymentStatus
from billing.domain.dispute import DisputeState, ProcessorDispute
from billing.domain.errors import (
    CustomerUnknownToProcessor,
    InvalidSignature,
    PaymentProcessorMisconfigured,
    PaymentProcessorUnavailable,
    UnknownToProcessor,
)
from billing.domain.listing import Listing
from billing.domain.pack import CatalogueChange, Pack
from billing.domain.processor_payment import ListedPayment
from billing.domain.refund import ListedRefund, ProcessorPayment, Refund, RefundStatus
from billing.domain.settlement import ProcessorCheckout
from billing.domain.webhook_event import IgnoredCause, VerifiedWebhook
from billing.ports.clock import Clock

T = TypeVar("T")


class MemoryProcessor:
    """A payment processor whose visitors a test plays."""

    def __init__(self) -> None:
        self.customers: dict[str, str] = {}
        self.sessions: dict[str, ProcessorCheckout] = {}
        self.published: dict[str, Pack] = {}
        self.payments: dict[str, ProcessorPayment] = {}
        self.disputes: dict[str, ProcessorDispute] = {}
        self.answers = True
        # Customers that were deleted, and lookup keys of packs that were archived.
        self.gone: set[str] = set()
        self.archived: set[str] = set()
        self.return_urls: dict[str, tuple[str, str]] = {}
        # Sessions that were asked about, in order.
        self.questions: list[str] = []
        # What every call raises, and what those about one object raise.
        self.failure: Exception | None = None
        self.failures: dict[str, Exception] = {}
        self.clock: Clock | None = None
        self.page_size = 100
        self._created: dict[str, datetime] = {}
        self._numbers = count(1)

    async def open_customer(self, *, user_id: str, email: str, instead_of: str | None) -> str:
        """Return a customer: one for all who ask with the same `instead_of`."""
        self._require_answer()
        key = f"{user_id}:{instead_of or 'first'}"
        return self.customers.setdefault(key, f"cus_{user_id}_{len(self.customers)}")

    async def open_checkout(
        self, checkout: Checkout, *, lookup_key: str, customer_id: str, success_url: str, cancel_url: str
    ) -> ProcessorCheckout:
        """Open a session; the same page of a checkout opens nothing new."""
        self._require_answer()
        if customer_id in self.gone:
            raise CustomerUnknownToProcessor(f"the payment processor does not know {customer_id}")
        if lookup_key in self.archived:
            raise PaymentProcessorMisconfigured("this can't be sold right now")
        session_id = f"cs_{checkout.checkout_id}" + (f"_{checkout.page}" if checkout.page > 1 else "")
        self.return_urls[session_id] = (success_url, cancel_url)
        opened = ProcessorCheckout(
            session_id=session_id,
            status=CheckoutStatus.OPEN,
            payment_status=PaymentStatus.UNPAID,
            payment_id=None,
            quantity=1,
            amount_minor=checkout.price_minor,
            currency=checkout.currency,
            reference=checkout.checkout_id,
            url=f"https://pay.example/{session_id}",
            expires_at=checkout.opened_at + timedelta(days=1),
        )
        return self.sessions.setdefault(session_id, opened)

    async def find_checkout(self, session_id: str) -> ProcessorCheckout:
        """Return how a session stands now."""
        self.questions.append(session_id)
        self._require_answer()
        return self._known(self.sessions, session_id)

    async def find_payment(self, payment_id: str) -> ProcessorPayment:
        """Return a payment with its refunds."""
        self._require_answer()
        return self._known(self.payments, payment_id)

    async def find_dispute(self, dispute_id: str) -> ProcessorDispute:
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
            session.payment_id or session.session_id: session
            for session in self.sessions.values()
            if session.is_paid
        }
        found = {
            payment_id: ListedPayment(
                payment_id=payment_id,
                reference=session.reference,
                amount_minor=session.amount_minor,
                currency=session.currency,
                paid_at=self._created[payment_id],
            )
            for payment_id, session in paid.items()
            if payment_id in self._created
        }
        return self._page(found, since, after)

    def _page(self, found: Mapping[str, T], since: datetime, after: str | None) -> Listing[T]:
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
        if pack.lookup_key in self.archived:
            self.archived.remove(pack.lookup_key)
            changes.append(CatalogueChange.PRODUCT_UNARCHIVED)
        if self.published.get(pack.lookup_key) != pack:
            changes.append(CatalogueChange.PRICE_CREATED)
        self.published[pack.lookup_key] = pack
        return changes

    def pay(self, session_id: str, *, quantity: int = 1) -> None:
        """Play a visitor who pays."""
        payment_id = f"pi_{next(self._numbers)}"
        self._created[payment_id] = self._now()
        self._change(
            session_id,
            status=CheckoutStatus.COMPLETE,
            payment_status=PaymentStatus.PAID,
            payment_id=payment_id,
            quantity=quantity,
            amount_minor=self.sessions[session_id].amount_minor * quantity,
            url="",
        )
        self.payments[payment_id] = ProcessorPayment(
            payment_id=payment_id, reference=self.sessions[session_id].reference, refunds=()
        )

    def promise(self, session_id: str) -> None:
        """Play a visitor whose bank takes days."""
        self._change(
            session_id,
            status=CheckoutStatus.COMPLETE,
            payment_status=PaymentStatus.PROCESSING,
            payment_id=f"pi_{next(self._numbers)}",
            url="",
        )

    def fail(self, session_id: str) -> None:
        """Play a bank that refuses what was promised."""
        self._change(session_id, payment_status=PaymentStatus.FAILED)

    def order_at_no_cost(self, session_id: str) -> None:
        """Play a visitor with a coupon for everything."""
        self._created[session_id] = self._now()
        self._change(
            session_id,
            status=CheckoutStatus.COMPLETE,
            payment_status=PaymentStatus.NO_PAYMENT_REQUIRED,
            amount_minor=0,
            url="",
        )

    def expire(self, session_id: str) -> None:
        """Play a visitor who never came back."""
        self._change(session_id, status=CheckoutStatus.EXPIRED, url="")

    def refund(self, payment_id: str, refund_id: str, amount_minor: int, status: RefundStatus) -> None:
        """Play a refund, or what became of it."""
        told = Refund(refund_id=refund_id, amount_minor=amount_minor, status=status)
        self._created.setdefault(refund_id, self._now())
        payment = self.payments[payment_id]
        others = tuple(refund for refund in payment.refunds if refund.refund_id != refund_id)
        self.payments[payment_id] = replace(payment, refunds=(*others, told))

    def dispute(
        self, payment_id: str, dispute_id: str, amount_minor: int, state: DisputeState | None
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

    def _now(self) -> datetime:
        return self.clock.now() if self.clock else datetime.now(UTC)

    def _change(self, session_id: str, **changes: object) -> None:
        self.sessions[session_id] = replace(self.sessions[session_id], **changes)  # type: ignore[arg-type]

    def _require_answer(self) -> None:
        if self.failure is not None:
            raise self.failure
        if not self.answers:
            raise PaymentProcessorUnavailable("the payment processor did not answer; try again")

    def _known(self, objects: Mapping[str, T], object_id: str) -> T:
        if object_id in self.failures:
            raise self.failures[object_id]
        if object_id not in objects:
            raise UnknownToProcessor(f"the payment processor does not know {object_id}")
        return objects[object_id]


class MemoryWebhookVerifier:
    """Takes JSON bodies whose signature is the word `signed`."""

    def verify(self, body: bytes, signature: str) -> VerifiedWebhook:
        """Return the event. Raises InvalidSignature for any other signature."""
        if signature != "signed":
            raise InvalidSignature("the signature does not match the body, or it is too old")
        told = json.loads(body)
        ignored = IgnoredCause(told["ignored"]) if "ignored" in told else None
        return VerifiedWebhook(**{**told, "ignored": ignored})
