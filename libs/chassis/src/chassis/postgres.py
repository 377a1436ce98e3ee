"""SQLAlchemy Core on psycopg 3, and transactions that carry their row level security scope."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from chassis import round_trips
from chassis.living_connections import ping_only_who_speaks
from chassis.silent_peers import patience
from chassis.telemetry import spans_leave

# Every account's rows are visible: for consumers, sweepers and the auditor, never for a user's request.
SYSTEM_SCOPE = "*"

# The database restarts or is out of reach: the same work may succeed soon.
STORAGE_AWAY = (OperationalError, InterfaceError, PoolTimeout, psycopg.OperationalError)

STATEMENT_TIMEOUT_MS = 30_000
LOCK_TIMEOUT_MS = 10_000


def create_engine(url: str, *, pool_size: int = 10) -> AsyncEngine:
    """Return an engine with bounded waits: no statement runs for ever, no lock is awaited for ever, and no
    server that is gone is either.
    """
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=True,
        # Values are people's: they stay out of error messages, and so out of logs.
        hide_parameters=True,
        connect_args={
            **patience(url),
            "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout={LOCK_TIMEOUT_MS}"
            " -c idle_in_transaction_session_timeout=60000 -c timezone=UTC",
        },
    )
    ping_only_who_speaks(engine)
    round_trips.send_before_others(engine)
    round_trips.lend_no_connection_of_ours(engine)
    round_trips.know_what_is_prepared(engine)
    instrumentor = SQLAlchemyInstrumentor()
    # One engine a process; the version check of the instrumentation lags behind SQLAlchemy's releases.
    if spans_leave() and not instrumentor.is_instrumented_by_opentelemetry:
        instrumentor.instrument(engine=engine.sync_engine, skip_dep_check=True)
    return engine


@asynccontextmanager
async def transaction(engine: AsyncEngine, account: str) -> AsyncIterator[AsyncConnection]:
    """Open a transaction that sees one account's rows, or all of them with `SYSTEM_SCOPE`.

    Commits on leaving, rolls back on an exception. Row level security does the rest: without a
    scope no row is visible. The scope travels with the first statement; `round_trips.of` sends further
    ones together. A transaction that asked for nothing was none.
    """
    if not account:
        raise ValueError("a transaction needs an account or SYSTEM_SCOPE")
    async with engine.connect() as connection:
        way = await round_trips.opened(connection, account=account)
        try:
            try:
                yield connection
                await way.commit()
            except BaseException:
                await way.undo()
                raise
        finally:
            await round_trips.closed(connection)


async def ping(engine: AsyncEngine) -> None:
    """Raise unless the database answers; a readiness check."""
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
