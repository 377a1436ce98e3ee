"""Fetching what a provider points at, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.ports.media_intake import OutputUnusable


@asynccontextmanager
async def answering(*answers: bytes) -> AsyncIterator[str]:
    """A server that gives these raw answers, one a connection."""
    left = list(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(left.pop(0))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/file"


def ok(body: bytes, headers: str = "") -> bytes:
    """An answer with this body."""
    return f"HTTP/1.1 200 OK\r\nConnection: close\r\n{headers}\r\n".encode() + body


async def fetched(url: str, *, allow_loopback: bool = True, size_bytes_max: int = 1000) -> bytes:
    """What the client gets."""
    client = GuardedClient(allow_loopback=allow_loopback, size_bytes_max=size_bytes_max)
    try:
        return b"".join([piece async for piece in client.output(url).stream()])
    finally:
        await client.close()


async def test_a_file_is_fetched() -> None:
    """Loopback over http works where the setting allows it."""
    async with answering(ok(b"pixels")) as url:
        assert await fetched(url) == b"pixels"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/a.png",
        "ftp://example.com/a.png",
        "file:///etc/passwd",
        "https://user:secret@example.com/a.png",
        "https:///a.png",
        "https://127.0.0.1/a.png",
        "https://localhost/a.png",
        "https://[::1]/a.png",
        "https://[::ffff:127.0.0.1]/a.png",
        "https://10.0.0.8/a.png",
        "https://169.254.169.254/latest/meta-data",
        "https://192.168.1.1/a.png",
        "https://0.0.0.0/a.png",
        "https://100.64.0.1/a.png",
        "https://2130706433/a.png",
    ],
)
async def test_addresses_of_our_own_are_off_limits(url: str) -> None:
    """Without the setting, only https to public addresses."""
    with pytest.raises(OutputUnusable):
        await fetched(url, allow_loopback=False)


async def test_the_setting_opens_loopback_and_nothing_more() -> None:
    """Private networks stay closed."""
    with pytest.raises(OutputUnusable):
        await fetched("http://10.0.0.8/a.png")


async def test_a_redirect_is_checked_too() -> None:
    """A public address that sends us to a private one is refused; one that sends us on is followed."""
    inward = b"HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: http://169.254.169.254/\r\n\r\n"
    async with answering(inward) as url:
        with pytest.raises(OutputUnusable):
            await fetched(url)
    onward = b"HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: /other\r\n\r\n"
    async with answering(onward, ok(b"there")) as url:
        assert await fetched(url) == b"there"


async def test_redirects_end() -> None:
    """A loop is not followed for ever."""
    around = b"HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: /again\r\n\r\n"
    async with answering(*[around] * 9) as url:
        with pytest.raises(OutputUnusable, match="too often"):
            await fetched(url)


async def test_a_large_file_is_cut_off() -> None:
    """The limit holds whatever the headers say."""
    async with answering(ok(b"x" * 2000)) as url:
        with pytest.raises(OutputUnusable, match="larger"):
            await fetched(url)


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n", b"nonsense\r\n\r\n"]
)
async def test_a_bad_answer_is_no_file(answer: bytes) -> None:
    """Errors and noise are unusable, not a crash."""
    async with answering(answer) as url:
        with pytest.raises(OutputUnusable):
            await fetched(url)


async def test_nobody_there_is_no_file() -> None:
    """A refused connection is unusable."""
    async with answering() as url:
        pass
    with pytest.raises(OutputUnusable):
        await fetched(url)
