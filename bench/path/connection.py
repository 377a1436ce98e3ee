"""One caller's connection, as cheap as Python allows: callers share the machine with what they measure."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from typing import Any, Self
from urllib.parse import urlsplit

import httptools

READ_BYTES = 64 * 1024
# Of one who crawls: what the system keeps for him, and what is read ahead of him here.
CRAWLER_BYTES = 4 * 1024


class Connection:
    """Speaks HTTP/1.1 over one socket that is kept; no more than `read_ahead_bytes` is read ahead."""

    def __init__(self, url: str, key: str, *, read_ahead_bytes: int = READ_BYTES) -> None:
        address = urlsplit(url)
        self._host, self._port = str(address.hostname), int(address.port or 80)
        self._head = (
            f"Host: {address.netloc}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        )
        self._read_ahead_bytes = read_ahead_bytes
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.headers: dict[str, str] = {}
        self._pieces: list[bytes] = []
        self._is_whole = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Be gone at once, whatever still comes."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None

    async def post(
        self, path: str, document: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[bytes]:
        """Send a document; yield the answer's body as it comes. Raises Refused where it is none of 200."""
        reader, writer = self._streams = self._streams or await self._connected()
        body = json.dumps(document).encode()
        own = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        head = f"POST {path} HTTP/1.1\r\n{self._head}{own}Content-Length: {len(body)}\r\n\r\n"
        self.headers, self._pieces, self._is_whole = {}, [], False
        parser = httptools.HttpResponseParser(self)
        writer.write(head.encode() + body)
        while not self._is_whole:
            if not (received := await reader.read(READ_BYTES)):
                raise ConnectionError("the answer broke off")
            parser.feed_data(received)
            if self._pieces and parser.get_status_code() == 200:
                pieces, self._pieces = self._pieces, []
                yield b"".join(pieces)
        if parser.get_status_code() != 200:
            raise Refused(parser.get_status_code(), b"".join(self._pieces).decode())
        if not parser.should_keep_alive():
            self.close()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        opened = socket.socket()
        opened.setblocking(False)
        if self._read_ahead_bytes < READ_BYTES:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._read_ahead_bytes)
        await asyncio.get_running_loop().sock_connect(opened, (self._host, self._port))
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return await asyncio.open_connection(sock=opened, limit=self._read_ahead_bytes)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Hear the parser."""
        self.headers[name.decode().lower()] = value.decode()

    def on_body(self, piece: bytes) -> None:
        """Hear the parser."""
        self._pieces.append(piece)

    def on_message_complete(self) -> None:
        """Hear the parser."""
        self._is_whole = True


class Refused(RuntimeError):
    """An answer that is none of 200."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"{status}: {said[:300]}")
        self.status = status
