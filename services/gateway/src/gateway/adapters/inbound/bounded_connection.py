"""One client's connection, with a bound on how long it may keep us waiting.

Uvicorn's own protocol waits for ever for the end of a header or a body, and for a reader that does not read.
"""

import asyncio
import contextlib
import socket
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gateway.adapters.inbound.connections import ENDED, Connections, client_key
from gateway.adapters.inbound.middleware import AVATAR_UPLOADS, UPLOAD_PATHS

# Until a connection that was told why it ends is cut.
_LINGER_S = 2.0
# What the kernel takes over that is not on its way yet: by itself it takes megabytes for a client that does
# not read, and a chat's provider would be read, and paid, as far ahead. What is on its way has no such bound.
_UNSENT_MAX_BYTES = 64 * 1024
_UNSENT_MAX = getattr(socket, "TCP_NOTSENT_LOWAT", None)
# What a reader must take of a whole answer in each span that it has.
_TAKEN_MIN_BYTES = 4 * 1024
_UPLOADS = frozenset(
    [(b"POST", path.encode()) for path in UPLOAD_PATHS]
    + [(method.encode(), path.encode()) for method, path in AVATAR_UPLOADS]
)
_SAID = {
    408: b"HTTP/1.1 408 Request Timeout\r\n",
    431: b"HTTP/1.1 431 Request Header Fields Too Large\r\n",
    503: b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\n",
}


class BoundedConnection(HttpToolsProtocol):
    """One client's connection; ends by itself when the client keeps it waiting for too long."""

    def __init__(self, *, connections: Connections, **uvicorns: Any) -> None:
        super().__init__(**uvicorns)
        self._connections = connections
        self._bounds = connections.bounds
        self._is_admitted = False
        self._awaited = ""
        self._deadline: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._header_bytes = 0
        # The one that is answered; uvicorn's own `cycle` is the last one that came.
        self._in_hand: RequestResponseCycle | None = None
        self.client_key = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Admit or refuse it; its first header is awaited from now on."""
        super().connection_made(transport)
        self._bound_unsent(transport)
        self.client_key = client_key(self.client[0] if self.client else "")
        self._is_admitted = self._connections.admit(self)
        if not self._is_admitted:
            self._refuse(503, bound="open")
            return
        self._await("header", self._bounds.header_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._await("")
        self._unset_stalled()
        if self._is_admitted:
            self._is_admitted = False
            self._connections.forget(self)
        self._tell_gone()
        super().connection_lost(exc)

    def drop(self) -> None:
        """End it at once, to make room for another."""
        self.transport.abort()
        if self._is_admitted:
            self._is_admitted = False
            self._connections.forget(self)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; whatever is not a whole request yet has a deadline."""
        if self.parser is None or self.transport.is_closing():
            return
        super().data_received(data)
        if self.transport.is_closing():
            return
        if not self._awaited and self._is_free():
            # Empty lines before a request are no message, and would have put off uvicorn's own idle timer.
            self._await("header", self._bounds.header_s)
        if self._awaited == "header":
            self._header_bytes += len(data)
            if self._header_bytes > self._bounds.header_bytes_max:
                self._refuse(431, bound="header_bytes")

    def on_message_begin(self) -> None:
        """Await the rest of a header."""
        super().on_message_begin()
        if self._awaited != "header":
            self._await("header", self._bounds.header_s)

    def on_headers_complete(self) -> None:
        """Await a body."""
        self._header_bytes = 0
        self._await("body", self._bounds.upload_s if self._is_upload() else self._bounds.body_s)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Await nothing more: a whole request is there."""
        super().on_message_complete()
        self._await("")

    def on_response_complete(self) -> None:
        """Its answer is written: the client reads it, and may send another request."""
        super().on_response_complete()
        if self._awaited == "body":
            # Whoever was answered before the end, as a stranger is, has no more time than anybody.
            self._await("body", self._bounds.body_s)
        if not self.transport.is_closing() and not self.pipeline:
            self._connections.waits(self)
        self._watch_reader()

    def pause_writing(self) -> None:
        """Watch a client that reads more slowly than we write."""
        super().pause_writing()
        self._unset_stalled()
        self._watch_reader()

    def resume_writing(self) -> None:
        """Watch a client that has caught up from now on."""
        super().resume_writing()
        self._unset_stalled()
        self._watch_reader()

    def _bound_unsent(self, transport: asyncio.Transport) -> None:
        if _UNSENT_MAX is None:
            return
        # Whoever has left already is told of by connection_lost.
        with contextlib.suppress(OSError):
            transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, _UNSENT_MAX, _UNSENT_MAX_BYTES)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._in_hand = cycle
        super()._start_asgi_task(cycle, app)

    def _is_upload(self) -> bool:
        return (self.parser.get_method(), self.url.split(b"?")[0]) in _UPLOADS

    def _is_free(self) -> bool:
        return self._in_hand is None or self._in_hand.response_complete

    def _tell_gone(self) -> None:
        """Whoever handles the request hears that nobody waits for the answer any more."""
        if self._in_hand is not None and not self._in_hand.response_complete:
            self._in_hand.disconnected = True
            self._in_hand.message_event.set()

    def _await(self, what: str, seconds: float = 0.0) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        self._awaited = what
        if what:
            self._deadline = self.loop.call_later(seconds, self._is_too_late)
        if what == "header" and self._is_free():
            self._connections.waits(self)
        else:
            self._connections.works(self)

    def _is_too_late(self) -> None:
        self._refuse(408, bound=self._awaited)

    def _watch_reader(self) -> None:
        if self._stalled is None and self.transport.get_write_buffer_size():
            waits = self.transport.get_write_buffer_size()
            self._stalled = self.loop.call_later(self._bounds.stalled_s, self._is_stalled, waits)

    def _is_stalled(self, waited: int) -> None:
        self._stalled = None
        waits = self.transport.get_write_buffer_size()
        # While an answer goes on, what waits may well be the same at two moments.
        if self.flow.write_paused or (self._is_free() and waits and waited - waits < _TAKEN_MIN_BYTES):
            ENDED.labels("reader").inc()
            self._tell_gone()
            self.transport.abort()
        else:
            self._watch_reader()

    def _unset_stalled(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _refuse(self, status: int, *, bound: str) -> None:
        """End it; with a word when no answer is under way that it would break into."""
        ENDED.labels(bound).inc()
        if self._in_hand is None or self._is_free() or not self._in_hand.response_started:
            self.transport.write(_SAID[status] + b"connection: close\r\ncontent-length: 0\r\n\r\n")
        self._tell_gone()
        self.transport.close()
        self._await("")
        # Whoever does not read even this keeps nothing open.
        self.loop.call_later(_LINGER_S, self.transport.abort)
