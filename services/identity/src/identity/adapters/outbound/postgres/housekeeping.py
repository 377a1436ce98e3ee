"""Clearing away what nobody can use any more."""

from chassis.postgres import SYSTEM_SCOPE, transaction
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

_BATCH_ROWS = 1_000
_BATCHES_MAX = 20


async def forget_expired(engine: AsyncEngine) -> None:
    """Delete tokens, sessions and finished mails that ended a month ago, in short transactions.

    The database decides what is old enough: the service's role has no right to delete by itself.
    """
    for _ in range(_BATCHES_MAX):
        async with transaction(engine, SYSTEM_SCOPE) as connection:
            deleted = await connection.scalar(text("SELECT forget_expired(:rows)"), {"rows": _BATCH_ROWS})
        if not deleted:
            return
