"""A database whose machine is gone closes nothing and answers nothing: nobody waits for it for ever."""

import asyncio
import ctypes
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import suppress

import psycopg
import pytest
from chassis import silent_peers
from chassis.postgres import STORAGE_AWAY, create_engine
from embedded.testing import ServiceDatabase
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine

# Longer than any of the waits below; what still waits then would wait for ever.
FOR_EVER_S = 60
_SO_ATTACH_FILTER, _RETURN = 26, 0x06


class Cable:
    """A way to the database that can be cut: from then on not even the kernel on its other side answers."""

    def __init__(self, host: str, port: int) -> None:
        self._there = host, port
        self._near = list[socket.socket]()
        self._far = list[asyncio.StreamWriter]()

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry what comes, both ways."""
        self._near.append(writer.get_extra_info("socket"))
        far_reader, far_writer = await asyncio.open_connection(*self._there)
        self._far.append(far_writer)
        with suppress(ConnectionError):
            await asyncio.gather(_carry(reader, far_writer), _carry(far_reader, writer))

    def cut(self) -> None:
        """Drop every packet that arrives, acknowledgements and questions whether anybody is there too."""
        program = ctypes.create_string_buffer(struct.pack("HBBI", _RETURN, 0, 0, 0))
        drop = struct.pack("HL", 1, ctypes.addressof(program))
        for near in self._near:
            _set(near.fileno(), drop)

    async def close(self) -> None:
        """Let both ends go."""
        for far in self._far:
            far.close()


def _set(descriptor: int, option: bytes) -> None:
    held = socket.socket(fileno=descriptor)
    try:
        held.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, option)
    finally:
        held.detach()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while said := await reader.read(65_536):
        writer.write(said)
        await writer.drain()


@pytest.fixture
async def cable(empty_database: ServiceDatabase) -> AsyncIterator[tuple[Cable, str]]:
    """The cable, and the database's address at its near end."""
    url = make_url(empty_database.url)
    cable = Cable(url.host or "127.0.0.1", url.port or 5432)
    server = await asyncio.start_server(cable.connect, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield cable, url.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
    server.close()
    await cable.close()


@pytest.fixture
async def engine(cable: tuple[Cable, str], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AsyncEngine]:
    """One connection, by the cable, with as little patience as the kernel knows."""
    for name in ("IDLE_S", "PROBES", "PROBES_APART_S"):
        monkeypatch.setattr(silent_peers, name, 1)
    monkeypatch.setattr(silent_peers, "UNANSWERED_MS", 1_500)
    engine = create_engine(cable[1], pool_size=1)
    yield engine
    await engine.dispose()


async def test_a_statement_that_is_sent_into_silence_fails(
    cable: tuple[Cable, str], engine: AsyncEngine
) -> None:
    """What is sent is not acknowledged: the connection ends, as one that the server closed."""
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
        cable[0].cut()
        async with asyncio.timeout(FOR_EVER_S):
            with pytest.raises(STORAGE_AWAY):
                await connection.execute(text("SELECT 2"))


async def test_an_answer_that_never_comes_is_given_up(
    cable: tuple[Cable, str], engine: AsyncEngine, empty_database: ServiceDatabase
) -> None:
    """The statement arrived and runs: nobody is there any more to say so, which is asked."""
    runs = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(300)' AND state = 'active'"
    async with engine.connect() as connection:
        asked = asyncio.ensure_future(connection.execute(text("SELECT pg_sleep(300)")))
        async with (
            asyncio.timeout(FOR_EVER_S),
            await psycopg.AsyncConnection.connect(empty_database.admin_dsn, autocommit=True) as admin,
        ):
            while await (await admin.execute(runs)).fetchone() != (1,):
                await asyncio.sleep(0.01)
            cable[0].cut()
            with pytest.raises(STORAGE_AWAY):
                await asked


def test_every_wait_is_bounded_but_for_what_the_address_says() -> None:
    """Whoever runs the database may know better."""
    usual = silent_peers.patience("postgresql+psycopg://localhost/ledger")
    assert usual == {
        "connect_timeout": 5,
        "keepalives": 1,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
    }
    said = silent_peers.patience("postgresql://localhost/ledger?keepalives_idle=60&tcp_user_timeout=1")
    assert said == {name: usual[name] for name in usual.keys() - {"keepalives_idle", "tcp_user_timeout"}}


async def test_a_pools_connections_have_it(empty_database: ServiceDatabase) -> None:
    """As the kernel says it of the socket."""
    engine = create_engine(empty_database.url, pool_size=1)
    async with engine.connect() as connection:
        raw = await connection.get_raw_connection()
        driver = raw.driver_connection
        assert isinstance(driver, psycopg.AsyncConnection)
        held = socket.socket(fileno=driver.fileno())
        try:
            assert held.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert held.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == silent_peers.IDLE_S
            assert held.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == silent_peers.UNANSWERED_MS
        finally:
            held.detach()
    await engine.dispose()
