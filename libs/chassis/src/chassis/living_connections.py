"""Pooled connections that may be used at once: only one with something to say is asked whether it lives.

PostgreSQL says nothing to a connection that nobody uses, until it ends it: by a last message, or by closing
it. The system knows of either without a round trip, where SQLAlchemy's `pool_pre_ping` makes one for each
transaction.
"""

import select
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine


def ping_only_who_speaks(engine: AsyncEngine) -> None:
    """Have a pool that pings before it gives a connection out ping those alone that may have ended."""
    dialect = engine.sync_engine.dialect
    ping = dialect.do_ping

    def ping_if_needed(dbapi_connection: Any) -> bool:
        # What is said may be harmless, such as a setting that was changed: the answer tells.
        return not _has_something_to_say(dbapi_connection.driver_connection) or ping(dbapi_connection)

    dialect.do_ping = ping_if_needed  # type: ignore[method-assign]


def _has_something_to_say(connection: Any) -> bool:
    if connection.closed:
        return True
    # Not `select`: it knows no descriptors above 1023.
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    return bool(waiting.poll(0))
