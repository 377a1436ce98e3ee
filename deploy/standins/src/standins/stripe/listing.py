"""List objects with cursors and filters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from standins.stripe.account import Change
from standins.stripe.parameters import ListParameters, Range
from standins.stripe.store import Document, conditions, public

COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def list_object(url: str, documents: list[Document], *, has_more: bool = False) -> Document:
    """Wrap documents in Stripe's list object."""
    return {"object": "list", "data": [public(item) for item in documents], "has_more": has_more, "url": url}


def page(
    change: Change,
    kind: str,
    url: str,
    params: ListParameters,
    where: Mapping[str, Any] | None = None,
    *,
    off_clocks: bool = False,
) -> Document:
    """One page of a kind, newest first, cut by the cursors and filtered by the given fields.

    A filter's value may be a list of accepted values; None means that the caller did not filter. `off_clocks`
    leaves out what lives by a test clock.
    """
    fields = {
        name: value if isinstance(value, list) else [value]
        for name, value in (where or {}).items()
        if value is not None
    }
    sql, values = conditions(fields)
    if off_clocks:
        sql += " AND json_extract(body, '$.test_clock') IS NULL"
    for clause, value in _created(params):
        sql += clause
        values.append(value)
    backwards = params.ending_before is not None
    if cursor := params.starting_after or params.ending_before:
        sql += f" AND seq {'>' if backwards else '<'} ?"
        values.append(_position(change, kind, cursor, backwards=backwards))
    rows = change.store.sql.execute(
        f"SELECT id FROM objects WHERE kind = ?{sql} ORDER BY seq {'ASC' if backwards else 'DESC'} LIMIT ?",  # noqa: S608
        (kind, *values, params.limit + 1),
    ).fetchall()
    found = [change.require(kind, row["id"]) for row in rows[: params.limit]]
    return list_object(url, found[::-1] if backwards else found, has_more=len(rows) > params.limit)


def _created(params: ListParameters) -> list[tuple[str, int]]:
    if isinstance(params.created, Range):
        bounds = params.created.model_dump(exclude_none=True)
        return [(f" AND created {COMPARISONS[name]} ?", value) for name, value in bounds.items()]
    return [] if params.created is None else [(" AND created = ?", params.created)]


def _position(change: Change, kind: str, cursor: str, *, backwards: bool) -> int:
    change.require(kind, cursor, param="ending_before" if backwards else "starting_after")
    row = change.store.sql.execute("SELECT seq FROM objects WHERE id = ?", (cursor,)).fetchone()
    return int(row["seq"])
