"""Domain objects as protobuf messages."""

from chassis.timestamps import to_timestamp
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
    return pb.User(
        user_id=user.user_id,
        email=user.email,
        email_verified=user.email_verified,
        full_name=user.full_name,
        avatar_url=user.avatar_url or "",
        role=_ROLES[user.role],
        welcome=_WELCOMES[user.welcome],
        created_at=to_timestamp(user.created_at),
    )


def session_message(opened: OpenedSession) -> pb.Session:
    """Return the pair of tokens."""
    return pb.Session(
        access_token=opened.access_token.token,
        refresh_token=opened.refresh_token,
        session_id=opened.session_id,
        expires_in_s=opened.access_token.expires_in_s,
        refresh_expires_at=to_timestamp(opened.refresh_expires_at),
    )
