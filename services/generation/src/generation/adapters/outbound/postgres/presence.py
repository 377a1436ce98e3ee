"""Which workers are there: each holds a session with a lock of its own, which ends with its process.

A process that stands still keeps its session, and a machine that is gone loses it within seconds.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress

import structlog
from chassis.postgres import STORAGE_AWAY
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

# Any number that no other lock of two numbers in this database begins with.
LOCK_CLASS = 7_305_203
LOOK_EVERY_S = 2.0
_KEEP_ALIVE = ("tcp_keepalives_idle = 5", "tcp_keepalives_interval = 2", "tcp_keepalives_count = 3")
_HELD = text(
    f"""
    SELECT objid::bigint FROM pg_locks
     WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid::bigint = {LOCK_CLASS}
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """  # noqa: S608 - our own constant
)
log = structlog.get_logger(__name__)


async def living(connection: AsyncConnection, workers: Collection[str]) -> Collection[str]:
    """Those of these workers that hold their lock."""
    if not workers:
        return ()
    held = set((await connection.execute(_HELD)).scalars())
    return {worker for worker in workers if _number(worker) in held}


@asynccontextmanager
async def present(engine: AsyncEngine, worker: str) -> AsyncIterator[None]:
    """Show the worker to the others while this is open; a session that breaks is replaced."""
    holding = asyncio.create_task(_hold(engine, worker))
    try:
        yield
    finally:
        holding.cancel()
        with suppress(asyncio.CancelledError):
            await holding


async def _hold(engine: AsyncEngine, worker: str) -> None:
    while True:
        try:
            async with engine.connect() as pooled:
                connection = await pooled.execution_options(isolation_level="AUTOCOMMIT")
                try:
                    await _hold_with(connection, worker)
                finally:
                    # Neither lock nor settings may go back into the pool.
                    await connection.invalidate()
        except STORAGE_AWAY as away:
            log.warning("worker is not seen by the others", error=repr(away))
        await asyncio.sleep(LOOK_EVERY_S)


async def _hold_with(connection: AsyncConnection, worker: str) -> None:
    for setting in _KEEP_ALIVE:
        await connection.execute(text(f"SET {setting}"))
    # As a signed number, which is what the lock takes; pg_locks shows it without a sign.
    number = _number(worker) - (1 << 32 if _number(worker) >= 1 << 31 else 0)
    await connection.execute(text(f"SELECT pg_advisory_lock_shared({LOCK_CLASS}, {number})"))
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        await connection.execute(text("SELECT 1"))


def _number(worker: str) -> int:
    return zlib.crc32(worker.encode())
