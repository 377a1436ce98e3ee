"""Wires the stand-in together."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from standins.openai.answering import Log, answering
from standins.openai.chat import Chat
from standins.openai.control import Control
from standins.openai.edits import Edits
from standins.openai.errors import OpenAIError
from standins.openai.image_answers import Files
from standins.openai.images import Images
from standins.openai.models import Models
from standins.openai.moderations import Moderations
from standins.openai.obedience import Obedience
from standins.openai.settings import OpenAISettings
from standins.openai.speech import Speech


def create_app(settings: OpenAISettings) -> Starlette:
    """Build the application; it keeps counts, the last requests and the last files, all in memory."""
    key = settings.api_key.get_secret_value()
    obedience = Obedience()
    models = Models(settings)
    log = Log()
    files = Files()
    images = Images(settings, obedience, files)
    control = Control(obedience, log)
    return Starlette(
        routes=[
            Route("/healthz", _healthz),
            Route("/v1/models", answering(models.list, key)),
            Route("/v1/models/{id}", answering(models.retrieve, key)),
            Route("/v1/images/generations", answering(images.generate, key, log), methods=["POST"]),
            Route("/v1/images/edits", answering(Edits(images).edit, key, log), methods=["POST"]),
            Route(
                "/v1/chat/completions",
                answering(Chat(settings, obedience).complete, key, log),
                methods=["POST"],
            ),
            Route("/v1/moderations", answering(Moderations().create, key, log), methods=["POST"]),
            Route(
                "/v1/audio/speech",
                answering(Speech(settings, obedience).create, key, log),
                methods=["POST"],
            ),
            Route("/files/{hash}/{name}", files.fetch),
            Route("/_test/requests", answering(control.requests, key)),
            Route("/_test/calls", answering(control.calls, key)),
            Route("/_test/trouble", answering(control.trouble, key), methods=["POST"]),
        ],
        exception_handlers={404: _unknown, 405: _unknown},
    )


async def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _unknown(request: Request, _error: Exception) -> Response:
    return OpenAIError(f"Invalid URL ({request.method} {request.url.path})", status=404).response({})
