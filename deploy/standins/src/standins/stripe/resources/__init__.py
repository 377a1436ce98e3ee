"""Stripe's resources, one a file; a new one is listed here."""

from __future__ import annotations

from standins.stripe.endpoint import Operation
from standins.stripe.resources import (
    charges,
    checkout_sessions,
    coupons,
    customers,
    disputes,
    events,
    payment_intents,
    payment_methods,
    prices,
    products,
    promotion_codes,
    refunds,
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
        payment_intents,
        charges,
        refunds,
        disputes,
        events,
    )
    for operation in module.resource.operations
]
