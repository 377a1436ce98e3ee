"""Whoever does not read an answer is not written megabytes ahead."""

import asyncio
import socket
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
from chassis.health import serve_http
from gateway.adapters.inbound.bounded_connection import BoundedConnection
from gateway.adapters.inbound.connections import ConnectionBounds, Connections

pytestmark = [pytest.mark.server, pytest.mark.real_time]
PIECE = b"x" * 1024
ENOUGH_BYTES = 16 * 1024 * 1024
CLIENT_KEEPS_BYTES = 4 * 1024


class Endless:
    """Answers for as long as anybody takes it."""

    def __init__(self) -> None:
        self.written_bytes = 0

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        """Write piece by piece."""
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while self.written_bytes < ENOUGH_BYTES:
            await send({"type": "http.response.body", "body": PIECE, "more_body": True})
            self.written_bytes += len(PIECE)
            # As a chat's words come: whoever waits for the kernel alone is told in between.
            await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
async def served() -> AsyncIterator[tuple[Endless, int]]:
    """The answer, and the port at which it is given."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    app = Endless()
    protocol = partial(BoundedConnection, connections=Connections(ConnectionBounds()))
    serving = asyncio.create_task(serve_http(app, host="127.0.0.1", port=port, grace_s=1, protocol=protocol))
    yield app, port
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


async def asked(port: int) -> socket.socket:
    """A connection of a client that keeps little, over which an answer was asked for."""
    loop = asyncio.get_running_loop()
    while True:
        client = socket.socket()
        client.setblocking(False)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, CLIENT_KEEPS_BYTES)
        try:
            await loop.sock_connect(client, ("127.0.0.1", port))
        except ConnectionRefusedError:
            client.close()
            await asyncio.sleep(0.05)
        else:
            await loop.sock_sendall(client, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            return client


async def test_little_is_written_ahead(served: tuple[Endless, int]) -> None:
    """It stops after some hundred kilobytes, and goes on to the end once it is read."""
    app, port = served
    async with asyncio.timeout(60):
        client = await asked(port)
        before = -1
        while before < (before := app.written_bytes) or not before:
            # There is nothing to be told of: the answer goes on, or it does not.
            await asyncio.sleep(0.3)
        assert before <= 512 * 1024
        loop, heard = asyncio.get_running_loop(), 0
        while heard < ENOUGH_BYTES:
            heard += len(await loop.sock_recv(client, 256 * 1024))
        client.close()
