"""A TCP proxy on loopback whose connection can be cut or stalled, as a network's can.

It runs in a thread of its own, so that a test that blocks does not hold what passes through it.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine, Iterator
from enum import StrEnum
from typing import Any, Self

PIECE_BYTES = 64 * 1024
START_TIMEOUT_S = 5.0
# Closing with it sends a reset, as a host that went away does, in place of an orderly end.
_RESET = struct.pack("ii", 1, 0)


class Link(StrEnum):
    """How the connection is at the moment."""

    UP = "up"
    # Open connections are reset, new ones too.
    CUT = "cut"
    # Nothing passes, nothing is refused: a cable that was pulled.
    STALLED = "stalled"


class TcpProxy:
    """Listens on `port` and passes everything to `target_port`, while its link is up."""

    def __init__(self, target_port: int, *, port: int = 0, host: str = "127.0.0.1") -> None:
        self._target = (host, target_port)
        self._listener = socket.create_server((host, port))
        self.port: int = self._listener.getsockname()[1]
        self.accepted = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy-{self.port}", daemon=True)
        self._passing = asyncio.Event()
        self._link = Link.UP
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def address(self) -> str:
        """Host and port to connect to."""
        return f"{self._target[0]}:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._start())
        return self

    def __exit__(self, *_error: object) -> None:
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_TIMEOUT_S)
        self._loop.close()

    def set(self, link: Link) -> None:
        """Change the link; returns once it is so."""
        self._call(self._set(link))

    @contextlib.contextmanager
    def broken(self, link: Link = Link.CUT) -> Iterator[None]:
        """Break the link while the block runs; it is up again afterwards."""
        self.set(link)
        try:
            yield
        finally:
            self.set(Link.UP)

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(START_TIMEOUT_S)

    async def _start(self) -> None:
        self._passing.set()
        self._server = await asyncio.start_server(self._accept, sock=self._listener)

    async def _stop(self) -> None:
        self._server.close()
        self._reset_all()
        self._passing.set()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _set(self, link: Link) -> None:
        self._link = link
        if link is Link.CUT:
            self._reset_all()
        if link is Link.STALLED:
            self._passing.clear()
        else:
            self._passing.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self._writers.add(writer)
        try:
            await self._passing.wait()
            if self._link is Link.CUT:
                _reset(writer)
                return
            there, back = await asyncio.open_connection(*self._target)
            self._writers.add(back)
            # A side that fails closes the other's end too: both pipes come to an end.
            await asyncio.gather(self._pipe(reader, back), self._pipe(there, writer))
            self._writers.discard(back)
        except OSError:
            # Nobody is there: the caller sees its connection closed.
            _reset(writer)
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _pipe(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await source.read(PIECE_BYTES):
                await self._passing.wait()
                sink.write(piece)
                await sink.drain()
            if sink.can_write_eof():
                sink.write_eof()
            return
        sink.close()

    def _reset_all(self) -> None:
        for writer in self._writers:
            _reset(writer)
        self._writers.clear()


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() != -1:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
