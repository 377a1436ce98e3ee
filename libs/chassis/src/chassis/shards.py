"""Which relay publishes which accounts: shards of the outbox, each led by one relay at a time.

Two relays lead all of them, and whoever else is there stands by: each that leads reads the outbox for itself,
and has a batch of its own stored, for commits that are most often of several accounts. While so many facts
wait that two may not come by, all relays share the shards.
"""

import math
import random
from collections.abc import Sequence
from typing import Any, LiteralString

from prometheus_client import Gauge

from chassis.pipeline import Pipeline

SHARDS = 8
LEADERS_MAX = 2
# A window of the relay.
CROWD = 2_000
# Any numbers that nothing else in the same database locks: one for being there, one for each shard.
_PRESENCE_LOCK = 7_305_202_600
_SHARD_LOCK = 7_305_202_610
_SHARDS_LED = Gauge("outbox_shards", "Shards of the outbox that this process publishes")

# A bigint lock shows as two halves in pg_locks. Which shards somebody has and whether anything waits cost
# nothing more here; most often all are led, and nothing waits.
_HALF = 0xFFFFFFFF
_STANDING = f"""
    SELECT count(*) FILTER (WHERE objid::bigint = {_PRESENCE_LOCK & _HALF}) AS relays,
           coalesce(array_agg(objid::bigint - {_SHARD_LOCK & _HALF})
                    FILTER (WHERE objid::bigint <> {_PRESENCE_LOCK & _HALF}), '{{}}') AS taken,
           coalesce(array_agg(pid ORDER BY objid::bigint)
                    FILTER (WHERE objid::bigint <> {_PRESENCE_LOCK & _HALF}), '{{}}') AS leading,
           (SELECT count(*) FROM (SELECT FROM outbox LIMIT {CROWD}) AS crowd) AS waiting,
           pg_backend_pid() AS me
      FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND classid::bigint = {_PRESENCE_LOCK >> 32}
       AND (objid::bigint = {_PRESENCE_LOCK & _HALF}
            OR objid::bigint BETWEEN {_SHARD_LOCK & _HALF} AND {(_SHARD_LOCK & _HALF) + SHARDS - 1})
"""  # noqa: S608 - our own constants


class Shards:
    """The shards that this relay leads, locked by one session, which begins no transactions."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self.led: frozenset[int] = frozenset()

    async def arrive(self) -> None:
        """Be counted by the other relays."""
        await self._asked("SELECT pg_advisory_lock_shared(%s)", [_PRESENCE_LOCK])

    async def share(self) -> bool:
        """Give up shards when there are more leaders than before, take free ones when there are fewer.

        Return whether anything waits in the outbox, whoever leads its shard.
        """
        standing = await self._asked(_STANDING)
        taken, share = standing.taken, _share(standing)
        led = set(self.led)
        for shard in sorted(led)[share:]:
            await self._asked("SELECT pg_advisory_unlock(%s)", [_SHARD_LOCK + shard])
            led.discard(shard)
        # Of those that nobody has: another may be faster.
        free = set(range(SHARDS)) - {int(shard) for shard in taken} - led
        for shard in random.sample(sorted(free), len(free)):
            if len(led) >= share:
                break
            if (await self._asked("SELECT pg_try_advisory_lock(%s)", [_SHARD_LOCK + shard]))[0]:
                led.add(shard)
        self.led = frozenset(led)
        _SHARDS_LED.set(len(led))
        return bool(standing.waiting)

    async def _asked(self, statement: LiteralString, values: Sequence[int] = ()) -> Any:
        rows = self._pipeline.ask(statement, values)
        await self._pipeline.answers()
        return rows[0]

    async def leave(self) -> None:
        """Give everything up."""
        self.led = frozenset()
        _SHARDS_LED.set(0)
        await self._asked("SELECT pg_advisory_unlock_all()")


def _share(standing: Any) -> int:
    """Return how many shards this relay may lead: none, where others are enough."""
    relays = max(1, standing.relays)
    leaders = relays if standing.waiting >= CROWD else min(relays, LEADERS_MAX)
    # Everybody sees the same order, that of the lowest shard that each has.
    first = list(dict.fromkeys(standing.leading))[:leaders]
    return math.ceil(SHARDS / leaders) if standing.me in first or len(first) < leaders else 0
