"""Fetching what a provider points at, and nothing else."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from embedded.memory_only import examples
from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.ports.media_intake import OutputUnreachable, OutputUnusable
from hypothesis import given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.server


@asynccontextmanager
async def answering(*answers: bytes, seen: list[bytes] | None = None) -> AsyncIterator[str]:
    """A server that gives these raw answers, one a connection, and notes the requests."""
    left = list(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        if seen is not None:
            seen.append(request)
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
        "https://0x7f.1/a.png",
        "https://0177.0.0.1/a.png",
        "https://127.1/a.png",
        "https://localhost./a.png",
        "https://LOCALHOST/a.png",
        # The same in letters that IDNA folds.
        "https://\uff11\uff12\uff17.0.0.1/a.png",
        "https://127\u30020\u30020\u30021/a.png",
        "https://\u24dbocalhost/a.png",
        # The same inside IPv6, and what is nobody's or everybody's there.
        "https://[::7f00:1]/a.png",
        "https://[64:ff9b::7f00:1]/a.png",
        "https://[64:ff9b::a00:8]/a.png",
        "https://[2002:7f00:1::]/a.png",
        "https://[2002:c0a8:101::]/a.png",
        "https://[fe80::1]/a.png",
        "https://[fe80::1%25lo]/a.png",
        "https://[fec0::1]/a.png",
        "https://[fd00::1]/a.png",
        "https://[ff02::1]/a.png",
        "https://[::]/a.png",
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


@pytest.mark.parametrize(
    "location",
    [
        "http://[::7f00:2]/",
        "http://\uff11\uff10.0.0.8/",
        "http://[half an address",
        "http://x:port/",
        "gopher://127.0.0.1/",
        "file:///etc/passwd",
        "",
    ],
)
async def test_a_redirect_in_disguise_is_checked_too(location: str) -> None:
    """Folded letters, wrapped addresses, other schemes and none at all lead nowhere."""
    answer = b"HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: " + location.encode() + b"\r\n\r\n"
    async with answering(*[answer] * 4) as url:
        with pytest.raises(OutputUnusable):
            await fetched(url)


async def test_a_redirect_with_other_letters_is_followed() -> None:
    """A host may send raw UTF-8, or bytes that are no text at all: it gets its own bytes back."""
    for sent, expected in (
        ("/\u56fe \u7247.png".encode(), b"GET /%E5%9B%BE%20%E7%89%87.png HTTP/1.1"),
        (b"/caf\xe9.png", b"GET /caf%E9.png HTTP/1.1"),
    ):
        onward = b"HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: " + sent + b"\r\n\r\n"
        seen: list[bytes] = []
        async with answering(onward, ok(b"there"), seen=seen) as url:
            assert await fetched(url) == b"there"
        assert seen[1].startswith(expected)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/f/\u56fe\u7247.png", b"GET /f/%E5%9B%BE%E7%89%87.png HTTP/1.1"),
        ("/a b?q=\u00e9&r=1#part", b"GET /a%20b?q=%C3%A9&r=1 HTTP/1.1"),
        ("/%e5%9b%be/100%.png", b"GET /%e5%9b%be/100%25.png HTTP/1.1"),
        ("?sig=a%2Fb+c==", b"GET /?sig=a%2Fb+c== HTTP/1.1"),
    ],
)
async def test_letters_are_percent_encoded(path: str, line: bytes) -> None:
    """What is not ASCII is sent as its UTF-8, and what was encoded stays as it was signed."""
    seen: list[bytes] = []
    async with answering(ok(b"pixels"), seen=seen) as url:
        assert await fetched(url.removesuffix("/file") + path) == b"pixels"
    assert seen[0].splitlines()[0] == line


@given(tail=st.text(max_size=40), location=st.binary(max_size=40))
@settings(max_examples=examples(150), deadline=None)
def test_whatever_comes_after_the_host_raises_one_thing_only(tail: str, location: bytes) -> None:
    """Any path is asked for or unusable, and so is any redirect."""

    async def get() -> None:
        onward = b"HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: " + location + b"\r\n\r\n"
        async with answering(onward, *[ok(b"there")] * 4) as url:
            with contextlib.suppress(OutputUnusable):
                await fetched(url + tail)

    asyncio.run(get())


@pytest.mark.parametrize(
    ("status", "later"), [(503, True), (429, True), (404, False), (410, False), (403, False)]
)
async def test_a_status_says_whether_to_come_back(status: int, later: bool) -> None:
    """A busy host may be asked again; one that has no such file need not be."""
    async with answering(f"HTTP/1.1 {status} No\r\nConnection: close\r\n\r\n".encode()) as url:
        with pytest.raises(OutputUnusable) as refused:
            await fetched(url)
    assert isinstance(refused.value, OutputUnreachable) is later


async def test_a_body_that_breaks_off_may_be_had_later() -> None:
    """Half a file is none."""
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf") as url:
        with pytest.raises(OutputUnreachable):
            await fetched(url)


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
    """A refused connection may be accepted later."""
    async with answering() as url:
        pass
    with pytest.raises(OutputUnreachable):
        await fetched(url)
