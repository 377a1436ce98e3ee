"""What a connection may cost: real sockets against the real process."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from gateway.adapters.inbound.connections import ConnectionBounds, Connections, client_key
from gateway.adapters.inbound.console.assets import assets
from gateway_process import Environment, running

PER_CLIENT, HEADER_S, BODY_S, READER_S, IDLE_S = 40, 1.0, 1.0, 1.0, 2
SLACK_S = 6.0
REQUEST = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"


@pytest.fixture
def address(environment: Environment, tmp_path: Path) -> Iterator[tuple[str, int]]:
    """Host and port of a gateway with short times and few connections."""
    with running(
        environment,
        tmp_path / "log",
        connections_per_client_max=str(PER_CLIENT),
        header_timeout_s=str(HEADER_S),
        body_timeout_s=str(BODY_S),
        reader_timeout_s=str(READER_S),
        idle_timeout_s=str(IDLE_S),
    ) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        yield host, int(port)
    # Whoever leaves or is let go is no error of ours.
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [one for one in lines if one["level"] not in ("info", "debug")] == []


class Peer:
    """One raw connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, address: tuple[str, int], **more: int) -> "Peer":
        """Open it."""
        return cls(*await asyncio.open_connection(*address, **more))

    async def ended(self) -> None:
        """Return once the other side has ended it."""
        try:
            await self.reader.read()
        except ConnectionError:
            return

    async def until_end(self, *, drip: bytes = b"", every_s: float = 0.1) -> tuple[bytes, float]:
        """What it is told until it ends and after how many seconds, while it sends `drip` again and again."""
        began = time.monotonic()
        told = asyncio.create_task(self.reader.read())
        try:
            async with asyncio.timeout(SLACK_S):
                while not told.done():
                    if drip:
                        self.writer.write(drip)
                    await asyncio.wait({told}, timeout=every_s)
            return await told, time.monotonic() - began
        except ConnectionError:
            return b"", time.monotonic() - began
        finally:
            told.cancel()
            self.writer.close()


async def until_told(environment: Environment, line: str) -> None:
    """Return once the process's metrics say this."""
    url = f"http://{environment['GATEWAY_METRICS_LISTEN']}/metrics"
    async with asyncio.timeout(15), httpx.AsyncClient() as http:
        while line not in (await http.get(url)).text:
            await asyncio.sleep(0.1)


HEAD = b"POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"


KEEPS_WAITING = {
    "silent": (b"", b""),
    "empty lines": (b"", b"\r\n"),
    "a dripped address": (b"GET /", b"a"),
    "dripped headers": (b"GET / HTTP/1.1\r\nhost: x\r\n", b"x: y\r\n"),
    "a dripped header": (b"GET / HTTP/1.1\r\nx: ", b"y"),
    "empty lines after a request": (REQUEST, b"\r\n"),
    "a dripped second request": (REQUEST + b"GET /", b"a"),
    "no body": (HEAD + b"content-length: 999\r\n\r\n", b""),
    "a dripped body": (HEAD + b"content-length: 999\r\n\r\n", b" "),
    "dripped chunks": (HEAD + b"transfer-encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "no body after 100": (HEAD + b"expect: 100-continue\r\ncontent-length: 9\r\n\r\n", b""),
}


async def test_who_keeps_us_waiting_is_let_go(address: tuple[str, int]) -> None:
    """Nothing of a request may take longer than it has, however often a byte comes."""

    async def tried(sent: bytes, drip: bytes) -> tuple[bytes, float]:
        peer = await Peer.connect(address)
        peer.writer.write(sent)
        if sent.startswith(REQUEST):
            await peer.reader.readuntil(b"\r\n\r\nok")
        return await peer.until_end(drip=drip)

    found = await asyncio.gather(*(tried(*one) for one in KEEPS_WAITING.values()))
    for name, (told, after_s) in zip(KEEPS_WAITING, found, strict=True):
        # A client that still sends may get a reset instead of the word.
        assert not told or told.endswith(b"connection: close\r\ncontent-length: 0\r\n\r\n"), (name, told)
        assert not told or b"HTTP/1.1 408 " in told, (name, told)
        assert HEADER_S - 0.2 < after_s < HEADER_S + 2.5, (name, after_s)


async def test_an_idle_connection_ends(address: tuple[str, int]) -> None:
    """One that was answered may send another request for a while, and then ends without a word."""
    peer = await Peer.connect(address)
    for _ in range(3):
        peer.writer.write(REQUEST)
        assert b" 200 " in await peer.reader.readuntil(b"\r\n\r\nok")
    told, after_s = await peer.until_end()
    assert told == b""
    assert IDLE_S - 0.5 < after_s < IDLE_S + 2.5


async def test_an_endless_header_is_refused(address: tuple[str, int]) -> None:
    """A header has a size, not only a time."""
    peer = await Peer.connect(address)
    peer.writer.write(b"GET / HTTP/1.1\r\nx: ")
    told, after_s = await peer.until_end(drip=b"y" * 30_000, every_s=0.02)
    assert not told or b" 431 " in told
    assert after_s < HEADER_S


async def test_many_silent_and_dripping_ones_leave_room(address: tuple[str, int]) -> None:
    """Five times as many as one client may have: the bound holds, and an honest request is answered."""
    peers = [await Peer.connect(address) for _ in range(PER_CLIENT * 5)]
    for number, peer in enumerate(peers):
        if number % 2:
            peer.writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n")
    async with httpx.AsyncClient(base_url=f"http://{address[0]}:{address[1]}", timeout=2) as http:
        for _ in range(10):
            assert (await http.get("/healthz")).status_code == 200
        # Those before were let go to make room for these.
        for peer in peers[: -PER_CLIENT - 1]:
            async with asyncio.timeout(SLACK_S):
                await peer.ended()
    for peer in peers:
        peer.writer.close()


async def test_busy_connections_are_bounded_too(address: tuple[str, int]) -> None:
    """With every connection of a client answering, one more is told to come back later."""
    peers = [await Peer.connect(address) for _ in range(PER_CLIENT)]
    try:
        for peer in peers:
            # Nobody reads a body that is announced and not sent: the request is in hand meanwhile.
            peer.writer.write(HEAD + b"content-length: 9\r\n\r\n")
            await peer.writer.drain()
        await asyncio.sleep(0.2)
        one_more = await Peer.connect(address)
        told, _ = await one_more.until_end()
        assert b" 503 " in told
        assert b"retry-after" in told
    finally:
        for peer in peers:
            peer.writer.close()


@pytest.mark.parametrize("requests", [1, 400])
async def test_a_reader_that_does_not_read_is_let_go(
    address: tuple[str, int], environment: Environment, requests: int
) -> None:
    """Answers that nobody takes are given up: a few in our own memory, or more than every buffer holds."""
    peer = await Peer.connect(address)
    peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
    peer.writer.write(f"GET {assets.url('console.css')} HTTP/1.1\r\nhost: x\r\n\r\n".encode() * requests)
    began = time.monotonic()
    await until_told(environment, "gateway_connections_open 0.0")
    assert time.monotonic() - began < IDLE_S + READER_S + 4
    peer.writer.close()


async def test_a_closed_page_is_no_error(address: tuple[str, int], environment: Environment) -> None:
    """Clients that leave in the middle of a body or of an answer are counted, and recorded as no failure."""
    left = [HEAD + b"content-length: 999\r\n\r\n{", b"GET /v1/packs HTTP/1.1\r\nhost: x\r\n\r\n"]
    for sent in left * 5:
        peer = await Peer.connect(address)
        peer.writer.write(sent)
        await peer.writer.drain()
        peer.writer.transport.abort()
    await until_told(environment, "gateway_connections_open 0.0")
    await until_told(environment, "http_requests_left_total 5.0")


async def test_a_slow_but_honest_client_is_served(address: tuple[str, int]) -> None:
    """A request in several packets and an answer that is read in pieces are no attack."""
    peer = await Peer.connect(address)
    for part in (
        f"GET {assets.url('console.css')} HT".encode(),
        b"TP/1.1\r\nhost",
        b": x\r\nconnection: close\r\n",
        b"\r\n",
    ):
        peer.writer.write(part)
        await asyncio.sleep(0.15)
    read = b""
    async with asyncio.timeout(20):
        while part := await peer.reader.read(8_192):
            read += part
            await asyncio.sleep(0.05)
    assert read.startswith(b"HTTP/1.1 200 ")
    assert len(read) > 80_000
    peer.writer.close()


class Waiting:
    """A connection that only waits."""

    def __init__(self, address: str) -> None:
        self.client_key = client_key(address)
        self.dropped = False

    def drop(self) -> None:
        """Remember it."""
        self.dropped = True


def test_who_counts_as_one_client() -> None:
    """An IPv6 network is one client, however many addresses it has; a mapped address is its IPv4 one."""
    assert client_key("2001:db8::1") == client_key("2001:db8::ffff:1")
    assert client_key("2001:db8::1") != client_key("2001:db8:0:1::1")
    assert client_key("::ffff:192.0.2.7") == client_key("192.0.2.7")
    assert client_key("192.0.2.7") != client_key("192.0.2.8")


@pytest.mark.parametrize("proxies", ["192.0.2.0/24", "192.0.2.7, 2001:db8::/32", "*"])
def test_a_trusted_proxy_is_many_clients(proxies: str) -> None:
    """Behind a proxy all people have one address: only the whole number counts for it."""
    connections = Connections(ConnectionBounds(open_max=3, per_client_max=1, trusted_proxies=proxies))
    assert all(connections.admit(Waiting("192.0.2.7")) for _ in range(3))
    assert not connections.admit(Waiting("192.0.2.7"))


def test_the_oldest_without_a_request_makes_room() -> None:
    """At the whole bound a newcomer takes the place of who waits longest, and never of who is served."""
    connections = Connections(ConnectionBounds(open_max=2, per_client_max=2))
    first, second, third = (Waiting(f"192.0.2.{number}") for number in range(3))
    assert connections.admit(first)
    assert connections.admit(second)
    connections.waits(first)
    connections.waits(second)
    connections.works(first)
    assert connections.admit(third)
    assert (first.dropped, second.dropped) == (False, True)
