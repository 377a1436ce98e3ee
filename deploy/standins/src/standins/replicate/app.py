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
from standins.replicate.api import Api
from standins.replicate.errors import problem
from standins.replicate.predictions import Predictions
from standins.replicate.settings import ReplicateSettings


def create_app(settings: ReplicateSettings) -> Starlette:
    """Build the application; what it knows is in memory."""
    chaos, files, postman = parts_of(settings)
    predictions = Predictions(settings, chaos, files, postman)
    api = Api(predictions)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await predictions.close()
        await postman.close()

    def kept(work: Work) -> Work:
        return _with_key(work, settings.api_key.get_secret_value())

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/v1/account", kept(api.account)),
            Route("/v1/models/{owner}/{name}", kept(api.model)),
            Route("/v1/models/{owner}/{name}/predictions", kept(api.create_for_model), methods=["POST"]),
            Route("/v1/predictions", kept(api.create), methods=["POST"]),
            Route("/v1/predictions", kept(api.list)),
            Route("/v1/predictions/{id}", kept(api.get)),
            Route("/v1/predictions/{id}/cancel", kept(api.cancel), methods=["POST"]),
            Route("/v1/webhooks/default/secret", kept(api.webhook_secret)),
            Route("/files/{name}", files.fetch),
            *Control(chaos, postman).routes(),
        ],
        exception_handlers={404: _unknown, 405: _unknown},
        lifespan=lifespan,
    )


def _with_key(work: Work, key: str) -> Work:
    async def respond(request: Request) -> Response:
        if not has_key(request, key, schemes=("bearer", "token")):
            return problem(401)
        return await work(request)

    return respond


async def _unknown(_request: Request, _error: Exception) -> Response:
    return problem(404)
