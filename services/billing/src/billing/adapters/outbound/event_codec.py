"""Billing's facts as protobuf events."""

from chassis.events import OutgoingEvent, event
from google.protobuf.timestamp_pb2 import Timestamp
from tintype.billing.v1 import events_pb2 as pb

from billing.domain.events import PaymentCompleted


def encode(fact: PaymentCompleted, *, event_id: str) -> OutgoingEvent:
    """Return the event that tells a completed payment."""
    return event(to_message(fact), account=fact.purchase.user_id, event_id=event_id, time=fact.occurred_at)


def to_message(fact: PaymentCompleted) -> pb.PaymentCompleted:
    """Return the fact's message."""
    occurred_at = Timestamp()
    occurred_at.FromDatetime(fact.occurred_at)
    purchase = fact.purchase
    return pb.PaymentCompleted(
        account_id=purchase.user_id,
        payment_id=purchase.payment_id,
        purchase_id=purchase.purchase_id,
        pack_id=purchase.pack_id,
        credits=purchase.credits,
        amount_minor=purchase.amount_minor,
        currency=purchase.currency,
        occurred_at=occurred_at,
    )
