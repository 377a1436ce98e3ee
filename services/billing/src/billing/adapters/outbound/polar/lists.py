"""Polar's lists: numbered pages, newest first, which shift while they are read.

What was made meanwhile pushes the rest down: a place is the page and the last that was read of it, so that
nothing is read twice. Nothing of a list is ever deleted, so nothing is missed.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, Self, TypeVar

from polar.v2026_10 import outputs

from billing.domain.errors import PaymentProcessorUnavailable, UnknownToProcessor

PAGE_MAX = 100
EVER = datetime(2000, 1, 1, tzinfo=UTC)
SHIFTED_PAGES_MAX = 100


class Made(Protocol):
    """What lists hold."""

    id: str
    created_at: str


M = TypeVar("M", bound=Made)


class Numbered(Protocol[M]):
    """One page as Polar answers it."""

    items: list[M]
    pagination: outputs.Pagination


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a list goes on."""

    page: int
    created_at: datetime
    object_id: str

    @classmethod
    def parsed(cls, text: str) -> Self:
        """Read what `written` wrote. Raises UnknownToProcessor for anything else."""
        try:
            page, created_at, object_id = text.split(" ")
            return cls(page=int(page), created_at=datetime.fromisoformat(created_at), object_id=object_id)
        except ValueError:
            raise UnknownToProcessor("the payment processor's list has no such place") from None

    def written(self) -> str:
        """Return it as text."""
        return f"{self.page} {self.created_at.isoformat()} {self.object_id}"

    def rest_of(self, items: Sequence[M]) -> Sequence[M]:
        """Return what comes after this place."""
        for number, listed in enumerate(items):
            if listed.id == self.object_id:
                return items[number + 1 :]
        return [listed for listed in items if made_at(listed) <= self.created_at]


def made_at(listed: Made) -> datetime:
    """Return when an object was made."""
    return datetime.fromisoformat(listed.created_at)


async def read_page(
    page_of: Callable[[int], Awaitable[Numbered[M]]], *, since: datetime, after: str | None
) -> tuple[Sequence[M], str | None]:
    """Return what follows in a list, down to a moment, and where it goes on; None at its end."""
    place = None if after is None else Place.parsed(after)
    first = 1 if place is None else place.page + 1
    for page in range(first, first + SHIFTED_PAGES_MAX):
        found = await page_of(page)
        rest = found.items if place is None else place.rest_of(found.items)
        is_last = page >= found.pagination.max_page
        if not rest and not is_last:
            # All of it was read before it was pushed down to here.
            continue
        recent = [listed for listed in rest if made_at(listed) >= since]
        if is_last or len(recent) < len(rest):
            return recent, None
        last = recent[-1]
        return recent, Place(page=page, created_at=made_at(last), object_id=last.id).written()
    raise PaymentProcessorUnavailable("the payment processor's list grows faster than it is read")
