"""The operations of every resource; a new resource is listed here."""

from __future__ import annotations

from standins.stripe.endpoint import Operation
from standins.stripe.resources import (
    charges,
    checkout_sessions,
    coupons,
    customers,
    disputes,
    events,
    intent_confirming,
    invoice_payments,
    invoice_previews,
    invoices,
    payment_intents,
    payment_methods,
    portal_configurations,
    portal_sessions,
    prices,
    products,
    promotion_codes,
    refunds,
    setup_intents,
    subscription_schedules,
    subscriptions,
    test_clocks,
)

OPERATIONS: list[Operation] = [
    operation
    for module in (
        customers,
        payment_methods,
        test_clocks,
        products,
        prices,
        coupons,
        promotion_codes,
        checkout_sessions,
        subscriptions,
        subscription_schedules,
        # Before the invoices: the way to an invoice would match it too.
        invoice_previews,
        invoices,
        invoice_payments,
        portal_configurations,
        portal_sessions,
        payment_intents,
        intent_confirming,
        setup_intents,
        charges,
        refunds,
        disputes,
        events,
    )
    for operation in module.resource.operations
]
