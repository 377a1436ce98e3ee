"""Who acts for others: whoever has a role, and from where."""

from typing import Annotated

from fastapi import Depends, Request

from gateway.adapters.inbound.auth import CurrentPrincipal
from gateway.adapters.inbound.client import client_address
from gateway.domain.administration import Actor
from gateway.domain.errors import Forbidden
from gateway.domain.user import Role


async def current_staff(request: Request, principal: CurrentPrincipal) -> Actor:
    """Whom the request speaks for. Raises Forbidden for anybody without a role."""
    if principal.role not in (Role.SUPPORT, Role.ADMIN):
        raise Forbidden("Only people with a role may do that.", reason="NOT_STAFF")
    return Actor(
        user_id=principal.user_id,
        role=principal.role,
        session_id=principal.session_id,
        client_address=client_address(request),
    )


async def current_admin(request: Request, principal: CurrentPrincipal) -> Actor:
    """Whom the request speaks for. Raises Forbidden for anybody who is no administrator."""
    if principal.role is not Role.ADMIN:
        raise Forbidden("Only an administrator may do that.", reason="NOT_AN_ADMIN")
    return await current_staff(request, principal)


CurrentStaff = Annotated[Actor, Depends(current_staff)]
CurrentAdmin = Annotated[Actor, Depends(current_admin)]
