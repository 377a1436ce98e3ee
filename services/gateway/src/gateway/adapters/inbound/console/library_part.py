"""Which part of a library is asked for: its beginning, as far as somebody scrolled, or what comes next."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query

from gateway.adapters.inbound.console.library_query import PAGE_SIZE, SHOWN_MAX
from gateway.domain.page import LIMIT_MAX

CURSOR_LENGTH_MAX = 500
_DAY_LENGTH_MAX = 60


@dataclass(frozen=True, kw_only=True)
class LibraryPart:
    """What comes after `cursor`, `before` tiles and the heading of a day; at the beginning, `shown` tiles."""

    cursor: str | None
    before: int
    day: str
    shown: int

    @property
    def limits(self) -> Sequence[int]:
        """How many to ask for, one call after the other."""
        whole, rest = divmod(self.shown, LIMIT_MAX)
        return [LIMIT_MAX] * whole + [rest] * (rest > 0)


async def library_part(
    cursor: Annotated[str | None, Query(max_length=CURSOR_LENGTH_MAX)] = None,
    before: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    day: Annotated[str, Query(max_length=_DAY_LENGTH_MAX)] = "",
    shown: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> LibraryPart:
    """Read where to begin, and how much to show."""
    if cursor is not None:
        return LibraryPart(cursor=cursor, before=before, day=day, shown=PAGE_SIZE)
    return LibraryPart(cursor=None, before=0, day="", shown=min(max(shown, PAGE_SIZE), SHOWN_MAX))
