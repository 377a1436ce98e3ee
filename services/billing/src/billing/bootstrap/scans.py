"""The lists of the payment processor that are read over and over."""

from collections.abc import Awaitable, Callable, Sequence
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
from billing.ports.clock import Clock
from billing.ports.payment_processor import PaymentProcessor
from billing.ports.unit_of_work import UnitsOfWork
from billing.settings import BillingSettings

Scan = Callable[[], Awaitable[int]]

# A deep scan begins seldom: whether it is time for one need not be looked for as often as the newest are.
DEEP_LOOK_S = 60.0


def scans(
    settings: BillingSettings, units: UnitsOfWork, processor: PaymentProcessor, clock: Clock
) -> Sequence[tuple[Scan, float]]:
    """Every list, each soon and deep, with how often it is looked at: none waits for another."""
    often_s = settings.reconcile_money_back_every_s
    recent = ScanPlan(name="recent", looks_back=timedelta(hours=1))
    deep = ScanPlan(
        name="deep",
        looks_back=timedelta(days=settings.reconcile_deep_days),
        every=timedelta(seconds=settings.reconcile_deep_every_s),
        wakes=True,
    )
    payments, refunds, disputes = PaymentList(processor), RefundList(processor), DisputeList(processor)
    invoices, subscriptions = InvoicePaymentList(processor), SubscriptionList(processor)
    found: list[tuple[Scan, float]] = []
    for plan, every_s in (
        (recent, often_s),
        (deep, max(often_s, min(DEEP_LOOK_S, settings.reconcile_deep_every_s / 10))),
    ):
        found += [
            (ReconcileListHandler(units, payments, clock, plan, count_found), every_s),
            (ReconcileListHandler(units, invoices, clock, plan, count_found), every_s),
            (ReconcileListHandler(units, subscriptions, clock, plan, count_found), every_s),
            (ReconcileListHandler(units, refunds, clock, plan, count_found), every_s),
            (ReconcileListHandler(units, disputes, clock, plan, count_found), every_s),
        ]
    return found
