"""What the database's constraints keep out, kept out of memory too."""

from collections.abc import Iterable

from billing.adapters.outbound.memory.store import MemoryBilling
from billing.domain.allocation import Allocation
from billing.domain.auto_top_up import TopUp, TopUpState
from billing.domain.checkout import Checkout, CheckoutStatus, Purchase
from billing.domain.dispute import Dispute
from billing.domain.identifiers import CustomerId, PurchaseId, UserId
from billing.domain.refund import Refund
from billing.domain.refund_order import RefundOrder, RefundOrderState
from billing.domain.subscription import Subscription


class ConstraintViolatedError(Exception):
    """A row that the database would refuse; the transaction is undone."""


def check_customer(store: MemoryBilling, user_id: UserId, customer_id: CustomerId) -> None:
    """Raise ConstraintViolatedError for a customer of somebody else."""
    others = (known for owner, known in store.customers.items() if owner != user_id)
    _require("customers.customer_id is unique", customer_id not in others)


def check_checkout(store: MemoryBilling, checkout: Checkout) -> None:
    """Raise ConstraintViolatedError for terms or a page that no checkout may have."""
    _require("checkouts.credits", checkout.credits > 0)
    _require("checkouts.price_minor", checkout.price_minor > 0)
    _require("checkouts.page", checkout.page > 0)
    _require("checkouts.pack_id", (checkout.pack_id is None) != (checkout.plan_id is None))
    is_complete = checkout.status is CheckoutStatus.COMPLETE
    _require("checkouts.subscription_id", checkout.subscription_id is None or is_complete)
    _require("checkouts.purchase_id", checkout.purchase_id is None or is_complete)
    others = (known for known in store.checkouts.values() if known.checkout_id != checkout.checkout_id)
    is_free = checkout.page_id is None or all(known.page_id != checkout.page_id for known in others)
    _require("checkouts.session_id is unique", is_free)


def check_subscription(store: MemoryBilling, subscription: Subscription) -> None:
    """Raise ConstraintViolatedError for a second one that has not ended, or of one of the processor's."""
    others = [
        known
        for known in store.subscriptions.values()
        if known.subscription_id != subscription.subscription_id
    ]
    mine = [known for known in others if known.user_id == subscription.user_id and known.ended_at is None]
    _require("subscriptions_live", subscription.ended_at is not None or not mine)
    if subscription.paid is not None:
        same = [
            known
            for known in others
            if known.paid and known.paid.processor_id == subscription.paid.processor_id
        ]
        _require("subscriptions.processor_id is unique", not same)
        _require("subscriptions.period_end", subscription.paid.period_end > subscription.paid.period_start)


def check_allocation(store: MemoryBilling, allocation: Allocation) -> None:
    """Raise ConstraintViolatedError for credits that were told before, or that no allocation may have."""
    _require("allocations.credits", allocation.credits > 0)
    _require("allocations.ends_at", allocation.span.end > allocation.span.start)
    is_new = (allocation.subscription_id, allocation.span.start) not in store.allocations
    _require("allocations are unique", is_new)


def check_purchase(store: MemoryBilling, purchase: Purchase) -> None:
    """Raise ConstraintViolatedError for sums that no purchase may have, or one of no checkout."""
    _require("purchases.checkout_id", purchase.checkout_id is None or purchase.checkout_id in store.checkouts)
    _require("purchases.invoice_id", (purchase.checkout_id is None) != (purchase.invoice_id is None))
    _require("purchases.credits", purchase.credits > 0)
    _require("purchases.amount_minor", purchase.amount_minor >= 0)
    _require("purchases.refunded_minor", 0 <= purchase.refunded_minor <= purchase.amount_minor)
    _require("purchases.refunded_credits", 0 <= purchase.refunded_credits <= purchase.credits)
    _require("purchases.refund_series", purchase.refund_series >= 0)


def check_refunds(store: MemoryBilling, purchase_id: PurchaseId, refunds: Iterable[Refund]) -> None:
    """Raise ConstraintViolatedError for a negative refund, or one of no purchase."""
    _require("refunds.purchase_id", purchase_id in store.purchases)
    _require("refunds.amount_minor", all(refund.amount_minor >= 0 for refund in refunds))


def check_refund_order(store: MemoryBilling, order: RefundOrder) -> None:
    """Raise ConstraintViolatedError for an order of no purchase, of no money, or of a key that is taken."""
    _require("refund_orders.purchase_id", order.purchase_id in store.purchases)
    _require("refund_orders.amount_minor", order.amount_minor > 0)
    is_made = order.state is RefundOrderState.MADE
    _require("refund_orders.refund_id", (order.refund_id is not None) == is_made)
    others = (known for known in store.refund_orders.values() if known.order_id != order.order_id)
    keys = {(known.purchase_id, known.actor, known.idempotency_key) for known in others}
    key = (order.purchase_id, order.actor, order.idempotency_key)
    _require("refund_orders.key is unique", key not in keys)


def check_top_up(store: MemoryBilling, top_up: TopUp) -> None:
    """Raise ConstraintViolatedError for a top-up of no checkout, or a second open one of a user."""
    _require("top_ups.checkout_id", top_up.checkout_id in store.checkouts)
    mine = (known for known in store.top_ups.values() if known.user_id == top_up.user_id)
    _require("top_ups.open is unique", all(known.state is not TopUpState.OPEN for known in mine))


def check_dispute(store: MemoryBilling, dispute: Dispute) -> None:
    """Raise ConstraintViolatedError for a negative dispute, or one of no purchase."""
    _require("disputes.purchase_id", dispute.purchase_id in store.purchases)
    _require("disputes.disputed_minor", dispute.disputed_minor >= 0)
    _require("disputes.disputed_credits", dispute.disputed_credits >= 0)


def _require(constraint: str, is_kept: bool) -> None:
    if not is_kept:
        raise ConstraintViolatedError(constraint)
