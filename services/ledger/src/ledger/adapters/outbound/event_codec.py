"""The ledger's facts as protobuf events."""

from collections.abc import Callable
from typing import Any

from chassis.events import OutgoingEvent
from chassis.events import event as as_event
from google.protobuf.message import Message
from tintype.ledger.v1 import events_pb2 as pb

from ledger.adapters import messages
from ledger.domain import facts
from ledger.domain.facts import Fact
from ledger.domain.identifiers import EventId


def encode(fact: Fact, *, event_id: EventId) -> OutgoingEvent:
    """Return the event that tells a fact. Raises TypeError for a fact without a message."""
    return as_event(
        to_message(fact),
        account=fact.account_id,
        event_id=event_id,
        time=fact.occurred_at,
        headers=fact.headers,
    )


def to_message(fact: Fact) -> Message:
    """Return a fact's message."""
    if (make := _MESSAGES.get(type(fact))) is None:
        raise TypeError(f"no message for {type(fact).__name__}")
    return make(fact)


def _shared(fact: Fact) -> dict[str, Any]:
    return {
        "account_id": fact.account_id,
        "balance": messages.balance(fact.balance),
        "occurred_at": messages.timestamp(fact.occurred_at),
    }


def _granted(fact: facts.CreditsGranted) -> Message:
    return pb.CreditsGranted(
        grant_id=fact.grant_id,
        amount=fact.amount,
        category=messages.CATEGORIES[fact.category],
        source=fact.source,
        payment_id=fact.payment_id or "",
        **_shared(fact),
    )


def _reserved(fact: facts.CreditsReserved) -> Message:
    return pb.CreditsReserved(
        reservation_id=fact.reservation_id,
        generation_id=fact.reference,
        amount=fact.amount,
        expires_at=messages.timestamp(fact.expires_at),
        **_shared(fact),
    )


def _charged(fact: facts.CreditsCharged) -> Message:
    return pb.CreditsCharged(
        reservation_id=fact.reservation_id,
        generation_id=fact.reference,
        charged=fact.charged,
        refunded=fact.refunded,
        **_shared(fact),
    )


def _refunded(fact: facts.CreditsRefunded) -> Message:
    return pb.CreditsRefunded(
        reservation_id=fact.reservation_id,
        generation_id=fact.reference,
        refunded=fact.refunded,
        reason=fact.reason or "",
        **_shared(fact),
    )


def _expired(fact: facts.CreditsExpired) -> Message:
    return pb.CreditsExpired(amount=fact.amount, **_shared(fact))


def _clawed_back(fact: facts.CreditsClawedBack) -> Message:
    return pb.CreditsClawedBack(
        payment_id=fact.payment_id,
        amount=fact.amount,
        taken=fact.taken,
        reason=fact.reason or "",
        **_shared(fact),
    )


def _adjusted(fact: facts.CreditsAdjusted) -> Message:
    return pb.CreditsAdjusted(
        amount=fact.amount,
        available_before=fact.available_before,
        actor=fact.actor or "",
        reason=fact.reason or "",
        session_id=fact.session_id or "",
        client_address=fact.client_address or "",
        **_shared(fact),
    )


def _expiring(fact: facts.CreditsExpiring) -> Message:
    return pb.CreditsExpiring(
        grant_id=fact.grant_id,
        amount=fact.amount,
        expires_at=messages.timestamp(fact.expires_at),
        **_shared(fact),
    )


def _low(fact: facts.BalanceLow) -> Message:
    return pb.BalanceLow(threshold=fact.threshold, **_shared(fact))


_MESSAGES: dict[type[Fact], Callable[[Any], Message]] = {
    facts.CreditsGranted: _granted,
    facts.CreditsReserved: _reserved,
    facts.CreditsCharged: _charged,
    facts.CreditsRefunded: _refunded,
    facts.CreditsExpired: _expired,
    facts.CreditsClawedBack: _clawed_back,
    facts.CreditsAdjusted: _adjusted,
    facts.BalanceLow: _low,
    facts.CreditsExpiring: _expiring,
}
