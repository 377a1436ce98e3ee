"""A page of a list in memory that is told newest first."""

from collections.abc import Sequence
from typing import TypeVar

from gateway.domain.errors import FieldProblem, InvalidRequest
from gateway.domain.page import Page

Row = TypeVar("Row")


def newest_first(oldest_first: Sequence[Row], *, cursor: str | None, limit: int) -> Page[Row]:
    """Return the next part, the newest at its head. Raises InvalidRequest for what is no cursor."""
    start = _start(cursor)
    rows = list(reversed(oldest_first))
    more = len(rows) > start + limit
    return Page(items=rows[start : start + limit], next_cursor=str(start + limit) if more else None)


def _start(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isascii() or not cursor.isdigit():
        raise InvalidRequest("That is no cursor.", fields=[FieldProblem("cursor", "is no cursor")])
    return int(cursor)
