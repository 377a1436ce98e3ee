"""Who acts, as the contracts say it."""

from tintype.identity.v1 import identity_pb2 as pb
from tintype.identity.v1.principal_pb2 import Principal

from gateway.domain.administration import Actor
from gateway.domain.user import Role

ROLES = {Role.USER: pb.ROLE_USER, Role.SUPPORT: pb.ROLE_SUPPORT, Role.ADMIN: pb.ROLE_ADMIN}


def principal(actor: Actor) -> Principal:
    """Return the actor's message."""
    return Principal(
        actor_id=actor.user_id,
        role=ROLES[actor.role],
        session_id=actor.session_id or "",
        client_address=actor.client_address,
    )
