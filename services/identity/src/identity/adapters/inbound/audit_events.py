"""Acts in other services, as their facts tell them: parse, call the use case."""

from collections.abc import Mapping

from chassis.events import IncomingEvent
from tintype.billing.v1 import events_pb2 as billing
from tintype.generation.v1 import events_pb2 as generation
from tintype.ledger.v1 import events_pb2 as ledger

from identity.application.keep_record import KeepRecord
from identity.domain.audit import Action, Actor, replay_told
from identity.domain.identifiers import EventId, SessionId, UserId

ADJUSTED = "tintype.ledger.v1.CreditsAdjusted"
REFUND_ORDERED = "tintype.billing.v1.RefundOrdered"
Replayed = billing.DeadLetterReplayed | generation.DeadLetterReplayed | ledger.DeadLetterReplayed
# Each service tells of what it gave up itself.
_REPLAYED: Mapping[str, type[Replayed]] = {
    message.DESCRIPTOR.full_name: message
    for message in (billing.DeadLetterReplayed, generation.DeadLetterReplayed, ledger.DeadLetterReplayed)
}
REPLAYED = frozenset(_REPLAYED)


def adjustment(event: IncomingEvent) -> KeepRecord:
    """Return the record of a correction. Raises Refused."""
    told = event.read(ledger.CreditsAdjusted)
    return KeepRecord(
        event_id=EventId(event.event_id),
        action=Action.CREDITS_ADJUSTED,
        actor=_actor(told),
        subject=UserId(event.account),
        before={"available": str(told.available_before)},
        after={"amount": f"{told.amount:+}", "available": str(told.balance.available)},
        reason=told.reason or None,
        happened_at=event.time,
    )


def refund(event: IncomingEvent) -> KeepRecord:
    """Return the record of a refund that was ordered. Raises Refused."""
    told = event.read(billing.RefundOrdered)
    return KeepRecord(
        event_id=EventId(event.event_id),
        action=Action.PURCHASE_REFUNDED,
        actor=_actor(told),
        subject=UserId(event.account),
        before={"left_minor": str(told.left_minor), "currency": told.currency},
        after={
            "purchase_id": told.purchase_id,
            "amount_minor": str(told.amount_minor),
            "left_minor": str(told.left_minor - told.amount_minor),
            "currency": told.currency,
        },
        reason=told.reason or None,
        happened_at=event.time,
    )


def replay(event: IncomingEvent) -> KeepRecord:
    """Return the record of an event that somebody had applied again. Raises Refused."""
    told = event.read(_REPLAYED[event.ce_type])
    return KeepRecord(
        event_id=EventId(event.event_id),
        action=Action.DEAD_LETTER_REPLAYED,
        actor=_actor(told),
        subject=UserId(event.account),
        before={},
        after=replay_told(
            service=event.ce_type.split(".")[1],
            event_type=told.event_type,
            dead_letter_id=EventId(told.dead_letter_id),
            applied=told.applied,
        ),
        reason=told.reason or None,
        happened_at=event.time,
    )


def _actor(told: ledger.CreditsAdjusted | billing.RefundOrdered | Replayed) -> Actor:
    if not told.session_id:
        # At a terminal people write whatever name they like: it is never that of an administrator.
        return Actor.operator(told.actor or "unknown")
    return Actor(
        name=told.actor or "unknown",
        session_id=SessionId(told.session_id),
        client_address=told.client_address or None,
    )
