"""Budgets' periods: their first day, and the first day after."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from ledger.domain.budget import BudgetPeriod

TOTAL, DAY, MONTH = BudgetPeriod


@pytest.mark.parametrize(
    ("now", "day", "month"),
    [
        (datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC), date(2026, 1, 31), date(2026, 1, 1)),
        (datetime(2026, 2, 1, tzinfo=UTC), date(2026, 2, 1), date(2026, 2, 1)),
        # In UTC it is still February.
        (datetime(2026, 3, 1, 1, tzinfo=timezone(timedelta(hours=2))), date(2026, 2, 28), date(2026, 2, 1)),
    ],
)
def test_a_period_begins_with_the_calendars_in_utc(now: datetime, day: date, month: date) -> None:
    """Whatever zone the clock is in; what counts for ever began before everything."""
    assert (DAY.starts_on(now), MONTH.starts_on(now)) == (day, month)
    assert TOTAL.starts_on(now) == date(1970, 1, 1)


@pytest.mark.parametrize(
    ("first", "after"),
    [
        (date(2026, 1, 1), date(2026, 2, 1)),
        (date(2026, 2, 1), date(2026, 3, 1)),
        (date(2028, 2, 1), date(2028, 3, 1)),
        (date(2026, 4, 1), date(2026, 5, 1)),
        (date(2026, 12, 1), date(2027, 1, 1)),
    ],
)
def test_a_month_ends_with_the_next(first: date, after: date) -> None:
    """Long ones, short ones, and December."""
    assert MONTH.ends_on(first) == after


def test_a_day_ends_with_the_next_and_for_ever_never() -> None:
    """The last of a year too."""
    assert DAY.ends_on(date(2026, 12, 31)) == date(2027, 1, 1)
    assert TOTAL.ends_on(date(1970, 1, 1)) is None
