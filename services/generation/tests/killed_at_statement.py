"""A process that is killed at one statement, and what its database has then."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from chassis import round_trips
from chassis.ids import UuidIds
from chassis.pipeline import Pipeline, Rows, Values
from chassis.postgres import create_engine
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


class _Dying(Pipeline):
    """A connection of a process that is killed at one statement of a transaction; each is sent by itself."""

    def __init__(self, connection: psycopg.AsyncConnection, *, lent: bool, at: int, after: bool) -> None:
        super().__init__(connection, lent=lent)
        self._at, self._after, self._done = at, after, 0
        self._asked: list[tuple[str, Values, Rows]] = []

    def ask(self, statement: str, values: Values = ()) -> Rows:
        if statement == "BEGIN":
            self._done = 0
        rows: Rows = []
        self._asked.append((statement, values, rows))
        return rows

    async def answers(self) -> None:
        asked, self._asked = self._asked, []
        for statement, values, rows in asked:
            self._done += 1
            if self._done == self._at and not self._after:
                os.kill(os.getpid(), signal.SIGKILL)
            answered = super().ask(statement, values)
            await super().answers()
            rows += answered
            if self._done == self._at:
                os.kill(os.getpid(), signal.SIGKILL)


def dies(act: Callable[[House], Awaitable[object]], url: str, *, at: int, after: bool) -> bool:
    """Do it in a child that is killed at one statement; False when it came through."""
    child = os.fork()
    if child == 0:
        try:
            round_trips.Pipeline = partial(_Dying, at=at, after=after)  # type: ignore[misc, assignment]
            asyncio.run(acted(act, url))
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


async def acted(act: Callable[[House], Awaitable[Any]], url: str) -> Any:
    async with opened(url) as house:
        return await act(house)
