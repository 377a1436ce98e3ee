"""Polar's numbered pages, which shift while they are read: nothing is read twice, nothing is missed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from billing.adapters.outbound.polar import lists
from billing.adapters.outbound.polar.lists import read_page
from billing.domain.errors import PaymentProcessorUnavailable, UnknownToProcessor
from polar.v2026_10.outputs import Pagination

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Listed:
    """An object of a list."""

    id: str
    created_at: str


@dataclass
class Page:
    """A page as Polar answers it."""

    items: list[Listed]
    pagination: Pagination


class Growing:
    """A list of pages of two, newest first."""

    def __init__(self, count: int) -> None:
        self.made: list[Listed] = []
        self.asked: list[int] = []
        for _ in range(count):
            self.grow()

    def grow(self) -> None:
        moment = BEGAN + timedelta(hours=len(self.made))
        self.made.append(Listed(f"n{len(self.made)}", moment.isoformat()))

    async def page(self, number: int) -> Page:
        self.asked.append(number)
        newest = self.made[::-1]
        items = newest[(number - 1) * 2 : number * 2]
        return Page(items, Pagination(total_count=len(newest), max_page=-(-len(newest) // 2)))


async def read(growing: Growing, after: str | None, since: datetime = BEGAN) -> tuple[list[str], str | None]:
    """Read one page; return ids, and where it goes on."""
    found, next_after = await read_page(growing.page, since=since, after=after)
    return [listed.id for listed in found], next_after


@pytest.mark.parametrize("made_meanwhile", range(6))
async def test_what_is_made_meanwhile_shifts_nothing_out_of_sight(made_meanwhile: int) -> None:
    """However many were made between two pages; what is new is another reading's."""
    growing = Growing(5)
    seen, after = await read(growing, None)
    assert seen == ["n4", "n3"]
    for _ in range(made_meanwhile):
        growing.grow()
    while after is not None:
        part, after = await read(growing, after)
        seen += part
    assert seen == ["n4", "n3", "n2", "n1", "n0"]


async def test_a_reading_ends_where_it_is_old_enough() -> None:
    """Without asking for the pages behind."""
    growing = Growing(9)
    assert await read(growing, None, since=BEGAN + timedelta(hours=8)) == (["n8"], None)
    assert growing.asked == [1]
    assert await read(Growing(0), None) == ([], None)


async def test_an_end_is_told_from_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """A place that nobody wrote is unknown; a list that outruns its reader passes."""
    for place in ("gone", "1 yesterday n1", "x 2026-01-01T00:00:00+00:00 n1"):
        with pytest.raises(UnknownToProcessor):
            await read(Growing(3), place)
    monkeypatch.setattr(lists, "SHIFTED_PAGES_MAX", 1)
    growing = Growing(4)
    _, after = await read(growing, None)
    for _ in range(4):
        growing.grow()
    with pytest.raises(PaymentProcessorUnavailable):
        await read(growing, after)
