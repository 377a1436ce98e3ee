"""What holds for every answer, whoever gives it: bounds on bodies, headers, and no bare 500."""

import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import structlog
from prometheus_client import Counter, Histogram
from sse_starlette.sse import SendTimeoutError
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from gateway.adapters.inbound.deps import Web
from gateway.adapters.inbound.problems import record_bug
from gateway.adapters.inbound.refusals import refusal_at
from gateway.domain.errors import InternalFailure, TooLarge, UnsupportedMediaType

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

log = structlog.get_logger(__name__)

_REQUESTS = Counter("http_requests_total", "Requests answered", ["method", "route", "status"])
_SECONDS = Histogram("http_request_seconds", "Time until an answer begins", ["method", "route"])
_LEFT = Counter("http_requests_left_total", "Requests whose client left before the answer ended")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

BODY_MAX_BYTES = 1024 * 1024
WEBHOOK_BODY_MAX_BYTES = 512 * 1024
# Of a file, or of the console's form with all of its files where no script sends them one by one.
UPLOAD_BODY_MAX_BYTES = 64 * 1024 * 1024
UPLOAD_PATHS = ("/v1/uploads", "/generate", "/openai/v1/images/edits")
# Of a person's picture, of 5 MiB at most, with what a form puts around it.
AVATAR_BODY_MAX_BYTES = 5 * 1024 * 1024 + 64 * 1024
AVATAR_UPLOADS = (("PUT", "/v1/me/avatar"), ("POST", "/account/avatar"))
_AVATAR_PATHS = frozenset(path for _, path in AVATAR_UPLOADS)
# Of a chat with its pictures in it; the interactive service takes no more.
CHAT_BODY_MAX_BYTES = 8 * 1024 * 1024
CHAT_PATHS = ("/openai/v1/chat/completions", "/openai/v1/responses")
_TOO_LARGE = "The body may have at most {} bytes."
# Headers that a dependency sets in `request.state` for whatever answer follows, refusals included.
STATE_HEADERS = "extra_headers"


def security_headers(web: Web) -> dict[str, str]:
    """Return the headers of every answer."""
    headers = content_policy(web) | {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    if web.is_https:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return headers


def content_policy(web: Web, *, pictures: str = "", captcha: str = "") -> dict[str, str]:
    """Pages load from here and from the media store, pictures from one more origin, and nothing else."""
    media = f" {web.media_origin}" if web.media_origin else ""
    # Browsers hold a form to it wherever it is redirected.
    forms = "".join(f" {origin}" for origin in sorted({web.checkout_origin, web.portal_origin} - {""}))
    more = f" {pictures}" if pictures else ""
    # The one script of somebody else, on the one page that asks for it.
    scripts = f"script-src 'self' {captcha}; frame-src {captcha}; " if captcha else ""
    return {
        "Content-Security-Policy": (
            f"default-src 'self'; {scripts}img-src 'self' data:{media}{more}; media-src 'self'{media}; "
            f"form-action 'self'{forms}; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
        )
    }


class Edge:
    """The outermost layer: security headers, headers of the request's state, and our own bugs."""

    def __init__(self, app: App, *, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state: dict[str, Any] = scope.setdefault("state", {})
        started, began_at_s = False, time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _record(scope, status=message["status"], took_s=time.perf_counter() - began_at_s)
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in {**self._headers, **state.get(STATE_HEADERS, {})}.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith(("/v1/", "/openai/")):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except (ClientDisconnect, SendTimeoutError):
            # A page that was closed, or a reader that stopped reading: nobody waits for an answer.
            _LEFT.inc()
        except Exception as failure:  # noqa: BLE001 - nothing above answers with a problem
            record_bug(scope["path"], failure)
            response = refusal_at(scope["path"], InternalFailure())
            if not started:
                await response(scope, receive, send_with_headers)


def _record(scope: Scope, *, status: int, took_s: float) -> None:
    # The route and not the path: the number of label values has a bound.
    route = getattr(scope.get("route"), "path", "none")
    method = scope["method"] if scope["method"] in _METHODS else "other"
    _REQUESTS.labels(method, route, status).inc()
    _SECONDS.labels(method, route).observe(took_s)
    log.debug("request", method=method, route=route, status=status, ms=round(took_s * 1000, 2))


class BodyLimit:
    """Refuses bodies that are packed or too large, by what is announced and by what really comes."""

    def __init__(
        self, app: App, *, body_max_bytes: int, webhook_body_max_bytes: int, upload_body_max_bytes: int
    ) -> None:
        self._app = app
        self._upload_body_max_bytes = upload_body_max_bytes
        self._body_max_bytes = body_max_bytes
        self._webhook_body_max_bytes = webhook_body_max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if (encoding := Headers(scope=scope).get("content-encoding", "identity").lower()) != "identity":
            refusal = refusal_at(
                scope["path"],
                UnsupportedMediaType(
                    f"Send the body as it is: {encoding[:40]!r} is not taken apart here.",
                    reason="UNSUPPORTED_CONTENT_ENCODING",
                ),
            )
            refusal.headers["Accept-Encoding"] = "identity"
            await refusal(scope, receive, send)
            return
        limit_bytes = self._limit_bytes(scope["path"])
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdigit() or len(announced) > 18 or int(announced) > limit_bytes:
            refusal = refusal_at(scope["path"], TooLarge(_TOO_LARGE.format(limit_bytes)))
            await refusal(scope, receive, send)
            return
        received_bytes = 0

        async def receive_bounded() -> Message:
            nonlocal received_bytes
            message = await receive()
            if message["type"] == "http.request":
                received_bytes += len(message.get("body", b""))
                if received_bytes > limit_bytes:
                    raise HTTPException(413, _TOO_LARGE.format(limit_bytes))
            return message

        await self._app(scope, receive_bounded, send)

    def _limit_bytes(self, path: str) -> int:
        if path in UPLOAD_PATHS:
            return self._upload_body_max_bytes
        if path in _AVATAR_PATHS:
            return AVATAR_BODY_MAX_BYTES
        if path in CHAT_PATHS:
            return CHAT_BODY_MAX_BYTES
        return self._webhook_body_max_bytes if path.startswith("/webhooks/") else self._body_max_bytes
