"""Units of work on PostgreSQL: one transaction a batch, the accounts' rows locked until it ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from chassis.pipeline import Pipeline
from chassis.silent_peers import patience
from psycopg import AsyncConnection
from sqlalchemy.ext.asyncio import AsyncEngine

from ledger.adapters.outbound.postgres.load import Known, load
from ledger.adapters.outbound.postgres.write import write
from ledger.domain.errors import LedgerUnavailable
from ledger.domain.identifiers import AccountId, ReservationId
from ledger.ports.id_source import IdSource
from ledger.ports.unit_of_work import Conflict, ConstraintBroken, Needs, UnitOfWork, WorkingSet

CONNECTIONS_MAX = 6

# The writer reads and writes by key only. A generic plan that is made from old statistics may join by
# hashing a whole table instead, which is slower by orders of magnitude once the table has grown.
_OPTIONS = " ".join(
    f"-c {option}"
    for option in (
        "app.account=*",
        "timezone=UTC",
        "statement_timeout=30000",
        "lock_timeout=10000",
        "idle_in_transaction_session_timeout=60000",
        "enable_hashjoin=off",
        "enable_mergejoin=off",
        "enable_seqscan=off",
        "plan_cache_mode=force_generic_plan",
        "jit=off",
    )
)

# Another writer was in the way: it holds what this one needs, or took a request id first.
_CONFLICTS = (
    psycopg.errors.UniqueViolation,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
    psycopg.errors.LockNotAvailable,
)


class PostgresUnitsOfWork:
    """Opens transactions over the whole ledger, on a few connections of its own."""

    def __init__(self, engine: AsyncEngine, ids: IdSource) -> None:
        self._dsn = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._ids = ids
        self._idle: list[Pipeline] = []
        self._slots = asyncio.Semaphore(CONNECTIONS_MAX)
        self._known = Known()

    @asynccontextmanager
    async def of_system(self) -> AsyncIterator[UnitOfWork]:
        """See UnitsOfWork. What was saved is written and committed in one round trip."""
        async with self._slots:
            connection = await self._connection()
            try:
                work = PostgresUnitOfWork(connection, self._known)
                yield work
                if work.changed is not None:
                    await write(connection, work.changed, self._ids)
                    self._known.learn(work.changed)
            except _CONFLICTS as failure:
                raise Conflict(str(failure)) from failure
            except psycopg.errors.CheckViolation as failure:
                raise ConstraintBroken(failure.diag.constraint_name or "unnamed") from failure
            except psycopg.OperationalError as failure:
                raise LedgerUnavailable("storage is unavailable; try again") from failure
            finally:
                await self._put_back(connection)

    def known_owner(self, reservation_id: ReservationId) -> AccountId | None:
        """Return whose a reservation is, when it was made or settled here lately."""
        return self._known.owners.get(reservation_id)

    async def close(self) -> None:
        """Close the connections."""
        while self._idle:
            await self._idle.pop().close()

    async def _connection(self) -> Pipeline:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed:
                return connection
        try:
            opened = await AsyncConnection.connect(
                self._dsn, autocommit=True, options=_OPTIONS, **patience(self._dsn)
            )
        except psycopg.OperationalError as failure:
            raise LedgerUnavailable("storage is unavailable; try again") from failure
        return self._pipeline(opened)

    def _pipeline(self, connection: AsyncConnection) -> Pipeline:
        return Pipeline(connection)

    async def _put_back(self, connection: Pipeline) -> None:
        await connection.undo()
        if connection.is_idle:
            self._idle.append(connection)
        else:
            await connection.close()


class PostgresUnitOfWork:
    """One open transaction."""

    def __init__(self, connection: Pipeline, known: Known) -> None:
        self._connection = connection
        self._known = known
        self.changed: WorkingSet | None = None

    async def load(self, needs: Needs) -> WorkingSet:
        """Lock and read what a batch is about."""
        return await load(self._connection, needs, self._known)

    async def save(self, changed: WorkingSet) -> None:
        """Keep it until the transaction is left."""
        self.changed = changed
