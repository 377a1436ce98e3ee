"""Domain objects as protobuf messages."""

from tintype.identity.v1 import identity_pb2 as pb

from identity.application.open_session import OpenedSession
from identity.domain.user import Role, User
from identity.domain.welcome import Welcome

_ROLES = {Role.USER: pb.ROLE_USER, Role.ADMIN: pb.ROLE_ADMIN}

_WELCOMES = {
    Welcome.PENDING: pb.WELCOME_STATE_PENDING,
    Welcome.GIVEN: pb.WELCOME_STATE_GIVEN,
    Welcome.NONE: pb.WELCOME_STATE_NONE,
}


def user_message(user: User) -> pb.User:
    """Return the profile as other contexts may see it."""
    message = pb.User(
        user_id=user.user_id,
        email=user.email,
        email_verified=user.email_verified,
        full_name=user.full_name,
        avatar_url=user.avatar_url or "",
        role=_ROLES[user.role],
        welcome=_WELCOMES[user.welcome],
    )
    message.created_at.FromDatetime(user.created_at)
    return message


def session_message(opened: OpenedSession) -> pb.Session:
    """Return the pair of tokens."""
    message = pb.Session(
        access_token=opened.access_token.token,
        refresh_token=opened.refresh_token,
        session_id=opened.session_id,
        expires_in_s=opened.access_token.expires_in_s,
    )
    message.refresh_expires_at.FromDatetime(opened.refresh_expires_at)
    return message
