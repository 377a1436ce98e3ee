"""Which relay publishes which accounts: shards of the outbox, each led by one relay at a time."""

import math
import random

from prometheus_client import Gauge
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

SHARDS = 8
# Any numbers that nothing else in the same database locks: one for being there, one for each shard.
_PRESENCE_LOCK = 7_305_202_600
_SHARD_LOCK = 7_305_202_610
_SHARDS_LED = Gauge("outbox_shards", "Shards of the outbox that this process publishes")

# A bigint lock shows as two halves in pg_locks. Whether anything waits costs nothing more here; most often
# nothing does.
_STANDING = text(
    f"""
    SELECT count(*) AS relays, EXISTS (SELECT FROM outbox) AS waits
      FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND classid::bigint = {_PRESENCE_LOCK >> 32} AND objid::bigint = {_PRESENCE_LOCK & 0xFFFFFFFF}
    """  # noqa: S608 - our own constants
)


class Shards:
    """The shards that this relay leads, locked by one session."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.led: frozenset[int] = frozenset()

    async def arrive(self) -> None:
        """Be counted by the other relays."""
        await self._connection.execute(text(f"SELECT pg_advisory_lock_shared({_PRESENCE_LOCK})"))

    async def share(self) -> bool:
        """Give up shards when there are more relays than before, take free ones when there are fewer.

        Return whether anything waits in the outbox, whoever leads its shard.
        """
        standing = (await self._connection.execute(_STANDING)).one()
        share = math.ceil(SHARDS / max(1, standing.relays))
        led = set(self.led)
        for shard in sorted(led)[share:]:
            await self._connection.execute(text(f"SELECT pg_advisory_unlock({_SHARD_LOCK + shard})"))
            led.discard(shard)
        for shard in random.sample(range(SHARDS), SHARDS):
            if len(led) >= share:
                break
            lock = text(f"SELECT pg_try_advisory_lock({_SHARD_LOCK + shard})")
            if shard not in led and await self._connection.scalar(lock):
                led.add(shard)
        self.led = frozenset(led)
        _SHARDS_LED.set(len(led))
        return bool(standing.waits)

    async def leave(self) -> None:
        """Give everything up."""
        self.led = frozenset()
        _SHARDS_LED.set(0)
        await self._connection.execute(text("SELECT pg_advisory_unlock_all()"))
