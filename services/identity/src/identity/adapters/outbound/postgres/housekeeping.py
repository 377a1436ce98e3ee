"""Clearing away what nobody can use any more."""

from chassis.postgres import SYSTEM_SCOPE, transaction
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

_BATCH_ROWS = 1_000
_BATCHES_MAX = 20


async def forget_expired(engine: AsyncEngine) -> None:
    """Delete tokens, sessions and finished mails that ended a month ago, and what waits a day ago.

    In short transactions. The database decides what is old enough: the service's role has no right to delete
    these by itself.
    """
    for forget in ("forget_expired", "forget_flows"):
        await _forget(engine, forget)
    async with transaction(engine, SYSTEM_SCOPE) as connection:
        for table in ("invitations", "sign_in_challenges", "passkey_ceremonies"):
            await connection.execute(
                text(f"DELETE FROM {table} WHERE expires_at < now() - interval '1 day'")  # noqa: S608 - ours
            )


async def _forget(engine: AsyncEngine, function: str) -> None:
    for _ in range(_BATCHES_MAX):
        async with transaction(engine, SYSTEM_SCOPE) as connection:
            deleted = await connection.scalar(text(f"SELECT {function}(:rows)"), {"rows": _BATCH_ROWS})
        if not deleted:
            return
