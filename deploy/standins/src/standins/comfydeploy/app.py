"""Wires the stand-in together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from standins.chaos.control import Control
from standins.chaos.wiring import Work, has_key, healthz, parts_of
from standins.comfydeploy.api import Api
from standins.comfydeploy.problems import problem
from standins.comfydeploy.runs import Runs
from standins.comfydeploy.settings import ComfyDeploySettings


def create_app(settings: ComfyDeploySettings) -> Starlette:
    """Build the application; what it knows is in memory."""
    chaos, files, postman = parts_of(settings)
    runs = Runs(settings, chaos, files, postman)
    api = Api(runs)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await runs.close()
        await postman.close()

    def kept(work: Work) -> Work:
        return _with_key(work, settings.api_key.get_secret_value())

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/api/run/deployment/queue", kept(api.queue), methods=["POST"]),
            Route("/api/run/cancel", kept(api.cancel), methods=["POST"]),
            Route("/api/run", kept(api.get)),
            Route("/files/{name}", files.fetch),
            *Control(chaos, postman).routes(),
        ],
        exception_handlers={404: _unknown, 405: _unknown},
        lifespan=lifespan,
    )


def _with_key(work: Work, key: str) -> Work:
    async def respond(request: Request) -> Response:
        if not has_key(request, key):
            return problem(401)
        return await work(request)

    return respond


async def _unknown(_request: Request, _error: Exception) -> Response:
    return problem(404, detail="Not Found")
