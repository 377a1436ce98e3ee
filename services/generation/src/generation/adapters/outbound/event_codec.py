"""Domain events as protobuf messages."""

from chassis.events import OutgoingEvent, event
from chassis.timestamps import set_moment
from google.protobuf.message import Message
from tintype.generation.v1 import events_pb2

from generation.domain.events import (
    AccountErased,
    Event,
    GenerationCancelled,
    GenerationFailed,
    GenerationProgressed,
    GenerationQueued,
    GenerationSucceeded,
)
from generation.domain.identifiers import EventId


def encode(fact: Event | AccountErased, *, event_id: EventId) -> OutgoingEvent:
    """Return the fact as `tintype.generation.v1.<its name>`, about its account."""
    message = _message(fact)
    message.account_id = fact.account_id  # type: ignore[attr-defined]
    if isinstance(fact, Event):
        message.generation_id = fact.generation_id  # type: ignore[attr-defined]
    set_moment(message, "occurred_at", fact.occurred_at)
    return event(message, account=fact.account_id, event_id=event_id, time=fact.occurred_at)


def _message(fact: Event | AccountErased) -> Message:
    match fact:
        case AccountErased():
            return events_pb2.AccountErased()
        case GenerationQueued():
            return events_pb2.GenerationQueued(model_id=fact.model_id, credits_reserved=fact.credits_reserved)
        case GenerationProgressed():
            return events_pb2.GenerationProgressed(progress=fact.progress)
        case GenerationSucceeded():
            return events_pb2.GenerationSucceeded(
                reservation_id=fact.reservation_id or "",
                charge_credits=fact.charge_credits,
                output_count=fact.output_count,
            )
        case GenerationFailed():
            return events_pb2.GenerationFailed(
                reservation_id=fact.reservation_id or "",
                reason=fact.failure.reason,
                detail=fact.failure.detail,
            )
        case GenerationCancelled():
            return events_pb2.GenerationCancelled(reservation_id=fact.reservation_id or "")
        case _:
            raise TypeError(f"{type(fact).__name__} has no message")
