"""Months that begin on the day of the month on which something began. Pure."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime

_CALENDAR = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Month:
    """From a moment until the same moment of the next month, which is no part of it."""

    start: datetime
    end: datetime


def month_of(anchor: datetime, moment: datetime) -> Month:
    """Return the month since `anchor` that a moment is in; the first one for a moment before it.

    A month that has no such day begins on its last one, and those after it on the anchor's day again: the
    31st of January, the 28th of February, the 31st of March.
    """
    number = max(0, (moment.year - anchor.year) * 12 + moment.month - anchor.month)
    if number and _start(anchor, number) > moment:
        number -= 1
    return Month(_start(anchor, number), _start(anchor, number + 1))


def calendar_month(moment: datetime) -> Month:
    """Return the month of the calendar that a moment is in, UTC."""
    return month_of(_CALENDAR, moment.astimezone(UTC))


def _start(anchor: datetime, number: int) -> datetime:
    """Return when the month begins that is so many after the anchor's."""
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + number, 12)
    day = min(anchor.day, monthrange(year, month + 1)[1])
    return anchor.replace(year=year, month=month + 1, day=day)
