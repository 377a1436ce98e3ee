"""Domain objects as protobuf messages."""

from collections.abc import Mapping

from chassis.timestamps import set_moment, to_timestamp
from tintype.identity.v1 import identity_pb2 as pb

from identity.application.open_session import OpenedSession
from identity.domain.user import Role, User
from identity.domain.welcome import Welcome

_ROLES = {Role.USER: pb.ROLE_USER, Role.SUPPORT: pb.ROLE_SUPPORT, Role.ADMIN: pb.ROLE_ADMIN}

ROLES_BY_NUMBER: Mapping[int, Role] = {number: role for role, number in _ROLES.items()}

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
        avatar_version=user.avatar_version or "",
        role=role_message(user.role),
        welcome=_WELCOMES[user.welcome],
        created_at=to_timestamp(user.created_at),
    )
    if user.erased_from is not None:
        set_moment(message, "erased_from", user.erased_from)
    return message


def role_message(role: Role) -> pb.Role.ValueType:
    """Return what a user may do."""
    return _ROLES[role]


def session_message(opened: OpenedSession) -> pb.Session:
    """Return the pair of tokens."""
    return pb.Session(
        access_token=opened.access_token.token,
        refresh_token=opened.refresh_token,
        session_id=opened.session_id,
        expires_in_s=opened.access_token.expires_in_s,
        refresh_expires_at=to_timestamp(opened.refresh_expires_at),
    )
