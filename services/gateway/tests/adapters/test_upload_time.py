"""A file may take longer to come than another body; nobody else may."""

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
BODY_S = 0.5


async def reads_or_not(scope: Any, receive: Any, send: Any) -> None:
    """Read a body to its end and answer; somebody else's is answered unread."""
    if scope["query_string"] != b"stranger":
        while (await receive()).get("more_body"):
            pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A server whose bodies have half a second, and files half a minute."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
    bounds = ConnectionBounds(body_s=BODY_S, upload_s=30)
    protocol = partial(BoundedConnection, connections=Connections(bounds))
    serving = asyncio.create_task(
        serve_http(reads_or_not, host="127.0.0.1", port=number, grace_s=1, protocol=protocol)
    )
    yield number
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


async def told(port: int, request: str, *, drips: int) -> bytes:
    """What a client is told that sends a body of this many bytes, a tenth of a second apart."""
    async with asyncio.timeout(10):
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                break
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)
        writer.write(f"{request} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n".encode())
        if drips:
            for _ in range(drips):
                await asyncio.sleep(0.1)
                writer.write(b"x")
            writer.write(b"x" * (1000 - drips))
        answer = await reader.readuntil(b"\r\n\r\n") if drips else await reader.read()
        writer.close()
        return answer


@pytest.mark.parametrize("path", ["/v1/uploads", "/v1/uploads?x", "/generate", "/account/avatar"])
async def test_a_file_has_more_time(port: int, path: str) -> None:
    """It comes for three times as long as another body may."""
    assert b" 200 " in await told(port, f"POST {path}", drips=int(BODY_S * 30))


@pytest.mark.parametrize(
    "request_line", ["POST /v1/generations", "PUT /v1/uploads", "POST /v1/uploads/x", "PUT /account/avatar"]
)
async def test_another_body_has_not(port: int, request_line: str) -> None:
    """Whatever its address begins with."""
    assert b" 408 " in await told(port, request_line, drips=0)


async def test_who_is_answered_unread_has_not(port: int) -> None:
    """A stranger's connection ends as any: it is answered, and not kept for as long as a file may take."""
    answer = await told(port, "POST /v1/uploads?stranger", drips=0)
    assert answer.startswith(b"HTTP/1.1 200 ")
