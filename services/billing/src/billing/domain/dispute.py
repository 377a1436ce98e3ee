"""Disputes: a payer asks their bank for a payment's money. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billing.domain.checkout import Purchase
from billing.domain.identifiers import CheckoutId, DisputeId, PaymentId, PurchaseId, UserId
from billing.domain.proportion import credits_of


class DisputeState(StrEnum):
    """Where the disputed money is, in the only order in which a dispute moves."""

    # Withdrawn while the bank decides.
    OPENED = "opened"
    # Gone, unless the payer withdraws the dispute even now.
    LOST = "lost"
    # Back for good.
    WON = "won"


_ORDER = list(DisputeState)


@dataclass(frozen=True, kw_only=True)
class Dispute:
    """One dispute of a purchase's payment, and what it takes back of it."""

    dispute_id: DisputeId
    purchase_id: PurchaseId
    user_id: UserId
    payment_id: PaymentId
    disputed_minor: int
    disputed_credits: int
    currency: str
    state: DisputeState


@dataclass(frozen=True, kw_only=True)
class ProcessorDispute:
    """A dispute as the payment processor sees it now. `state` is None while it moved no money."""

    dispute_id: DisputeId
    payment_id: PaymentId | None
    # Our checkout's id, which the processor keeps for us.
    reference: CheckoutId | None
    amount_minor: int
    currency: str
    state: DisputeState | None
    # When its money moved last, as far as the processor says.
    moved_at: datetime | None = None


def settle_dispute(purchase: Purchase, known: Dispute | None, seen: ProcessorDispute) -> Dispute | None:
    """Return the dispute as it stands now, None if it never moved money.

    Order does not matter: state and amount only move on, so an answer that is old by now undoes nothing.
    """
    if seen.state is None:
        return known
    # A bank may dispute in a currency of its own: then the whole payment is in question.
    is_comparable = seen.currency == purchase.currency
    amount_minor = min(seen.amount_minor, purchase.amount_minor) if is_comparable else purchase.amount_minor
    state = seen.state
    if known is not None:
        amount_minor = max(amount_minor, known.disputed_minor)
        state = max(state, known.state, key=_ORDER.index)
    return Dispute(
        dispute_id=seen.dispute_id,
        purchase_id=purchase.purchase_id,
        user_id=purchase.user_id,
        payment_id=purchase.payment_id,
        disputed_minor=amount_minor,
        disputed_credits=credits_of(purchase, amount_minor),
        currency=purchase.currency,
        state=state,
    )
