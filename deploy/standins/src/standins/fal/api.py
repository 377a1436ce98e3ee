"""The calls of fal's queue."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from standins.chaos.answers import lose, misbehave
from standins.chaos.troubles import ANSWERS, Trouble
from standins.fal.errors import problem
from standins.fal.models import MODELS, app_of
from standins.fal.requests import COMPLETED, IN_QUEUE, Queue, QueuedRequest
from standins.fal.signing import key_set

BODY_BYTES_MAX = 30_000_000


class Api:
    """One method a call."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue

    async def keys(self, _request: Request) -> Response:
        """Return what webhooks are verified by."""
        return JSONResponse(key_set(self.queue.key))

    async def submit(self, request: Request) -> Response:
        """Take a request; whether its input is any good, its result will say."""
        path = request.path_params["model"]
        model = MODELS.get(path)
        if model is None:
            return JSONResponse({"detail": f"Path /{path} not found"}, 404)
        try:
            given: Any = json.loads((await request.body())[:BODY_BYTES_MAX])
        except ValueError:
            given = None
        if not isinstance(given, dict):
            return JSONResponse({"detail": "Invalid JSON in the body"}, 400)
        trouble = self.queue.chaos.of_submit(str(given.get("prompt", "")))
        if trouble in ANSWERS:
            return await misbehave(trouble, problem)
        webhook = request.query_params.get("fal_webhook")
        made = QueuedRequest(app_of(path), model, given, str(request.base_url), trouble, webhook)
        if trouble is Trouble.LOST:
            return await lose(self.queue.start(made))
        await self.queue.start(made)
        answer = {"status": IN_QUEUE, "request_id": made.request_id, "gateway_request_id": made.request_id}
        return JSONResponse({**answer, **made.urls, "queue_position": 0})

    async def status(self, request: Request) -> Response:
        """Return how a request stands: 202 until it is over."""
        if trouble := self.queue.chaos.of_poll():
            return await misbehave(trouble, problem)
        if (made := self._found(request)) is None:
            return problem(404)
        with_logs = request.query_params.get("logs") in ("1", "true")
        return JSONResponse(made.document(with_logs=with_logs), 200 if made.status == COMPLETED else 202)

    async def result(self, request: Request) -> Response:
        """Return what a request made, or how it failed."""
        if (made := self._found(request)) is None:
            return problem(404)
        if made.status != COMPLETED:
            return JSONResponse({"detail": "Request is still in progress"}, 400)
        return made.error.answer() if made.error else JSONResponse(made.result())

    async def cancel(self, request: Request) -> Response:
        """Stop a request."""
        if (made := self._found(request)) is None:
            return JSONResponse({"status": "NOT_FOUND"}, 404)
        if self.queue.cancel(made):
            return JSONResponse({"status": "CANCELLATION_REQUESTED"}, 202)
        return JSONResponse({"status": "ALREADY_COMPLETED"}, 400)

    def _found(self, request: Request) -> QueuedRequest | None:
        made = self.queue.kept.get(request.path_params["id"])
        app = f"{request.path_params['owner']}/{request.path_params['app']}"
        return made if made is not None and made.app == app else None
