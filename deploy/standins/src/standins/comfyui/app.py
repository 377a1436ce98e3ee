"""Wires the stand-in together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from standins.chaos.control import Control
from standins.chaos.files import Files
from standins.chaos.troubles import Chaos
from standins.chaos.webhooks import Postman
from standins.chaos.wiring import Work, has_key, healthz
from standins.comfyui.api import Api, plain_error
from standins.comfyui.runs import Runs
from standins.comfyui.settings import ComfyUiSettings


def create_app(settings: ComfyUiSettings) -> Starlette:
    """Build the application; what it knows is in memory."""
    chaos = Chaos()
    # Nobody is told of anything; the control calls know of a postman all the same.
    postman = Postman(chaos, retry_delays_s=(), timeout_s=1)
    runs = Runs(settings, chaos, Files(settings.output_ttl_s), postman)
    api = Api(runs)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await runs.sockets.close()
        await runs.close()
        await postman.close()

    def kept(work: Work) -> Work:
        return _with_key(work, settings.api_key)

    async def socket(given: WebSocket) -> None:
        if settings.api_key is None or has_key(given, settings.api_key.get_secret_value()):
            await runs.sockets.serve(given)
        else:
            await given.close()

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/prompt", kept(api.prompt), methods=["POST"]),
            Route("/queue", kept(api.queue)),
            Route("/queue", kept(api.change_queue), methods=["POST"]),
            Route("/interrupt", kept(api.interrupt), methods=["POST"]),
            Route("/history/{prompt_id}", kept(api.history)),
            Route("/history", kept(api.change_history), methods=["POST"]),
            Route("/upload/image", kept(api.upload), methods=["POST"]),
            Route("/view", kept(api.view)),
            WebSocketRoute("/ws", socket),
            Route("/_test/sockets", api.order_sockets, methods=["POST"]),
            *Control(chaos, postman).routes(),
        ],
        lifespan=lifespan,
    )


def _with_key(work: Work, key: SecretStr | None) -> Work:
    async def respond(request: Request) -> Response:
        if key is not None and not has_key(request, key.get_secret_value()):
            return plain_error(401)
        return await work(request)

    return respond
