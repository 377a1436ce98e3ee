"""Models on offer and their prices."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.limited import per_address, per_user
from gateway.adapters.inbound.rest import render
from gateway.adapters.inbound.rest.bodies import Body
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.parameters import model_id
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1", tags=["models"], route_class=JsonRoute)

ModelName = Annotated[str, Field(min_length=1, max_length=129)]


class QuoteBody(Body):
    """What to price."""

    model: ModelName
    input: dict[str, Any]


@router.get("/models", dependencies=[per_address(Limit.READS)])
async def list_models(deps: CurrentDeps) -> render.Json:
    """List the models; needs no token."""
    return render.whole_list(await deps.generations.models(), render.model)


@router.get("/models/{provider}/{name}", dependencies=[per_address(Limit.READS)])
async def read_model(provider: str, name: str, deps: CurrentDeps) -> render.Json:
    """Read one model; needs no token."""
    return render.model(await deps.generations.model(model_id(provider, name)))


@router.post("/quotes", dependencies=[per_user(Limit.QUOTES)])
async def create_quote(body: QuoteBody, principal: CurrentPrincipal, deps: CurrentDeps) -> render.Json:
    """Price an input; the quote is signed and holds for this exact input."""
    return render.quote(await deps.generations.quote(principal.user_id, model_id=body.model, job=body.input))
