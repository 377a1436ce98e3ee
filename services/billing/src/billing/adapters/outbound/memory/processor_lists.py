"""The part of the payment processor in memory about its lists."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from billing.adapters.outbound.memory.processor_state import MemoryProcessorState
from billing.domain.auto_top_up import ChargeStatus
from billing.domain.dispute import ProcessorDispute
from billing.domain.errors import UnknownToProcessor
from billing.domain.identifiers import PaymentId
from billing.domain.listing import Listing
from billing.domain.processor_payment import ListedInvoicePayment, ListedPayment
from billing.domain.processor_subscription import ListedSubscription
from billing.domain.refund import ListedRefund

T = TypeVar("T")


class MemoryProcessorLists(MemoryProcessorState):
    """Lists of what was paid, sent back and disputed, newest first."""

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

    async def list_subscriptions(self, *, since: datetime, after: str | None) -> Listing[ListedSubscription]:
        """Return one page of the subscriptions that were made since a moment."""
        self._require_answer()
        found = {
            processor_id: ListedSubscription(
                processor_id=seen.processor_id,
                reference=seen.reference,
                plan_id=seen.plan_id,
                is_begun=seen.is_begun,
                status=seen.terms.status,
            )
            for processor_id, seen in self.subscriptions.items()
        }
        return self._page(found, since, after)

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
