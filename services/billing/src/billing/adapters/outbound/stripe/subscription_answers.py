"""What Stripe's subscriptions and invoices mean in our words."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import stripe

from billing.adapters.outbound.stripe.catalogue import PLAN_PREFIX
from billing.domain.identifiers import (
    CheckoutId,
    InvoiceId,
    PaymentId,
    PlanId,
    ProcessorSubscriptionId,
    UserId,
)
from billing.domain.processor_payment import ListedInvoicePayment
from billing.domain.processor_subscription import (
    Invoice,
    InvoiceStatus,
    ListedSubscription,
    PaidPeriod,
    ProcessorSubscription,
)
from billing.domain.standing import BillingInterval, SubscriptionStatus
from billing.domain.subscription import PaidTerms, ScheduledChange

# docs.stripe.com/billing/subscriptions/overview#subscription-statuses. `unpaid` is given up.
_STATUSES = {
    "trialing": SubscriptionStatus.TRIALING,
    "active": SubscriptionStatus.ACTIVE,
    "past_due": SubscriptionStatus.PAST_DUE,
    "unpaid": SubscriptionStatus.PAUSED,
    "paused": SubscriptionStatus.PAUSED,
    "canceled": SubscriptionStatus.ENDED,
    "incomplete_expired": SubscriptionStatus.ENDED,
}
# What an invoice is marked with whose plan was bought twice.
SURPLUS = "tintype_surplus"
_NOT_BEGUN = ("incomplete", "incomplete_expired")


def seen_subscription(
    subscription: stripe.Subscription,
    invoices: Iterable[stripe.Invoice],
    change: ScheduledChange | None,
) -> ProcessorSubscription:
    """Return a subscription with what its paid invoices cover: periods are its items', since 2025."""
    item = subscription["items"].data[0]
    price: stripe.Price = item.price
    interval = price.recurring.interval if price.recurring else ""
    plan_id = _sold(price)
    user_id, checkout_id = (_label(subscription.metadata, name) for name in ("user_id", "checkout_id"))
    periods = [period for invoice in invoices for period in _periods(invoice)]
    return ProcessorSubscription(
        processor_id=ProcessorSubscriptionId(subscription.id),
        user_id=UserId(user_id) if user_id and checkout_id else None,
        reference=CheckoutId(checkout_id) if checkout_id else None,
        plan_id=plan_id,
        is_begun=subscription.status not in _NOT_BEGUN,
        began_at=_moment(subscription.start_date),
        ended_at=_moment_or_none(subscription.ended_at),
        terms=PaidTerms(
            processor_id=ProcessorSubscriptionId(subscription.id),
            interval=BillingInterval(interval) if plan_id is not None else BillingInterval.MONTH,
            status=_status(subscription),
            price_minor=price.unit_amount or 0,
            currency=price.currency,
            anchor=_moment(subscription.billing_cycle_anchor),
            period_start=_moment(item.current_period_start),
            period_end=_moment(item.current_period_end),
            trial_end=_moment_or_none(subscription.trial_end),
            cancels_at=_moment_or_none(subscription.cancel_at),
            change=change,
        ),
        periods=tuple(sorted(periods, key=_newest, reverse=True)),
    )


def seen_listed(subscription: stripe.Subscription) -> ListedSubscription:
    """Return what is listed of a subscription: only with both labels it is one of ours."""
    user_id, checkout_id = (_label(subscription.metadata, name) for name in ("user_id", "checkout_id"))
    return ListedSubscription(
        processor_id=ProcessorSubscriptionId(subscription.id),
        reference=CheckoutId(checkout_id) if user_id and checkout_id else None,
        plan_id=_sold(subscription["items"].data[0].price),
        is_begun=subscription.status not in _NOT_BEGUN,
        status=_status(subscription),
    )


def _sold(price: stripe.Price) -> PlanId | None:
    """Return the plan that a price sells, if it is one of ours and is paid as often as ours are."""
    interval = price.recurring.interval if price.recurring else ""
    return plan_of(product_of(price)) if interval in set(BillingInterval) else None


def _newest(period: PaidPeriod) -> tuple[datetime, datetime, InvoiceId]:
    return period.start, period.end, period.invoice_id


def _status(subscription: stripe.Subscription) -> SubscriptionStatus:
    status = _STATUSES.get(subscription.status, SubscriptionStatus.PAUSED)
    if subscription.pause_collection and status is not SubscriptionStatus.ENDED:
        return SubscriptionStatus.PAUSED
    return status


def _periods(invoice: stripe.Invoice) -> list[PaidPeriod]:
    """Return what the lines of a paid invoice cover; those that give money back cover nothing."""
    payment_id, amount_minor = _payment(invoice)
    periods: list[PaidPeriod] = []
    for line in invoice.lines.data:
        details = line.pricing.price_details if line.pricing else None
        plan_id = plan_of(details.product) if details else None
        if plan_id is None or line.amount < 0 or line.period.end <= line.period.start:
            continue
        paid_at = invoice.status_transitions.paid_at or invoice.created
        periods.append(
            PaidPeriod(
                invoice_id=InvoiceId(invoice.id or ""),
                plan_id=plan_id,
                start=_moment(line.period.start),
                end=_moment(line.period.end),
                is_change=_is_proration(line),
                payment_id=payment_id if amount_minor else None,
                amount_minor=amount_minor,
                currency=invoice.currency,
                paid_at=_moment(paid_at),
            )
        )
    return periods


def _is_proration(line: stripe.InvoiceLineItem) -> bool:
    parent = line.parent
    details = parent and (parent.subscription_item_details or parent.invoice_item_details)
    return bool(details and details.proration)


def _payment(invoice: stripe.Invoice) -> tuple[PaymentId | None, int]:
    """Return the payment of an invoice, and what it paid: the first of them, where there are several."""
    for paid in invoice.payments.data if invoice.payments else []:
        intent = paid.payment.payment_intent
        if paid.status == "paid" and intent:
            payment_id = intent if isinstance(intent, str) else intent.id
            return PaymentId(payment_id), paid.amount_paid or invoice.amount_paid
    return None, 0


def subscription_of(invoice: stripe.Invoice) -> ProcessorSubscriptionId | None:
    """Return the subscription of an invoice: it stands under `parent`, since 2025."""
    details = invoice.parent.subscription_details if invoice.parent else None
    found = details.subscription if details else None
    if found is None:
        return None
    return ProcessorSubscriptionId(found if isinstance(found, str) else found.id)


def seen_invoice(invoice: stripe.Invoice) -> Invoice | None:
    """Return an invoice for people; None of a draft, which is none yet."""
    if invoice.status not in set(InvoiceStatus):
        return None
    return Invoice(
        invoice_id=InvoiceId(invoice.id or ""),
        number=invoice.number,
        total_minor=invoice.total,
        currency=invoice.currency,
        status=InvoiceStatus(invoice.status or ""),
        created_at=_moment(invoice.created),
        page_url=invoice.hosted_invoice_url,
        pdf_url=invoice.invoice_pdf,
    )


def seen_invoice_payment(invoice: stripe.Invoice) -> ListedInvoicePayment | None:
    """Return a subscription's invoice with its payment; None of another's, and of a surplus one."""
    payment_id, amount_minor = _payment(invoice)
    details = invoice.parent.subscription_details if invoice.parent else None
    if details is None or _label(invoice.metadata, SURPLUS):
        return None
    checkout_id = _label(details.metadata, "checkout_id")
    return ListedInvoicePayment(
        payment_id=payment_id if amount_minor else None,
        invoice_id=InvoiceId(invoice.id or ""),
        reference=CheckoutId(checkout_id) if checkout_id else None,
        amount_minor=amount_minor,
        currency=invoice.currency,
        paid_at=_moment(invoice.status_transitions.paid_at or invoice.created),
    )


def next_phase(schedule: Any) -> Any | None:
    """Return the phase that follows the present one."""
    if not isinstance(schedule, stripe.SubscriptionSchedule) or not schedule.current_phase:
        return None
    ends_at = schedule.current_phase.end_date
    return next((phase for phase in schedule.phases if phase.start_date >= ends_at), None)


def plan_of(product_id: str | None) -> PlanId | None:
    """Return the plan that a product of ours is."""
    if product_id is None or not product_id.startswith(PLAN_PREFIX):
        return None
    return PlanId(product_id.removeprefix(PLAN_PREFIX))


def product_of(price: stripe.Price) -> str:
    """Return the id of a price's product."""
    return price.product if isinstance(price.product, str) else price.product.id


def _label(metadata: Any, name: str) -> str | None:
    return str(metadata[name]) if metadata and name in metadata else None


def _moment(timestamp: int) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)


def _moment_or_none(timestamp: int | None) -> datetime | None:
    return None if timestamp is None else _moment(timestamp)
