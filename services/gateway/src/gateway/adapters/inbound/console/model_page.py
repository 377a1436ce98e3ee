"""`/models/{provider}/{name}`: what a model is, what it costs, who runs it, and how it fared of late."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps, CurrentSession
from gateway.adapters.inbound.console.page import HtmlRoute, show
from gateway.adapters.inbound.limited import per_address
from gateway.adapters.inbound.rest.parameters import model_id
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=HtmlRoute)


@router.get("/models/{provider}/{name}", dependencies=[per_address(Limit.READS)])
async def model_page(
    request: Request, deps: CurrentDeps, session: CurrentSession, provider: str, name: str
) -> Response:
    """Show one model; needs no account."""
    account_id = session.user_id if session else None
    model = await deps.generations.model(model_id(provider, name), account_id)
    known = {each.provider: each.runs for each in model.last_day.providers}
    return await show(
        request,
        "model.html",
        session=session,
        model=model,
        providers=[(name, known.get(name)) for name in model.providers],
    )
