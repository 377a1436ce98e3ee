"""The ledger's facts as protobuf events."""

from chassis.events import OutgoingEvent, event
from google.protobuf.message import Message
from tintype.ledger.v1 import events_pb2 as pb

from ledger.adapters import messages
from ledger.domain.facts import CreditsCharged, CreditsGranted, CreditsRefunded, CreditsReserved, Fact


def encode(fact: Fact, *, event_id: str) -> OutgoingEvent:
    """Return the event that tells a fact. Raises TypeError for a fact without a message."""
    return event(to_message(fact), account=fact.account_id, event_id=event_id, time=fact.occurred_at)


def to_message(fact: Fact) -> Message:
    """Return a fact's message."""
    match fact:
        case CreditsGranted():
            return pb.CreditsGranted(
                account_id=fact.account_id,
                grant_id=fact.grant_id,
                amount=fact.amount,
                category=messages.CATEGORIES[fact.category],
                source=fact.source,
                payment_id=fact.payment_id or "",
                balance=messages.balance(fact.balance),
                occurred_at=messages.timestamp(fact.occurred_at),
            )
        case CreditsReserved():
            return pb.CreditsReserved(
                account_id=fact.account_id,
                reservation_id=fact.reservation_id,
                generation_id=fact.reference,
                amount=fact.amount,
                expires_at=messages.timestamp(fact.expires_at),
                balance=messages.balance(fact.balance),
                occurred_at=messages.timestamp(fact.occurred_at),
            )
        case CreditsCharged():
            return pb.CreditsCharged(
                account_id=fact.account_id,
                reservation_id=fact.reservation_id,
                generation_id=fact.reference,
                charged=fact.charged,
                refunded=fact.refunded,
                balance=messages.balance(fact.balance),
                occurred_at=messages.timestamp(fact.occurred_at),
            )
        case CreditsRefunded():
            return pb.CreditsRefunded(
                account_id=fact.account_id,
                reservation_id=fact.reservation_id,
                generation_id=fact.reference,
                refunded=fact.refunded,
                reason=fact.reason,
                balance=messages.balance(fact.balance),
                occurred_at=messages.timestamp(fact.occurred_at),
            )
    raise TypeError(f"no message for {type(fact).__name__}")
