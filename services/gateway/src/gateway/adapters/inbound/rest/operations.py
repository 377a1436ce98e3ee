"""Health; metrics are on a listener of their own, which is not public."""

from chassis.health import alive_response, ready_response
from fastapi import APIRouter
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.placed_route import PlacedRoute

router = APIRouter(include_in_schema=False, route_class=PlacedRoute)


@router.get("/healthz")
async def healthz(deps: CurrentDeps) -> Response:
    """Whether the process lives, and can go on without being started anew."""
    return await alive_response(deps.alive)


@router.get("/readyz")
async def readyz(deps: CurrentDeps) -> Response:
    """Whether what the gateway itself needs answers."""
    return await ready_response(deps.checks)
