"""A request goes on in its caller's trace, or begins one, where nobody is sent spans."""

from chassis.telemetry import join_trace
from starlette.types import ASGIApp, Receive, Scope, Send

_NAMES = (b"traceparent", b"tracestate")


class JoinedTrace:
    """Passes the ids on, for logs, facts, calls and what a refusal shows."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer in the trace; the server makes a task of each request, which its trace ends with."""
        if scope["type"] == "http":
            join_trace(
                {name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in _NAMES}
            )
        await self._app(scope, receive, send)
