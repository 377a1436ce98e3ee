"""The payment processor's own lists, and what of each is not recorded here as it stands there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol, TypeVar

from billing.domain.dispute import ProcessorDispute
from billing.domain.identifiers import EventId, ObjectId
from billing.domain.listing import Listing
from billing.domain.processor_payment import ListedInvoicePayment, ListedPayment
from billing.domain.processor_subscription import ListedSubscription
from billing.domain.refund import ListedRefund
from billing.domain.standing import SubscriptionStatus
from billing.domain.subscription import Subscription
from billing.domain.webhook_event import Subject, SubjectKind, WebhookEvent
from billing.ports.payment_processor import PaymentProcessor
from billing.ports.unit_of_work import UnitOfWork

T = TypeVar("T")


class ProcessorList(Protocol[T]):
    """One of the processor's lists, and what of it is not recorded."""

    name: ClassVar[str]

    async def page(self, *, since: datetime, after: str | None) -> Listing[T]:
        """Return one page."""

    async def hints(self, work: UnitOfWork, items: Sequence[T], now: datetime) -> list[WebhookEvent]:
        """Return a hint for each item that is ours and is not recorded as it stands."""


@dataclass(frozen=True)
class PaymentList:
    """The processor's list of payments: of pages that were paid, and of those with nothing to pay."""

    name: ClassVar[str] = "payments"
    processor: PaymentProcessor

    async def page(self, *, since: datetime, after: str | None) -> Listing[ListedPayment]:
        """Return one page."""
        return await self.processor.list_payments(since=since, after=after)

    async def hints(
        self, work: UnitOfWork, items: Sequence[ListedPayment], now: datetime
    ) -> list[WebhookEvent]:
        """Return a hint for each of our payments on a page that is no purchase.

        Whoever began one without a page asks about it until it is settled.
        """
        ours = [(payment, payment.page_id) for payment in items if payment.reference and payment.page_id]
        known = await work.recorded_payments([payment.payment_id for payment, _ in ours])
        return [
            _hint(
                "payment",
                Subject(kind=SubjectKind.PAGE, object_id=ObjectId(page_id)),
                told=f"{payment.payment_id}_paid",
                now=now,
            )
            for payment, page_id in ours
            if payment.payment_id not in known
        ]


@dataclass(frozen=True)
class InvoicePaymentList:
    """The processor's list of payments of plans' invoices."""

    name: ClassVar[str] = "invoice_payments"
    processor: PaymentProcessor

    async def page(self, *, since: datetime, after: str | None) -> Listing[ListedInvoicePayment]:
        """Return one page."""
        return await self.processor.list_invoice_payments(since=since, after=after)

    async def hints(
        self, work: UnitOfWork, items: Sequence[ListedInvoicePayment], now: datetime
    ) -> list[WebhookEvent]:
        """Return a hint for each of our payments that is no purchase."""
        ours = [
            (payment, payment.payment_id) for payment in items if payment.reference and payment.payment_id
        ]
        known = await work.recorded_payments([payment_id for _, payment_id in ours])
        return [
            _hint(
                "invoice_payment",
                Subject(kind=SubjectKind.INVOICE, object_id=ObjectId(payment.invoice_id)),
                told=f"{payment_id}_paid",
                now=now,
            )
            for payment, payment_id in ours
            if payment_id not in known
        ]


@dataclass(frozen=True)
class SubscriptionList:
    """The processor's list of subscriptions: one that is tried has no payment that told of it."""

    name: ClassVar[str] = "subscriptions"
    processor: PaymentProcessor

    async def page(self, *, since: datetime, after: str | None) -> Listing[ListedSubscription]:
        """Return one page."""
        return await self.processor.list_subscriptions(since=since, after=after)

    async def hints(
        self, work: UnitOfWork, items: Sequence[ListedSubscription], now: datetime
    ) -> list[WebhookEvent]:
        """Return a hint for each of our subscriptions that is not recorded as it stands.

        One that has not begun is nobody's yet, and one that ended before it was known will be nobody's.
        """
        ours = [listed for listed in items if listed.reference and listed.plan_id]
        known = await work.recorded_subscriptions([listed.processor_id for listed in ours])
        return [
            _hint(
                "subscription",
                Subject(kind=SubjectKind.SUBSCRIPTION, object_id=ObjectId(listed.processor_id)),
                told=f"{listed.processor_id}_{listed.plan_id}_{listed.status}",
                now=now,
            )
            for listed in ours
            if _is_news(listed, known.get(listed.processor_id))
        ]


def _is_news(listed: ListedSubscription, known: Subscription | None) -> bool:
    if known is None:
        return listed.is_begun and listed.status is not SubscriptionStatus.ENDED
    if known.ended_at is not None:
        # Final, whatever is said of it.
        return False
    return (known.plan_id, known.standing.status) != (listed.plan_id, listed.status)


@dataclass(frozen=True)
class RefundList:
    """The processor's list of refunds."""

    name: ClassVar[str] = "refunds"
    processor: PaymentProcessor

    async def page(self, *, since: datetime, after: str | None) -> Listing[ListedRefund]:
        """Return one page."""
        return await self.processor.list_refunds(since=since, after=after)

    async def hints(
        self, work: UnitOfWork, items: Sequence[ListedRefund], now: datetime
    ) -> list[WebhookEvent]:
        """Return a hint for each of our refunds that is not recorded as it stands."""
        # A plan's payment carries no reference: it is known by its purchase.
        plans = await work.recorded_payments([listed.payment_id for listed in items if listed.payment_id])
        ours = [
            (listed.refund, listed.payment_id)
            for listed in items
            if listed.reference or listed.payment_id in plans
        ]
        known = await work.recorded_refunds([refund.refund_id for refund, _ in ours])
        return [
            _hint(
                "refund",
                Subject(kind=SubjectKind.PAYMENT, object_id=ObjectId(payment_id)),
                told=f"{refund.refund_id}_{refund.status}",
                now=now,
            )
            for refund, payment_id in ours
            if payment_id is not None and known.get(refund.refund_id) is not refund.status
        ]


@dataclass(frozen=True)
class DisputeList:
    """The processor's list of disputes."""

    name: ClassVar[str] = "disputes"
    processor: PaymentProcessor

    async def page(self, *, since: datetime, after: str | None) -> Listing[ProcessorDispute]:
        """Return one page."""
        return await self.processor.list_disputes(since=since, after=after)

    async def hints(
        self, work: UnitOfWork, items: Sequence[ProcessorDispute], now: datetime
    ) -> list[WebhookEvent]:
        """Return a hint for each of our disputes that moved money and is not recorded as it stands."""
        plans = await work.recorded_payments([dispute.payment_id for dispute in items if dispute.payment_id])
        ours = [
            dispute
            for dispute in items
            if dispute.state is not None and (dispute.reference or dispute.payment_id in plans)
        ]
        known = await work.recorded_disputes([dispute.dispute_id for dispute in ours])
        return [
            _hint(
                "dispute",
                Subject(kind=SubjectKind.DISPUTE, object_id=ObjectId(dispute.dispute_id)),
                told=f"{dispute.dispute_id}_{dispute.state}",
                now=now,
            )
            for dispute in ours
            if known.get(dispute.dispute_id) is not dispute.state
        ]


def _hint(kind: str, subject: Subject, *, told: str, now: datetime) -> WebhookEvent:
    """Return a hint of our own: the same for the same object as long as it stands where it stands."""
    return WebhookEvent(
        event_id=EventId(f"reconciled_{told}"),
        kind=f"reconciled.{kind}",
        subject=subject,
        body=b"",
        received_at=now,
    )
