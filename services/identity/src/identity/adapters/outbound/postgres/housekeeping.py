"""Clearing away what nobody can use any more."""

import structlog
from chassis.postgres import SYSTEM_SCOPE, transaction
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

_BATCH_ROWS = 1_000
_BATCHES_MAX = 20
# The database decides what is old enough, and deletes it: the service's role has no right to by itself.
_BY_OWNER = ("forget_expired", "forget_flows")
_OURS = ("invitations", "sign_in_challenges", "passkey_ceremonies")

log = structlog.get_logger(__name__)


async def forget_expired(engine: AsyncEngine) -> None:
    """Delete tokens, sessions and finished mails that ended a month ago, and what waits a day ago.

    In short transactions, and each kind by itself: one that can't be cleared away keeps no other from it.
    Raises ExceptionGroup of what failed, once the rest is done.
    """
    failures = list[Exception]()
    for kind in (*_BY_OWNER, *_OURS):
        try:
            await (_forget(engine, kind) if kind in _BY_OWNER else _delete(engine, kind))
        except Exception as failure:  # noqa: BLE001 - the others first; it is raised afterwards
            log.warning("what has expired can't be cleared away", kind=kind, error=repr(failure))
            failures.append(failure)
    if failures:
        raise ExceptionGroup("not everything that has expired is cleared away", failures)


async def _delete(engine: AsyncEngine, table: str) -> None:
    async with transaction(engine, SYSTEM_SCOPE) as connection:
        await connection.execute(
            text(f"DELETE FROM {table} WHERE expires_at < now() - interval '1 day'")  # noqa: S608 - ours
        )


async def _forget(engine: AsyncEngine, function: str) -> None:
    for _ in range(_BATCHES_MAX):
        async with transaction(engine, SYSTEM_SCOPE) as connection:
            deleted = await connection.scalar(text(f"SELECT {function}(:rows)"), {"rows": _BATCH_ROWS})
        if not deleted:
            return
