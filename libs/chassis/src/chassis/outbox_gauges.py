"""How much waits in the outbox, told by the database itself: whatever becomes of the relay, it stays true."""

import asyncio
import time
from typing import Any

import structlog
from prometheus_client import Gauge
from sqlalchemy import Select, Table, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.outbox import account_column
from chassis.process import raise_if_cancelled

_MEASURE_EVERY_S = 5.0
_MEASURE_TIMEOUT_S = 15.0
_BACKLOG_MAX = 100_000
_UNKNOWN = float("nan")

_OLDEST = Gauge("outbox_oldest_age_seconds", "Age of the oldest fact that waits; NaN when unknown")
_BACKLOG = Gauge("outbox_backlog_events", "Facts that wait, counted up to 100,000; NaN when unknown")
_HELD_BACK = Gauge(
    "outbox_held_back_accounts", "Accounts that wait for an unpublishable fact; NaN when unknown"
)
_UNPUBLISHABLE = Gauge("outbox_unpublishable_events", "Facts that can't be published; NaN when unknown")
_MEASURED = Gauge("outbox_measured_timestamp_seconds", "When the outbox was last measured")
_ALL = (_OLDEST, _BACKLOG, _HELD_BACK, _UNPUBLISHABLE)

log = structlog.get_logger(__name__)


class OutboxGauges:
    """Measures the whole outbox, whoever publishes it."""

    def __init__(self, engine: AsyncEngine, table: Table) -> None:
        self._engine = engine
        self._measured = _measured(table)

    async def run(self) -> None:
        """Measure until cancelled. What can't be measured is unknown, never zero."""
        for gauge in _ALL:
            gauge.set(_UNKNOWN)
        while True:
            raise_if_cancelled()
            try:
                async with asyncio.timeout(_MEASURE_TIMEOUT_S):
                    await self.measure()
            except Exception as failure:  # noqa: BLE001 - the gauges outlive the database
                for gauge in _ALL:
                    gauge.set(_UNKNOWN)
                log.warning("the outbox can't be measured", error=repr(failure))
            await asyncio.sleep(_MEASURE_EVERY_S)

    async def measure(self) -> None:
        """Measure once. Raises when the database is away."""
        async with self._engine.connect() as opened:
            connection = await opened.execution_options(isolation_level="AUTOCOMMIT")
            backlog, created_at, facts, accounts = (await connection.execute(self._measured)).one()
        _BACKLOG.set(backlog or 0)
        _OLDEST.set(max(0.0, time.time() - created_at.timestamp()) if created_at else 0.0)
        _HELD_BACK.set(accounts)
        _UNPUBLISHABLE.set(facts)
        _MEASURED.set(time.time())


def _measured(table: Table) -> Select[Any]:
    """Return the one statement that measures."""
    counted = select(table.c.id).limit(_BACKLOG_MAX).subquery()
    return select(
        select(func.count()).select_from(counted).scalar_subquery(),
        select(table.c.created_at).order_by(table.c.id).limit(1).scalar_subquery(),
        func.count(),
        func.count(account_column(table).distinct()),
    ).where(table.c.retry_at.is_not(None))
