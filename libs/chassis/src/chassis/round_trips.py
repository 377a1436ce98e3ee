"""A transaction's statements, sent together: what asks nothing waits for what does, or for the commit."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.util import await_only

from chassis.pipeline import Pipeline, Values

Statement = tuple[LiteralString, Values]

_KEY, _PIPELINE = "round_trips", "pipeline"
_SCOPE = "SELECT set_config('app.account', %s, true)"


class RoundTrips:
    """One transaction's way to the database, in psycopg's own words (`%s`, `%(name)s`).

    Statements are done in the order in which they were given. What one that was sent `later` breaks is
    raised by whatever is sent with it, at the latest by the commit: nothing of the transaction is kept then,
    though somebody should go on, and though it was never sent, as a value that can't be.
    """

    def __init__(self, pipeline: Pipeline, *, account: str) -> None:
        self._pipeline = pipeline
        self._account = account
        self._waiting: list[Statement] = []
        self._has_begun = self._has_failed = False
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
        with self._saying():
            self._send()
            answers = [self._pipeline.ask(statement, values) for statement, values in questions]
            await self._pipeline.answers()
        return answers

    async def ask_and_commit(self, statement: LiteralString, values: Values = ()) -> Sequence[Any]:
        """Send what waits, a last question and the commit, in one round trip; return its rows."""
        with self._saying():
            self._send()
            rows = self._pipeline.ask(statement, values)
            await self._commit()
        return rows

    async def send(self) -> None:
        """Send what waits, in one round trip: something else asks next."""
        if self._waiting or not self._has_begun:
            with self._saying():
                self._send()
                await self._pipeline.answers()

    async def commit(self) -> None:
        """Send what waits and commit, in one round trip. A transaction that asked nothing sends nothing."""
        if self._waiting or self._has_begun:
            with self._saying():
                self._send()
                await self._commit()

    async def undo(self) -> None:
        """Undo what was sent; a connection that is gone did so by itself."""
        self._waiting.clear()
        await self._pipeline.undo()

    @contextmanager
    def _saying(self) -> Iterator[None]:
        """Raise what SQLAlchemy would have raised. After a failure nothing more is said."""
        if self._has_failed:
            # The database may not know of it.
            failed = psycopg.errors.InFailedSqlTransaction("a statement had failed: nothing was committed")
            raise _as_sqlalchemys(failed) from failed
        try:
            yield
        except BaseException as failure:
            self._has_failed = True
            if isinstance(failure, psycopg.Error):
                raise _as_sqlalchemys(failure) from failure
            raise

    def _send(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._pipeline.ask("BEGIN")
            self._pipeline.ask(_SCOPE, (self._account,))
        waiting, self._waiting = self._waiting, []
        for statement, values in waiting:
            self._pipeline.ask(statement, values)

    async def _commit(self) -> None:
        self._pipeline.ask("COMMIT")
        await self._pipeline.answers()
        self._has_begun = False
        self._done_once.clear()


def _as_sqlalchemys(error: psycopg.Error) -> BaseException:
    return DBAPIError.instance(None, None, error, psycopg.Error, hide_parameters=True)


async def opened(connection: AsyncConnection, *, account: str) -> RoundTrips:
    """Return the way of a transaction that begins on this connection, with its first statement."""
    held = connection.sync_connection
    if held is None:
        raise RuntimeError("the connection is not open")
    made = held.info[_KEY] = RoundTrips(pipeline_of(connection), account=account)
    return made


def pipeline_of(connection: AsyncConnection) -> Pipeline:
    """Return the connection's own pipeline, which knows what was prepared on it."""
    held = connection.sync_connection
    if held is None:
        raise RuntimeError("the connection is not open")
    info, driver = held.info, held.connection.driver_connection
    if not isinstance(driver, psycopg.AsyncConnection):
        raise TypeError("only psycopg's connections send statements together")
    if _PIPELINE not in info:
        info[_PIPELINE] = Pipeline(driver, lent=True)
    found: Pipeline = info[_PIPELINE]
    return found


async def closed(connection: AsyncConnection) -> None:
    """Leave a connection as the pool knows it, or not at all."""
    held = connection.sync_connection
    if held is None or held.closed or held.invalidated:
        return
    held.info.pop(_KEY, None)
    pipeline: Pipeline = held.info[_PIPELINE]
    if not pipeline.is_idle:
        await pipeline.cancel()
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

    Whoever is cancelled twice may not come to put it right, and what SQLAlchemy sent on it next would begin
    with what that one had left.
    """

    @event.listens_for(engine.sync_engine, "checkin")
    def _look(dbapi_connection: Any, record: ConnectionPoolEntry) -> None:
        if dbapi_connection is not None and _KEY in record.info:
            record.invalidate()


def know_what_is_prepared(engine: AsyncEngine) -> None:
    """Have a connection's pipeline forget what it prepared where psycopg's own rollback discards that.

    Nowhere else: the database would keep it as long as the connection lives, and it would be prepared again.
    """

    @event.listens_for(engine.sync_engine, "reset")
    def _reset(dbapi_connection: Any, record: ConnectionPoolEntry, state: Any) -> None:
        _forget(record.info, dbapi_connection)

    @event.listens_for(engine.sync_engine, "rollback")
    def _rolled_back(connection: Any) -> None:
        if not (connection.closed or connection.invalidated):
            _forget(connection.info, connection.connection)


def _forget(info: dict[Any, Any], connection: Any) -> None:
    pipeline: Pipeline | None = info.get(_PIPELINE)
    driver = connection.driver_connection
    # It has nothing discarded where it prepared nothing itself, of which it says nothing in public.
    discards = driver.pgconn.transaction_status != TransactionStatus.IDLE and driver._prepared._names
    if pipeline is not None and discards:
        pipeline.forget()
