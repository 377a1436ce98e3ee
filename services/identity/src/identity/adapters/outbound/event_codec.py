"""Domain events as protobuf messages."""

from chassis.events import OutgoingEvent
from chassis.events import event as fact
from chassis.timestamps import set_moment
from tintype.identity.v1 import events_pb2 as pb

from identity.domain.events import (
    ApiKeyRevoked,
    EmailVerified,
    ErasureRequested,
    ErasureTakenBack,
    Event,
    SessionsEnded,
    UserDeleted,
    UserRegistered,
)
from identity.domain.session import EndReason
from identity.domain.welcome import Welcome

_REASONS = {
    EndReason.LOGGED_OUT: pb.SESSION_END_REASON_LOGGED_OUT,
    EndReason.TOKEN_REUSED: pb.SESSION_END_REASON_TOKEN_REUSED,
    EndReason.PASSWORD_RESET: pb.SESSION_END_REASON_PASSWORD_RESET,
    EndReason.USER_DISABLED: pb.SESSION_END_REASON_USER_DISABLED,
    EndReason.USER_DELETED: pb.SESSION_END_REASON_USER_DELETED,
    EndReason.ROLE_REVOKED: pb.SESSION_END_REASON_ROLE_REVOKED,
    EndReason.ENDED_BY_USER: pb.SESSION_END_REASON_ENDED_BY_USER,
}


_AT_START = {
    Welcome.GIVEN: pb.WELCOME_NOW,
    Welcome.PENDING: pb.WELCOME_AFTER_CONFIRMATION,
    Welcome.NONE: pb.WELCOME_NONE,
}


def encode(event: Event) -> OutgoingEvent:
    """Return the fact of the user's account, named as the contract names it."""
    message = _message(event)
    set_moment(message, "occurred_at", event.occurred_at)
    return fact(message, account=event.user_id, event_id=event.event_id, time=event.occurred_at)


def _message(
    event: Event,
) -> (
    pb.ErasureRequested
    | pb.ErasureTakenBack
    | pb.UserDeleted
    | pb.UserRegistered
    | pb.EmailVerified
    | pb.SessionsEnded
    | pb.ApiKeyRevoked
):
    match event:
        case ErasureRequested():
            requested = pb.ErasureRequested(user_id=event.user_id, revision=event.revision)
            set_moment(requested, "erased_from", event.erased_from)
            return requested
        case ErasureTakenBack():
            return pb.ErasureTakenBack(user_id=event.user_id, revision=event.revision)
        case UserDeleted():
            return pb.UserDeleted(user_id=event.user_id)
        case UserRegistered():
            return pb.UserRegistered(
                user_id=event.user_id,
                email=event.email,
                full_name=event.full_name,
                welcome=_AT_START[event.welcome],
            )
        case EmailVerified():
            welcome = pb.WELCOME_NOW if event.is_welcomed else pb.WELCOME_NONE
            return pb.EmailVerified(user_id=event.user_id, welcome=welcome)
        case SessionsEnded():
            return pb.SessionsEnded(
                user_id=event.user_id,
                session_id=event.session_id or "",
                reason=_REASONS[event.reason],
                kept_session_id=event.kept_session_id or "",
            )
        case ApiKeyRevoked():
            return pb.ApiKeyRevoked(user_id=event.user_id, key_id=event.key_id)
