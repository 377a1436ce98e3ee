"""Payments as the payment processor lists them, for reconciliation. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from billing.domain.dispute import DisputeState


@dataclass(frozen=True, kw_only=True)
class ListedPayment:
    """A payment that succeeded, of whoever made it. With nothing to pay, its session stands for it."""

    payment_id: str
    # Our checkout's id, which the processor keeps for us.
    reference: str | None
    amount_minor: int
    currency: str
    paid_at: datetime


@dataclass(frozen=True, kw_only=True)
class ReconciledPayment:
    """A payment of ours, with what was refunded of it and the disputes that moved its money."""

    payment_id: str
    amount_minor: int
    currency: str
    refunded_minor: int
    disputes: Mapping[str, DisputeState]
    moved_at: datetime
