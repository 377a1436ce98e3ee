"""The lists of the payment processor that are read over and over."""

from datetime import timedelta

from billing.adapters.inbound.webhook_gauges import count_found
from billing.application.processor_lists import (
    DisputeList,
    InvoicePaymentList,
    PaymentList,
    RefundList,
    SubscriptionList,
)
from billing.application.reconcile_list import ReconcileListHandler, ScanPlan
from billing.domain.dispute import ProcessorDispute
from billing.domain.processor_payment import ListedInvoicePayment, ListedPayment
from billing.domain.processor_subscription import ListedSubscription
from billing.domain.refund import ListedRefund
from billing.ports.clock import Clock
from billing.ports.payment_processor import PaymentProcessor
from billing.ports.unit_of_work import UnitsOfWork
from billing.settings import BillingSettings


def scans(
    settings: BillingSettings, units: UnitsOfWork, processor: PaymentProcessor, clock: Clock
) -> list[
    ReconcileListHandler[ListedPayment]
    | ReconcileListHandler[ListedInvoicePayment]
    | ReconcileListHandler[ListedSubscription]
    | ReconcileListHandler[ListedRefund]
    | ReconcileListHandler[ProcessorDispute]
]:
    """Every list, each soon and deep: none waits for another."""
    plans = (
        ScanPlan(name="recent", looks_back=timedelta(hours=1)),
        ScanPlan(
            name="deep",
            looks_back=timedelta(days=settings.reconcile_deep_days),
            every=timedelta(seconds=settings.reconcile_deep_every_s),
            wakes=True,
        ),
    )
    payments, refunds, disputes = PaymentList(processor), RefundList(processor), DisputeList(processor)
    invoices, subscriptions = InvoicePaymentList(processor), SubscriptionList(processor)
    return [
        *(ReconcileListHandler(units, payments, clock, plan, count_found) for plan in plans),
        *(ReconcileListHandler(units, invoices, clock, plan, count_found) for plan in plans),
        *(ReconcileListHandler(units, subscriptions, clock, plan, count_found) for plan in plans),
        *(ReconcileListHandler(units, refunds, clock, plan, count_found) for plan in plans),
        *(ReconcileListHandler(units, disputes, clock, plan, count_found) for plan in plans),
    ]
