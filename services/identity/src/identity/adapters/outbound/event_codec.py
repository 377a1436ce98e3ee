"""Domain events as protobuf messages."""

from chassis.events import OutgoingEvent, event
from tintype.identity.v1 import events_pb2

from identity.domain.events import UserRegistered


def encode(registered: UserRegistered) -> OutgoingEvent:
    """`tintype.identity.v1.UserRegistered` of the user's account."""
    message = events_pb2.UserRegistered(
        user_id=registered.user_id, email=registered.email, full_name=registered.full_name
    )
    message.occurred_at.FromDatetime(registered.occurred_at)
    return event(
        message, account=registered.user_id, event_id=registered.event_id, time=registered.occurred_at
    )
