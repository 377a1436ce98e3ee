"""Connections that ended while nobody used them fail no request; those that live cost no round trip."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from chassis.postgres import SYSTEM_SCOPE, create_engine, transaction
from embedded.component import running
from embedded.ports import free_ports
from embedded.postgres import Postgres
from embedded.testing import PASSWORD, ServiceDatabase
from sqlalchemy import text
from sqlalchemy.dialects.postgresql.psycopg import PGDialectAsync_psycopg
from sqlalchemy.ext.asyncio import AsyncEngine

pytestmark = pytest.mark.server

CONNECTIONS = 3
BACKENDS = text("SELECT pg_backend_pid()")


@pytest.fixture
def pings(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Which connections were asked whether they live, by an engine that is made afterwards."""
    asked: list[object] = []
    ping = PGDialectAsync_psycopg.do_ping

    def counted(dialect: PGDialectAsync_psycopg, connection: Any) -> bool:
        asked.append(connection)
        return bool(ping(dialect, connection))

    monkeypatch.setattr(PGDialectAsync_psycopg, "do_ping", counted)
    return asked


@pytest.fixture
async def engine(empty_database: ServiceDatabase) -> AsyncIterator[AsyncEngine]:
    """A pool that nobody has used yet."""
    engine = create_engine(empty_database.url, pool_size=CONNECTIONS)
    yield engine
    await engine.dispose()


async def backends(engine: AsyncEngine) -> set[int]:
    """Use every connection of the pool at once, and give all of them back; return whom they reached."""
    opened = [await engine.connect() for _ in range(CONNECTIONS)]
    try:
        return {await connection.scalar(BACKENDS) for connection in opened}
    finally:
        for connection in opened:
            await connection.close()


async def test_connections_that_were_ended_fail_no_request(
    engine: AsyncEngine, empty_database: ServiceDatabase
) -> None:
    """The server ends all of them: as many requests as there are connections get new ones."""
    before = await backends(engine)
    assert len(before) == CONNECTIONS
    with psycopg.connect(empty_database.admin_dsn, autocommit=True) as admin:
        for backend in before:
            # Waits until it is gone: afterwards nothing is on its way.
            assert admin.execute("SELECT pg_terminate_backend(%s, 10000)", (backend,)).fetchone() == (True,)
    after = await backends(engine)
    assert len(after) == CONNECTIONS
    assert not after & before


@pytest.mark.server
async def test_a_server_that_restarted_is_found_again(tmp_path: Path) -> None:
    """The first transaction after a restart succeeds, on the pool of before."""
    tmp_path.chmod(0o755)  # noqa: ASYNC240
    server = Postgres(
        data_folder=tmp_path / "postgres" / "data", port=free_ports(1)[0], admin_password=PASSWORD
    )
    engine = create_engine(server.admin_dsn().replace("postgresql://", "postgresql+psycopg://"), pool_size=1)
    for _ in range(2):
        with running(server, log=tmp_path / "postgres.log"):
            async with transaction(engine, SYSTEM_SCOPE) as connection:
                assert await connection.scalar(text("SELECT 1")) == 1
    await engine.dispose()


async def test_a_connection_that_lives_is_used_as_it_is(pings: list[object], engine: AsyncEngine) -> None:
    """Nothing is asked before a transaction, and the same connection is used again."""
    before = await backends(engine)
    assert await backends(engine) == before
    assert pings == []


async def test_a_harmless_message_costs_one_question(
    pings: list[object], engine: AsyncEngine, empty_database: ServiceDatabase
) -> None:
    """What the server says of itself ends no connection: it is heard, and the connection used."""
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        before = await connection.scalar(BACKENDS)
        await connection.execute(text("LISTEN something"))
        with psycopg.connect(empty_database.admin_dsn, autocommit=True) as admin:
            admin.execute("NOTIFY something")
    for _ in range(2):
        async with engine.connect() as connection:
            assert await connection.scalar(BACKENDS) == before
    assert len(pings) <= 1
