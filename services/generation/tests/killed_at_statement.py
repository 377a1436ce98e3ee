"""A process that is killed at one statement, and what its database has then."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from chassis import round_trips
from chassis.ids import UuidIds
from chassis.postgres import create_engine
from chassis.round_trips import RoundTrips
from chassis.testing.wire import CAN_TRACE, Wire, listening
from embedded.testing import ServiceDatabase
from generation.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from generation_house import House

STATEMENTS_MAX = 40


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[House]:
    """The use cases over this database."""
    engine = create_engine(url)
    try:
        yield House(units=PostgresUnitsOfWork(engine, UuidIds()), ids=UuidIds())  # type: ignore[arg-type]
    finally:
        await engine.dispose()


@asynccontextmanager
async def overheard(url: str, folder: Path) -> AsyncIterator[tuple[House, Wire]]:
    """The use cases over this database, and what they say to it. Skips where libpq can't tell."""
    if not CAN_TRACE:
        pytest.skip("libpq traces on Linux alone")
    engine = create_engine(url)
    with listening(engine, folder / "wire") as wire:
        house = House(units=PostgresUnitsOfWork(engine, UuidIds()), ids=UuidIds())  # type: ignore[arg-type]
        yield house, wire
    await engine.dispose()


def rows(database: ServiceDatabase, query: str) -> list[tuple[Any, ...]]:
    """What is in the database."""
    with psycopg.connect(database.admin_dsn) as admin:
        return admin.execute(query).fetchall()  # type: ignore[arg-type]


class _Dying:
    """A connection of a process that is killed at one statement; each is sent by itself."""

    def __init__(self, driver: Any, at: int, *, after: bool) -> None:
        self._driver, self._at, self._after, self._done = driver, at, after, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)

    @asynccontextmanager
    async def pipeline(self) -> AsyncIterator[None]:
        yield

    def cursor(self, **options: Any) -> "_DyingCursor":
        return _DyingCursor(self._driver.cursor(**options), self)

    async def execute(self, *arguments: Any) -> Any:
        return await self.killed(self._driver.execute(*arguments))

    async def killed(self, statement: Awaitable[Any]) -> Any:
        self._done += 1
        if self._done == self._at and not self._after:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = await statement
        if self._done == self._at:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer


class _DyingCursor:
    def __init__(self, cursor: Any, connection: _Dying) -> None:
        self._cursor, self._connection = cursor, connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    async def execute(self, *arguments: Any) -> Any:
        return await self._connection.killed(self._cursor.execute(*arguments))


def dies(act: Callable[[House], Awaitable[object]], url: str, *, at: int, after: bool) -> bool:
    """Do it in a child that is killed at one statement; False when it came through."""
    child = os.fork()
    if child == 0:
        try:
            begun = RoundTrips.__init__

            def begin(self: RoundTrips, driver: Any, *, account: str) -> None:
                begun(self, _Dying(driver, at, after=after), account=account)  # type: ignore[arg-type]

            round_trips.RoundTrips.__init__ = begin  # type: ignore[method-assign]
            asyncio.run(acted(act, url))
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


async def acted(act: Callable[[House], Awaitable[Any]], url: str) -> Any:
    async with opened(url) as house:
        return await act(house)
