"""What became of a checkout, for whoever comes back from its page."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.console.page import HtmlRoute, Session, fragment
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.parameters import checkout_id
from gateway.domain.console_session import ConsoleSession
from gateway.domain.errors import NotFound
from gateway.domain.purchase import Checkout
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=HtmlRoute)


@router.get("/console/checkout/{checkout}", dependencies=[per_user(Limit.READS)])
async def checkout(request: Request, checkout: str, deps: CurrentDeps, session: Session) -> Response:
    """Show what became of it: a fragment that asks again until it is known."""
    found = await deps.billing.checkout(session.user_id, checkout_id(checkout))
    return fragment(request, "checkout.html", checkout=found)


async def returned_from(checkout: str | None, deps: Deps, session: ConsoleSession) -> Checkout | None:
    """Return the checkout that an address names; None for one that is not this person's."""
    if checkout is None:
        return None
    try:
        return await deps.billing.checkout(session.user_id, checkout_id(checkout))
    except NotFound:
        return None
