"""Months that begin on the day of the month on which something began."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta

import pytest
from billing.domain.month import Month, calendar_month, month_of
from hypothesis import given
from hypothesis import strategies as some


def at(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("anchor", "moment", "start", "end"),
    [
        ("2026-01-15 09:30", "2026-01-15 09:30", "2026-01-15 09:30", "2026-02-15 09:30"),
        ("2026-01-15 09:30", "2026-02-15 09:29:59", "2026-01-15 09:30", "2026-02-15 09:30"),
        ("2026-01-15 09:30", "2026-02-15 09:30", "2026-02-15 09:30", "2026-03-15 09:30"),
        # The 31st falls on the last day of a short month, and on the 31st again where there is one.
        ("2026-01-31 12:00", "2026-02-28 11:59", "2026-01-31 12:00", "2026-02-28 12:00"),
        ("2026-01-31 12:00", "2026-02-28 12:00", "2026-02-28 12:00", "2026-03-31 12:00"),
        ("2026-01-31 12:00", "2026-04-30 12:00", "2026-04-30 12:00", "2026-05-31 12:00"),
        ("2027-12-31 00:00", "2028-02-29 00:00", "2028-02-29 00:00", "2028-03-31 00:00"),
        # A leap day's months.
        ("2028-02-29 06:00", "2029-02-28 06:00", "2029-02-28 06:00", "2029-03-29 06:00"),
        # Over the turn of a year, and years later.
        ("2026-12-10 00:00", "2027-01-09 23:59", "2026-12-10 00:00", "2027-01-10 00:00"),
        ("2026-12-10 00:00", "2031-12-09 23:59", "2031-11-10 00:00", "2031-12-10 00:00"),
        # Before it began: the first one.
        ("2026-05-10 00:00", "2026-05-09 00:00", "2026-05-10 00:00", "2026-06-10 00:00"),
        ("2026-05-10 00:00", "2025-01-01 00:00", "2026-05-10 00:00", "2026-06-10 00:00"),
    ],
)
def test_the_month_that_a_moment_is_in(anchor: str, moment: str, start: str, end: str) -> None:
    """Its start is in it, its end is not."""
    assert month_of(at(anchor), at(moment)) == Month(at(start), at(end))


MOMENTS = some.integers(946_684_800_000_000, 4_102_444_800_000_000).map(
    lambda microseconds: datetime.fromtimestamp(0, UTC) + timedelta(microseconds=microseconds)
)


@given(MOMENTS, some.timedeltas(timedelta(0), timedelta(days=20_000)))
def test_months_follow_each_other_without_a_gap(anchor: datetime, later: timedelta) -> None:
    """Whenever it began: each moment is in one, the next begins where it ends, on the anchor's day."""
    moment = anchor + later
    month = month_of(anchor, moment)
    assert month.start <= moment < month.end
    assert month_of(anchor, month.end).start == month.end
    last_day = monthrange(month.start.year, month.start.month)[1]
    assert month.start.day == min(anchor.day, last_day)
    assert month.start.time() == anchor.time()


@pytest.mark.parametrize("moment", ["2026-12-01T00:00", "2026-12-31T23:59", "2027-01-01T00:59+01:00"])
def test_a_month_of_the_calendar_is_that_of_utc(moment: str) -> None:
    """Wherever the moment is told."""
    told = datetime.fromisoformat(moment)
    told = told if told.tzinfo else told.replace(tzinfo=UTC)
    december = Month(datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    assert calendar_month(told) == december
