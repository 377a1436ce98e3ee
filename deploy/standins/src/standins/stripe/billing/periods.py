"""Billing periods: whole intervals counted from an anchor, in UTC."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta

from standins.stripe.store import Document

DAY_S = 86_400
PERIODS_MAX = 4_000
_MONTHS = {"month": 1, "year": 12}
_DAYS = {"day": 1, "week": 7}


def intervals_after(anchor: int, recurring: Document, count: int) -> int:
    """Return the moment that many intervals after the anchor.

    A day that a month does not have becomes its last day; later periods come back to the anchor's day.
    """
    start = datetime.fromtimestamp(anchor, UTC)
    steps = recurring["interval_count"] * count
    if recurring["interval"] in _DAYS:
        return int((start + timedelta(days=_DAYS[recurring["interval"]] * steps)).timestamp())
    months = start.year * 12 + start.month - 1 + _MONTHS[recurring["interval"]] * steps
    year, month = months // 12, months % 12 + 1
    day = min(start.day, monthrange(year, month)[1])
    return int(start.replace(year=year, month=month, day=day).timestamp())


def period_end(anchor: int, recurring: Document, start: int) -> int:
    """Return when a period that begins at `start` ends: the first of the anchor's moments after it."""
    if start < anchor:
        return anchor
    for count in range(1, PERIODS_MAX):
        end = intervals_after(anchor, recurring, count)
        if end > start:
            return end
    raise ValueError("the period lies too far from its anchor")


def interval_s(recurring: Document) -> int:
    """Return about how long an interval is, to compare two."""
    days = {**_DAYS, "month": 30, "year": 365}
    return int(days[recurring["interval"]] * recurring["interval_count"] * DAY_S)
