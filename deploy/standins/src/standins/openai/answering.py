"""What every endpoint does around its own work: key, JSON body, headers, errors, broken answers."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from standins.openai.errors import OpenAIError, from_validation

# Pictures come in, several at once.
BODY_BYTES_MAX = 100 * 1024 * 1024
REQUESTS_KEPT = 200

Work = Callable[[Request], Awaitable[Response]]
M = TypeVar("M", bound=BaseModel)


@dataclass
class Log:
    """The last requests, so that a test can see what was really sent."""

    requests: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=REQUESTS_KEPT))

    def note(self, request: Request, status: int, body: bytes) -> None:
        """Keep one request, newest first."""
        try:
            sent = json.loads(body) if body else None
        except ValueError:
            sent = None
        self.requests.appendleft({"path": request.url.path, "status": status, "body": sent})


def answering(work: Work, key: str, log: Log | None = None) -> Work:
    """Wrap an endpoint's work in the checks and headers that all share."""

    async def respond(request: Request) -> Response:
        headers = {"x-request-id": f"req_{secrets.token_hex(16)}", "openai-version": "2020-10-01"}
        try:
            _authenticate(request, key)
            await _read(request)
            response = await work(request)
            response.headers.update(headers)
        except OpenAIError as error:
            response = error.response(headers)
        if log is not None:
            log.note(request, response.status_code, getattr(request.state, "body", b""))
        return response

    return respond


def parsed(request: Request, model: type[M]) -> M:
    """Return the JSON body as the endpoint's parameters."""
    try:
        return model.model_validate_json(request.state.body)
    except ValidationError as error:
        raise from_validation(error) from None


async def _read(request: Request) -> None:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise OpenAIError("Request too large.", status=413)
    request.state.body = bytes(body)


def _authenticate(request: Request, key: str) -> None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not given:
        message = (
            "You didn't provide an API key. You need to provide your API key in an Authorization header "
            "using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
        )
        raise OpenAIError(message, status=401)
    if not secrets.compare_digest(given.encode(), key.encode()):
        masked = f"{given[:3]}***{given[-4:]}" if len(given) > 10 else "***"
        raise OpenAIError(f"Incorrect API key provided: {masked}.", status=401, code="invalid_api_key")


class CutResponse(Response):
    """Sends a part of the answer, then drops the connection without an end."""

    def __init__(self, part: bytes, media_type: str) -> None:
        super().__init__(media_type=media_type)
        self.part = part
        # Promise more than is sent: the client must notice that the answer is not whole.
        self.headers["content-length"] = str(len(part) + 1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.part, "more_body": True})


class EventStream(Response):
    """Server-sent events; with `cut` the connection drops instead of ending after them."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[bytes], *, cut: bool) -> None:
        super().__init__(media_type=self.media_type)
        self.events = events
        self.cut = cut
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.create_task(self._send(send))
        leaving = asyncio.create_task(_client_left(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            # A stream that nobody reads any more may have no end of its own.
            sending.cancel()
            leaving.cancel()

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async for event in self.events:
            await send({"type": "http.response.body", "body": event, "more_body": True})
        if not self.cut:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _client_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def event(payload: Mapping[str, Any], name: str | None = None) -> bytes:
    """One server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(payload)}\n\n".encode()


def json_answer(payload: Mapping[str, Any], *, cut: bool) -> Response:
    """Return a JSON answer, or its first half."""
    if not cut:
        return JSONResponse(dict(payload))
    whole = json.dumps(payload).encode()
    return CutResponse(whole[: len(whole) // 2], "application/json")
