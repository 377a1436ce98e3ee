"""Wires the stand-in together."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from standins.openai.answering import Log, answering
from standins.openai.chat import Chat
from standins.openai.errors import OpenAIError
from standins.openai.images import Images
from standins.openai.markers import Obedience
from standins.openai.models import Models
from standins.openai.settings import OpenAISettings


def create_app(settings: OpenAISettings) -> Starlette:
    """Build the application; it keeps nothing but counts and a log of the last requests."""
    key = settings.api_key.get_secret_value()
    obedience = Obedience()
    models = Models(settings)
    log = Log()

    async def requests(_request: Request) -> Response:
        return JSONResponse({"data": list(log.requests)})

    return Starlette(
        routes=[
            Route("/healthz", _healthz),
            Route("/v1/models", answering(models.list, key)),
            Route("/v1/models/{id}", answering(models.retrieve, key)),
            Route(
                "/v1/images/generations",
                answering(Images(settings, obedience).generate, key, log),
                methods=["POST"],
            ),
            Route(
                "/v1/chat/completions",
                answering(Chat(settings, obedience).complete, key, log),
                methods=["POST"],
            ),
            Route("/_test/requests", answering(requests, key)),
        ],
        exception_handlers={404: _unknown, 405: _unknown},
    )


async def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _unknown(request: Request, _error: Exception) -> Response:
    return OpenAIError(f"Invalid URL ({request.method} {request.url.path})", status=404).response({})
