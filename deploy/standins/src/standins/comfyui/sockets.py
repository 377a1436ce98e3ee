"""WebSockets, one a client's id: whoever comes with an id that is in use takes its place."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

POLICY = 1008


class Sockets:
    """Tells clients of their runs; `open` is what a test orders."""

    def __init__(self) -> None:
        self._kept: dict[str, WebSocket] = {}
        self.open = True

    async def serve(self, socket: WebSocket) -> None:
        """Keep one until it goes."""
        if not self.open:
            await socket.close(POLICY)
            return
        sid = socket.query_params.get("clientId") or uuid.uuid4().hex
        await socket.accept()
        self._kept[sid] = socket
        status = {"exec_info": {"queue_remaining": 0}}
        await self.tell(sid, "status", {"status": status, "sid": sid})
        with suppress(WebSocketDisconnect, RuntimeError):
            while True:
                await socket.receive()
        if self._kept.get(sid) is socket:
            del self._kept[sid]

    async def tell(self, sid: str, kind: str, data: dict[str, Any]) -> None:
        """Send a message to whoever goes by an id, if anybody does."""
        if (socket := self._kept.get(sid)) is not None:
            with suppress(WebSocketDisconnect, RuntimeError):
                await socket.send_json({"type": kind, "data": data})

    async def show(self, sid: str, picture: bytes) -> None:
        """Send a preview: which event it is, which format, the picture."""
        if (socket := self._kept.get(sid)) is not None:
            with suppress(WebSocketDisconnect, RuntimeError):
                await socket.send_bytes((1).to_bytes(4, "big") + (1).to_bytes(4, "big") + picture)

    async def close(self) -> None:
        """Close all of them."""
        for socket in list(self._kept.values()):
            with suppress(WebSocketDisconnect, RuntimeError):
                await socket.close()
        self._kept.clear()
