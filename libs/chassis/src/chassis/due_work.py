"""What is due, of several tables: looked for by one statement, in one round trip."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any, LiteralString, TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

from chassis import round_trips
from chassis.postgres import SYSTEM_SCOPE, transaction

# An index answers in a millisecond. A look that takes longer is given up, before it holds up the others'.
LOOK_MS = 2_000
_BOUND: LiteralString = "SELECT set_config('statement_timeout', %s, true)"
_Queue = TypeVar("_Queue", bound=StrEnum)


async def due_in(
    engine: AsyncEngine,
    queues: Collection[_Queue],
    is_due: Mapping[_Queue, LiteralString],
    values: Mapping[str, Any],
    *,
    look_ms: int = LOOK_MS,
) -> Collection[_Queue]:
    """Return those of the queues in which something is due, whoever's it is.

    A queue is named as its column in the answer; `is_due` has the query that finds a row then. Raises when
    one of them can't be looked at in time.
    """
    columns = ", ".join(f"EXISTS ({is_due[queue]}) AS {queue}" for queue in queues)
    async with transaction(engine, SYSTEM_SCOPE) as connection:
        way = round_trips.require(connection)
        way.later(_BOUND, (str(look_ms),))
        (row,) = await way.ask_and_commit("SELECT " + columns, values)
    return [queue for queue in queues if getattr(row, queue)]
