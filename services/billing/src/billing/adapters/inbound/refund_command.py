"""`python -m billing refund`: a purchase's money back, for a person at a terminal."""

import argparse
import sys

from billing.application.refund_purchase import RefundPurchase, RefundPurchaseHandler
from billing.domain.errors import BillingError
from billing.domain.identifiers import PurchaseId


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command understands."""
    parser.add_argument("purchase_id", help="for example pay_0193...")
    parser.add_argument("--amount-minor", type=int, help="in the smallest unit; unset: all that is left")
    parser.add_argument("--reason", required=True, help="why; kept here and at the payment processor")
    parser.add_argument("--actor", required=True, help="who you are; kept with the refund")
    parser.add_argument("--key", help="two calls with one key are one refund; unset: each is its own")


async def run(options: argparse.Namespace, refund: RefundPurchaseHandler) -> int:
    """Refund it; returns the exit code: 1 when it is refused, or can't be answered now."""
    try:
        refunded = await refund(
            RefundPurchase(
                purchase_id=PurchaseId(options.purchase_id),
                amount_minor=options.amount_minor,
                reason=options.reason,
                actor=options.actor,
                idempotency_key=options.key,
            )
        )
    except BillingError as refusal:
        sys.stderr.write(f"{refusal.reason}: {refusal}\n")
        return 1
    order, standing = refunded.order, refunded.standing
    bought = standing.purchase
    sys.stdout.write(
        f"{order.refund_id}: {order.amount_minor} of {bought.amount_minor} {bought.currency}"
        f"{' as before' if refunded.replayed else ''}; {bought.purchase_id} is {standing.status.value}, "
        f"{bought.refunded_minor} refunded\n"
    )
    return 0
