"""Wires the stand-in together."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from standins.babysea.content import Content
from standins.babysea.envelope import BabySeaError, Window, not_found, problem
from standins.babysea.generations import Generations
from standins.babysea.library import Library
from standins.babysea.settings import BabySeaSettings
from standins.babysea.submitting import Submitting
from standins.chaos.control import Control
from standins.chaos.wiring import Work, has_key, healthz, parts_of


def create_app(settings: BabySeaSettings) -> Starlette:
    """Build the application; what it knows is in memory."""
    chaos, files, postman = parts_of(settings)
    generations = Generations(settings, chaos, files, postman)
    submitting, content, library = Submitting(generations), Content(generations), Library(generations)
    answering = _answering(settings.api_key.get_secret_value(), Window(settings.rate_limit))

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await generations.close()
        await postman.close()

    def post(path: str, work: Work) -> Route:
        return Route(path, answering(work), methods=["POST"])

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/v1/status", answering(library.status)),
            Route("/v1/library/models", answering(library.models)),
            Route("/v1/estimate/{model:path}", answering(library.estimate)),
            post("/v1/generate/image/{model:path}", submitting.image),
            post("/v1/generate/video/{model:path}", submitting.video),
            Route("/v1/content/list", answering(content.list)),
            post("/v1/content/generation/cancel/{id}", content.cancel),
            Route("/v1/content/{id}", answering(content.get), methods=["GET"]),
            Route("/v1/content/{id}", answering(content.delete), methods=["DELETE"]),
            Route("/files/{name}", files.fetch),
            Route("/_test/endpoint", library.endpoint, methods=["POST"]),
            *Control(chaos, postman).routes(),
        ],
        exception_handlers={404: _unknown, 405: _unknown},
        lifespan=lifespan,
    )


def _answering(key: str, window: Window) -> Callable[[Work], Work]:
    """Wrap a call in what all share: the key, the requests of the minute, errors, headers."""

    def wrapped(work: Work) -> Work:
        async def respond(request: Request) -> Response:
            if not has_key(request, key):
                return problem(401)
            headers = window.take(time.time())
            if window.taken > window.limit:
                # The window says when it begins anew; not every plan's limits add a Retry-After.
                answer = problem(429)
            else:
                try:
                    answer = await work(request)
                except BabySeaError as error:
                    answer = error.response()
            answer.headers.update(headers)
            return answer

        return respond

    return wrapped


async def _unknown(_request: Request, _error: Exception) -> Response:
    return not_found("Route").response()
