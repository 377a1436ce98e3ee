"""Messages of identity as our own objects."""

from tintype.identity.v1 import identity_pb2 as pb

from gateway.adapters.outbound.reader import reader
from gateway.domain.user import Role, SignedIn, Tokens, User, Welcome

_ROLES = {pb.ROLE_ADMIN: Role.ADMIN, pb.ROLE_SUPPORT: Role.SUPPORT}
# A release of identity that says nothing welcomes everybody at once.
_WELCOMES = {pb.WELCOME_STATE_PENDING: Welcome.PENDING, pb.WELCOME_STATE_NONE: Welcome.NONE}


def _role(number: pb.Role.ValueType) -> Role:
    return _ROLES.get(number, Role.USER)


def _welcome(number: pb.WelcomeState.ValueType) -> Welcome:
    return _WELCOMES.get(number, Welcome.GIVEN)


user_of = reader(pb.User, User, values={"role": _role, "welcome": _welcome})
_tokens = reader(pb.Session, Tokens)


def signed_in(user: pb.User, session: pb.Session, device_token: str = "") -> SignedIn:
    """Return what every way to sign in answers."""
    return SignedIn(user=user_of(user), device_token=device_token or None, tokens=_tokens(session))
