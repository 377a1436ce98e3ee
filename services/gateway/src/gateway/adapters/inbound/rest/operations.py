"""Health and metrics."""

from chassis.health import failed_checks, metrics_response
from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from gateway.adapters.inbound.auth import CurrentDeps

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def healthz() -> Response:
    """Whether the process lives."""
    return PlainTextResponse("ok")


@router.get("/readyz")
async def readyz(deps: CurrentDeps) -> Response:
    """Whether what the gateway itself needs answers."""
    failed = await failed_checks(deps.checks)
    return JSONResponse({"ready": not failed, "failed": failed}, status_code=503 if failed else 200)


@router.get("/metrics")
async def metrics() -> Response:
    """Metrics in Prometheus' text format."""
    return metrics_response()
