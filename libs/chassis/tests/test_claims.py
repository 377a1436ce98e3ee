"""Rows that several processes take from."""

from collections.abc import AsyncIterator, Collection

import psycopg
import pytest
from chassis.claims import first_unclaimed
from chassis.postgres import create_engine
from embedded.testing import ServiceDatabase
from sqlalchemy import Column, Integer, MetaData, Table, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

pytestmark = pytest.mark.server

TASKS = Table("tasks", MetaData(), Column("number", Integer, primary_key=True), Column("due", Integer))
DUE, NOT_DUE = 10, 3


@pytest.fixture
async def engine(empty_database: ServiceDatabase) -> AsyncIterator[AsyncEngine]:
    """A database with tasks that are due, the last first, and some that are not."""
    with psycopg.connect(empty_database.admin_dsn) as admin:
        admin.execute("CREATE TABLE tasks (number int PRIMARY KEY, due int NOT NULL)")
        admin.execute("INSERT INTO tasks SELECT n, -n FROM generate_series(1, %s) n", (DUE,))
        admin.execute("INSERT INTO tasks SELECT 100 + n, n FROM generate_series(1, %s) n", (NOT_DUE,))
        admin.execute("GRANT SELECT, UPDATE ON tasks TO library_service")
    engine = create_engine(empty_database.url)
    yield engine
    await engine.dispose()


async def take(connection: AsyncConnection, limit: int) -> Collection[int]:
    """Take tasks that are due, and make them due no longer."""
    free = first_unclaimed(TASKS.c.number, due=TASKS.c.due <= 0, order_by=TASKS.c.due, limit=limit)
    taken = await connection.execute(update(TASKS).where(free).values(due=100).returning(TASKS.c.number))
    return set(taken.scalars())


async def test_two_take_different_rows_and_neither_waits(engine: AsyncEngine) -> None:
    """While both are in the middle of it; the first in order first, and never more than the limit."""
    async with engine.begin() as one, engine.begin() as other:
        assert await take(one, 4) == {10, 9, 8, 7}
        assert await take(other, 4) == {6, 5, 4, 3}
    async with engine.begin() as late:
        assert await take(late, 4) == {2, 1}
        assert await take(late, 4) == set()


async def test_what_was_taken_and_not_committed_is_free_again(engine: AsyncEngine) -> None:
    """A process that died in the middle took nothing."""
    async with engine.connect() as dying:
        assert await take(dying, 20) == set(range(1, DUE + 1))
        await dying.rollback()
    async with engine.begin() as next_one:
        assert await take(next_one, 20) == set(range(1, DUE + 1))
