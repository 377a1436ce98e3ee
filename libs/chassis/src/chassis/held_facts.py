"""Facts that could not be published: looked at, tried again or dropped by a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Row, Table, func, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.events import account_of
from chassis.outbox import WAKE, account_column

LIST_MAX = 1_000


@dataclass(frozen=True, kw_only=True)
class HeldFact:
    """A fact that could not be published, why, and how many of its account wait behind it."""

    event_id: str
    ce_type: str
    subject: str
    size_bytes: int
    error: str
    failures: int
    created_at: datetime
    retry_at: datetime
    waiting: int

    @property
    def account(self) -> str:
        """The account that waits."""
        return account_of(self.subject)


class HeldFacts:
    """The held facts of one service's outbox."""

    def __init__(self, engine: AsyncEngine, table: Table) -> None:
        self._engine = engine
        self._table = table
        self._held = table.c.retry_at.is_not(None)

    async def list(self) -> Sequence[HeldFact]:
        """Return them, the oldest first; at most `LIST_MAX`."""
        table, later = self._table, self._table.alias("later")
        waiting = (
            select(func.count())
            .where(later.c.id > table.c.id, account_column(later) == account_column(table))
            .correlate(table)
            .scalar_subquery()
        )
        query = select(table, func.length(table.c.payload).label("size"), waiting.label("waiting"))
        async with self._engine.begin() as connection:
            rows = await connection.execute(query.where(self._held).order_by(table.c.id).limit(LIST_MAX))
            return [_to_fact(row) for row in rows]

    async def drop(self, *, event_ids: Sequence[str] = (), account: str | None = None) -> Sequence[str]:
        """Delete held facts, by id or all of an account's; return their ids. No consumer hears of them.

        What waits behind them is published next.
        """
        chosen = self._chosen(event_ids, account)
        async with self._engine.begin() as connection:
            rows = await connection.execute(self._table.delete().where(chosen).returning(self._table.c.ce_id))
            await connection.execute(WAKE)
            return list(rows.scalars())

    async def retry(self, *, event_ids: Sequence[str] = (), account: str | None = None) -> Sequence[str]:
        """Let held facts be tried at once, as if for the first time; return their ids."""
        chosen = self._chosen(event_ids, account)
        async with self._engine.begin() as connection:
            rows = await connection.execute(
                self._table.update()
                .where(chosen)
                .values(failures=0, retry_at=func.now())
                .returning(self._table.c.ce_id)
            )
            await connection.execute(WAKE)
            return list(rows.scalars())

    def _chosen(self, event_ids: Sequence[str], account: str | None) -> ColumnElement[bool]:
        by_id = self._table.c.ce_id.in_(list(event_ids))
        return self._held & or_(by_id, account_column(self._table) == account)


def _to_fact(row: Row[tuple[object, ...]]) -> HeldFact:
    return HeldFact(
        event_id=row.ce_id,
        ce_type=row.ce_type,
        subject=row.subject,
        size_bytes=row.size,
        error=row.error,
        failures=row.failures,
        created_at=row.created_at,
        retry_at=row.retry_at,
        waiting=row.waiting,
    )
