"""HEAD wherever there is GET: the same answer without its body."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from anyio import CancelScope
from starlette.datastructures import MutableHeaders

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class HeadAsGet:
    """Lets the app answer a GET, sends the answer's head, and stops what would make the body.

    So a statement is not read and an event stream not followed for a body that nobody gets.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, _told_about_head(send))
            return
        as_get = {**scope, "method": "GET"}
        enough = CancelScope()

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                # The layers above record the route, which the router writes into its own scope.
                scope["route"] = as_get.get("route")
                await send(message)
            elif message["type"] == "http.response.body":
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                enough.cancel()

        with enough:
            await self._app(as_get, receive, _told_about_head(send_head))


def _told_about_head(send: Send) -> Send:
    async def send_allow(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 405:
            headers = MutableHeaders(raw=message.setdefault("headers", []))
            allowed = {method.strip() for method in headers.get("allow", "").split(",")}
            if "GET" in allowed:
                headers["allow"] = ", ".join(sorted(allowed | {"HEAD"}))
        await send(message)

    return send_allow
