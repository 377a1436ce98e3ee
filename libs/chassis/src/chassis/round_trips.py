"""A transaction's statements, sent together: what asks nothing waits for what does, or for the commit."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import namedtuple_row
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.util import await_only

Values = Sequence[Any] | Mapping[str, Any]
Statement = tuple[LiteralString, Values]

_KEY = "round_trips"
_SCOPE = "SELECT set_config('app.account', %s, true)"


class RoundTrips:
    """One transaction's way to the database, in psycopg's own words (`%s`, `%(name)s`).

    Statements are done in the order in which they were given. What one that was sent `later` breaks is
    raised by whatever is sent with it, at the latest by the commit: nothing of the transaction is kept then.
    """

    def __init__(self, driver: psycopg.AsyncConnection, *, account: str) -> None:
        self._driver = driver
        self._account = account
        self._waiting: list[Statement] = []
        self._has_begun = False
        self._done_once: set[LiteralString] = set()

    def later(self, statement: LiteralString, values: Values = ()) -> None:
        """Send it with the next question, or with the commit."""
        self._waiting.append((statement, values))

    def once(self, statement: LiteralString) -> None:
        """Send it likewise, unless this transaction was given it before."""
        if statement not in self._done_once:
            self._done_once.add(statement)
            self.later(statement)

    async def ask(self, statement: LiteralString, values: Values = ()) -> Sequence[Any]:
        """Send what waits and this, in one round trip; return its rows, with attributes."""
        (rows,) = await self.ask_all([(statement, values)])
        return rows

    async def ask_all(self, questions: Sequence[Statement]) -> Sequence[Sequence[Any]]:
        """Send what waits and these, in one round trip; return the rows of each."""
        cursors = [self._driver.cursor(row_factory=namedtuple_row) for _ in questions]
        with _sqlalchemys_errors():
            async with self._driver.pipeline():
                await self._send()
                for cursor, (statement, values) in zip(cursors, questions, strict=True):
                    await cursor.execute(statement, values)
        return [await cursor.fetchall() if cursor.description else [] for cursor in cursors]

    async def ask_and_commit(self, statement: LiteralString, values: Values = ()) -> Sequence[Any]:
        """Send what waits, a last question and the commit, in one round trip; return its rows."""
        cursor = self._driver.cursor(row_factory=namedtuple_row)
        with _sqlalchemys_errors():
            async with self._driver.pipeline():
                await self._send()
                await cursor.execute(statement, values)
                await self._driver.execute("COMMIT")
        self._has_begun = False
        return await cursor.fetchall() if cursor.description else []

    async def send(self) -> None:
        """Send what waits, in one round trip: something else asks next."""
        with _sqlalchemys_errors():
            if not self._has_begun and not self._waiting:
                # One message, which takes no parameters.
                self._has_begun = True
                scope = sql.SQL("BEGIN; SELECT set_config('app.account', {}, true)").format(self._account)
                await self._driver.execute(scope)
            elif self._waiting:
                async with self._driver.pipeline():
                    await self._send()

    async def commit(self) -> None:
        """Send what waits and commit, in one round trip. A transaction that asked nothing sends nothing."""
        with _sqlalchemys_errors():
            if self._waiting:
                async with self._driver.pipeline():
                    await self._send()
                    await self._driver.execute("COMMIT")
            elif self._has_begun:
                await self._driver.execute("COMMIT")

    async def undo(self) -> None:
        """Undo what was sent; a connection that is gone did so by itself."""
        self._waiting.clear()
        with suppress(psycopg.Error):
            await self._driver.rollback()

    async def _send(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            await self._driver.execute("BEGIN")
            await self._driver.execute(_SCOPE, (self._account,))
        waiting, self._waiting = self._waiting, []
        for statement, values in waiting:
            await self._driver.execute(statement, values)


@contextmanager
def _sqlalchemys_errors() -> Iterator[None]:
    """Raise what SQLAlchemy would have raised."""
    try:
        yield
    except psycopg.Error as error:
        raise DBAPIError.instance(None, None, error, psycopg.Error, hide_parameters=True) from error


async def opened(connection: AsyncConnection, *, account: str) -> RoundTrips:
    """Return the way of a transaction that begins on this connection, with its first statement."""
    held = connection.sync_connection
    if held is None:
        raise RuntimeError("the connection is not open")
    driver = held.connection.driver_connection
    if not isinstance(driver, psycopg.AsyncConnection):
        raise TypeError("only psycopg's connections send statements together")
    # Otherwise psycopg begins by itself, and waits for that.
    await driver.set_autocommit(True)
    made = held.info[_KEY] = RoundTrips(driver, account=account)
    return made


async def closed(connection: AsyncConnection) -> None:
    """Leave a connection as the pool knows it, or not at all."""
    held = connection.sync_connection
    if held is None or held.closed or held.invalidated:
        return
    held.info.pop(_KEY, None)
    driver = held.connection.driver_connection
    if isinstance(driver, psycopg.AsyncConnection):
        with suppress(psycopg.Error):
            await driver.set_autocommit(False)
            return
    await connection.invalidate()


def of(connection: AsyncConnection) -> RoundTrips | None:
    """Return the way of the transaction that is open on this connection; None if it began otherwise."""
    held = connection.sync_connection
    found = held.info.get(_KEY) if held is not None else None
    return found if isinstance(found, RoundTrips) else None


def require(connection: AsyncConnection) -> RoundTrips:
    """Return the same of a transaction that `postgres.transaction` opened."""
    found = of(connection)
    if found is None:
        raise RuntimeError("no transaction of ours is open on this connection")
    return found


def send_before_others(engine: AsyncEngine) -> None:
    """Have what waits sent before any statement of SQLAlchemy's own."""

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def _send(connection: Any, *_: Any) -> None:
        waiting = connection.info.get(_KEY)
        if waiting is not None:
            await_only(waiting.send())


def lend_no_connection_of_ours(engine: AsyncEngine) -> None:
    """Have a connection closed that comes back as a transaction of ours had it.

    Whoever is cancelled twice may not come to put it right, and what SQLAlchemy began on it would commit
    statement by statement.
    """

    @event.listens_for(engine.sync_engine, "checkin")
    def _look(dbapi_connection: Any, record: ConnectionPoolEntry) -> None:
        if dbapi_connection is not None and dbapi_connection.driver_connection.autocommit:
            record.invalidate()
