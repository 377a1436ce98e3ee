"""Purchases and payments as messages."""

from collections.abc import Iterable

from chassis.timestamps import to_timestamp
from tintype.billing.v1 import billing_pb2 as pb
from tintype.billing.v1 import events_pb2 as events

from billing.domain.dispute import DisputeState
from billing.domain.processor_payment import ReconciledPayment
from billing.domain.purchase_standing import PurchaseStanding, PurchaseStatus

_STATUSES = {
    PurchaseStatus.PAID: pb.PURCHASE_STATUS_PAID,
    PurchaseStatus.PARTIALLY_REFUNDED: pb.PURCHASE_STATUS_PARTIALLY_REFUNDED,
    PurchaseStatus.REFUNDED: pb.PURCHASE_STATUS_REFUNDED,
    PurchaseStatus.DISPUTED: pb.PURCHASE_STATUS_DISPUTED,
    PurchaseStatus.CHARGED_BACK: pb.PURCHASE_STATUS_CHARGED_BACK,
}
_DISPUTES = {
    DisputeState.OPENED: events.DISPUTE_STATE_OPENED,
    DisputeState.WON: events.DISPUTE_STATE_WON,
    DisputeState.LOST: events.DISPUTE_STATE_LOST,
}


def purchase(standing: PurchaseStanding) -> pb.Purchase:
    """Return a purchase and what became of its money."""
    bought = standing.purchase
    return pb.Purchase(
        purchase_id=bought.purchase_id,
        user_id=bought.user_id,
        pack_id=bought.pack_id,
        pack_title=bought.pack_title,
        credits=bought.credits,
        amount_minor=bought.amount_minor,
        currency=bought.currency,
        payment_id=bought.payment_id,
        created_at=to_timestamp(bought.created_at),
        refunded_minor=bought.refunded_minor,
        status=_STATUSES[standing.status],
        disputed_minor=standing.disputed_minor,
    )


def settled(standing: PurchaseStanding) -> pb.ListSettledPaymentsResponse:
    """Return a purchase for reconciliation."""
    return pb.ListSettledPaymentsResponse(
        purchase=purchase(standing),
        disputes=_disputes((dispute.dispute_id, dispute.state) for dispute in standing.disputes),
        taken_back_credits=standing.taken_back_credits,
    )


def at_processor(payment: ReconciledPayment) -> pb.ListProcessorPaymentsResponse:
    """Return a payment as the processor tells it."""
    return pb.ListProcessorPaymentsResponse(
        payment=pb.ProcessorPayment(
            payment_id=payment.payment_id,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
            refunded_minor=payment.refunded_minor,
            disputes=_disputes(payment.disputes.items()),
            moved_at=to_timestamp(payment.moved_at),
        )
    )


def _disputes(disputes: Iterable[tuple[str, DisputeState]]) -> list[pb.PaymentDispute]:
    return [pb.PaymentDispute(dispute_id=key, state=_DISPUTES[state]) for key, state in disputes]
