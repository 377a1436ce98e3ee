"""Rows that several processes take from: each one by whoever comes first, and nobody waits."""

from typing import Any

from sqlalchemy import ColumnElement, select


def first_unclaimed(
    key: ColumnElement[Any],
    *,
    due: ColumnElement[bool],
    limit: int,
    order_by: ColumnElement[Any] | None = None,
) -> ColumnElement[bool]:
    """Return the condition under which an UPDATE or DELETE takes the first rows that are due and that no
    other transaction is taking; at most `limit`.

    The change must make them due no longer, or later: what is taken is free again as soon as it is committed.
    The rows are chosen in a CTE. PostgreSQL may run a plain subquery more than once, and take more than the
    limit (its documentation of UPDATE warns of it).
    """
    chosen = select(key).where(due).order_by(order_by).limit(limit).with_for_update(skip_locked=True).cte()
    return key.in_(select(*chosen.c))
