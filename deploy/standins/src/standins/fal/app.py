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
from standins.fal.api import Api
from standins.fal.errors import problem
from standins.fal.requests import Queue
from standins.fal.settings import FalSettings


def create_app(settings: FalSettings) -> Starlette:
    """Build the application; what it knows is in memory."""
    chaos, files, postman = parts_of(settings)
    queue = Queue(settings, chaos, files, postman)
    api = Api(queue)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await queue.close()
        await postman.close()

    def kept(work: Work) -> Work:
        return _with_key(work, settings.api_key.get_secret_value())

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/.well-known/jwks.json", api.keys),
            Route("/files/{name}", files.fetch),
            *Control(chaos, postman).routes(),
            Route("/{owner}/{app}/requests/{id}/status", kept(api.status)),
            Route("/{owner}/{app}/requests/{id}/cancel", kept(api.cancel), methods=["PUT"]),
            Route("/{owner}/{app}/requests/{id}", kept(api.result)),
            Route("/{model:path}", kept(api.submit), methods=["POST"]),
        ],
        exception_handlers={404: _unknown, 405: _unknown},
        lifespan=lifespan,
    )


def _with_key(work: Work, key: str) -> Work:
    async def respond(request: Request) -> Response:
        if not has_key(request, key, schemes=("key",)):
            return problem(401)
        return await work(request)

    return respond


async def _unknown(_request: Request, _error: Exception) -> Response:
    return problem(404)
