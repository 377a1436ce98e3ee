"""Use case: tell every payment of ours as the payment processor knows it now, for reconciliation."""

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from billing.domain.dispute import ProcessorDispute
from billing.domain.errors import PaymentProcessorRefused
from billing.domain.listing import Listing
from billing.domain.processor_payment import (
    ListedInvoicePayment,
    ListedPayment,
    ReconciledPayment,
    UnpaidInvoice,
)
from billing.domain.refund import ListedRefund, RefundStatus
from billing.ports.payment_processor import PaymentProcessor

PAGES_MAX = 10_000
EVER = datetime(2000, 1, 1, tzinfo=UTC)
T = TypeVar("T")


@dataclass(frozen=True)
class ListProcessorPaymentsHandler:
    """What carries no reference of ours is left out: an account may sell other things as well."""

    processor: PaymentProcessor

    async def __call__(self) -> AsyncIterator[ReconciledPayment | UnpaidInvoice]:
        """Stream them, newest first, and plans' invoices with nothing to pay.

        Raises PaymentProcessorUnavailable and PaymentProcessorMisconfigured.
        """
        refunds: dict[str, list[ListedRefund]] = defaultdict(list)
        disputes: dict[str, list[ProcessorDispute]] = defaultdict(list)
        async for refund in _all(self.processor.list_refunds):
            if refund.payment_id and refund.refund.status is RefundStatus.SUCCEEDED:
                refunds[refund.payment_id].append(refund)
        async for dispute in _all(self.processor.list_disputes):
            if dispute.payment_id and dispute.state is not None:
                disputes[dispute.payment_id].append(dispute)
        async for payment in self._payments():
            if payment.reference is None:
                continue
            if payment.payment_id is None:
                yield UnpaidInvoice(invoice_id=payment.invoice_id)
                continue
            sent_back, disputed = refunds[payment.payment_id], disputes[payment.payment_id]
            yield ReconciledPayment(
                payment_id=payment.payment_id,
                amount_minor=payment.amount_minor,
                currency=payment.currency,
                refunded_minor=sum(refund.refund.amount_minor for refund in sent_back),
                disputes={
                    dispute.dispute_id: dispute.state for dispute in disputed if dispute.state is not None
                },
                moved_at=max(
                    payment.paid_at,
                    *(refund.created_at for refund in sent_back),
                    *(dispute.moved_at for dispute in disputed if dispute.moved_at is not None),
                    EVER,
                ),
            )

    async def _payments(self) -> AsyncIterator[ListedPayment | ListedInvoicePayment]:
        async for payment in _all(self.processor.list_payments):
            yield payment
        async for paid in _all(self.processor.list_invoice_payments):
            yield paid


async def _all(page_of: Callable[..., Awaitable[Listing[T]]]) -> AsyncIterator[T]:
    after: str | None = None
    for _ in range(PAGES_MAX):
        page = await page_of(since=EVER, after=after)
        for listed in page.items:
            yield listed
        after = page.next_after
        if after is None:
            return
    raise PaymentProcessorRefused(f"the processor's list has more than {PAGES_MAX} pages")
