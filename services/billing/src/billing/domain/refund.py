"""Refunds: money of a payment on its way back to the payer. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billing.domain.identifiers import CheckoutId, PaymentId, RefundId


class RefundStatus(StrEnum):
    """Where a refund stands, in the only order in which it moves. Only a SUCCEEDED one counts."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    # The payer's bank sent the money back, perhaps weeks after the refund had succeeded.
    FAILED = "failed"


_ORDER = list(RefundStatus)


@dataclass(frozen=True, kw_only=True)
class Refund:
    """One refund, whole or in part, in the minor units of the payment's currency."""

    refund_id: RefundId
    amount_minor: int
    status: RefundStatus


@dataclass(frozen=True, kw_only=True)
class ProcessorPayment:
    """A payment's refunds as the payment processor sees them now."""

    payment_id: PaymentId
    # Our checkout's id, which the processor keeps for us.
    reference: CheckoutId | None
    refunds: tuple[Refund, ...]


@dataclass(frozen=True, kw_only=True)
class ListedRefund:
    """A refund in the processor's list. One of a charge without a payment object has no `payment_id`."""

    refund: Refund
    payment_id: PaymentId | None
    # Our checkout's id, which the processor keeps for us.
    reference: CheckoutId | None
    created_at: datetime


def merge_refunds(known: Iterable[Refund], seen: Iterable[Refund]) -> list[Refund]:
    """Return every refund at the later of its statuses: an answer that is old by now undoes nothing."""
    merged: dict[RefundId, Refund] = {}
    for refund in (*known, *seen):
        before = merged.get(refund.refund_id, refund)
        merged[refund.refund_id] = max(refund, before, key=_progress)
    return list(merged.values())


def _progress(refund: Refund) -> int:
    return _ORDER.index(refund.status)
