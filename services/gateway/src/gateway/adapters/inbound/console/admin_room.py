"""Who may enter `/admin`, and what its pages share."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Query, Request

from gateway.adapters.inbound.client import client_address
from gateway.adapters.inbound.console.languages import gettext_noop
from gateway.adapters.inbound.console.page import Session
from gateway.domain.administration import Action, Actor
from gateway.domain.errors import Forbidden, NotFound
from gateway.domain.user import Role

PAGE_SIZE = 50
ACTIONS: Mapping[str, str] = {
    Action.USER_CREATED: gettext_noop("account created"),
    Action.USER_DISABLED: gettext_noop("account closed"),
    Action.USER_ENABLED: gettext_noop("account opened again"),
    Action.USER_ERASED: gettext_noop("account deleted"),
    Action.ROLE_CHANGED: gettext_noop("role changed"),
    Action.CREDITS_ADJUSTED: gettext_noop("credits corrected"),
    Action.PURCHASE_REFUNDED: gettext_noop("purchase refunded"),
    Action.DEAD_LETTER_REPLAYED: gettext_noop("event applied again"),
    Action.PERSON_READ: gettext_noop("account looked at"),
}
ROLES: Mapping[Role, str] = {
    Role.USER: gettext_noop("user"),
    Role.SUPPORT: gettext_noop("support"),
    Role.ADMIN: gettext_noop("administrator"),
}
Word = Annotated[str, Query(max_length=320)]
Cursor = Annotated[str | None, Query(max_length=500)]


async def require_room(request: Request, session: Session) -> Actor:
    """Return who acts. To people without a role there is nothing here."""
    if session.role not in (Role.SUPPORT, Role.ADMIN):
        raise NotFound(gettext_noop("There is nothing at this address."))
    return Actor(
        user_id=session.user_id,
        role=session.role,
        session_id=session.principal().session_id,
        client_address=client_address(request),
    )


async def require_admin(actor: Annotated[Actor, Depends(require_room)]) -> Actor:
    """Return who acts. Raises Forbidden for support, which changes nothing."""
    if actor.role is not Role.ADMIN:
        raise Forbidden(gettext_noop("Only an administrator may do that."), reason="NOT_AN_ADMIN")
    return actor


Staff = Annotated[Actor, Depends(require_room)]
Admin = Annotated[Actor, Depends(require_admin)]


def address(path: str, **told: str | None) -> str | None:
    """Return an address with what is said; None where there is no further part."""
    if "cursor" in told and told["cursor"] is None:
        return None
    query = urlencode({name: value for name, value in told.items() if value})
    return f"{path}?{query}" if query else path
