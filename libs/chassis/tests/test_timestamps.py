"""Moments as protobuf has them, there and back."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from chassis.timestamps import moment, to_datetime, to_timestamp
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.interval_pb2 import Interval
from hypothesis import given
from hypothesis import strategies as st

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
# A day from both ends, so that no zone leads out of what Python can tell.
FIRST, LAST = (
    when.replace(tzinfo=None) for when in (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC))
)
WHEN = datetime(2026, 11, 28, 12, 30, 0, 125_000, UTC)
MOMENTS = st.datetimes(FIRST, LAST, timezones=ZONES)


@given(MOMENTS)
def test_a_moment_comes_back_in_utc(when: datetime) -> None:
    """To the microsecond, from the first year to the last, before 1970 too."""
    back = to_datetime(to_timestamp(when))
    assert back == when
    assert back.tzinfo is UTC


@given(MOMENTS)
def test_it_is_what_the_library_makes_of_it(when: datetime) -> None:
    """Only sooner."""
    slow = Timestamp()
    slow.FromDatetime(when)
    assert to_timestamp(when) == slow


def test_a_field_that_is_not_set_is_none() -> None:
    """A span of time has two."""
    span = Interval(start_time=to_timestamp(WHEN))
    assert moment(span, "start_time") == WHEN
    assert moment(span, "end_time") is None
    assert to_timestamp(None) is None


def test_a_moment_of_no_zone_is_refused() -> None:
    """It could be any of two dozen."""
    with pytest.raises(TypeError):
        to_timestamp(WHEN.replace(tzinfo=None))


def test_what_is_no_moment_is_refused() -> None:
    """A message may hold any numbers."""
    with pytest.raises(ValueError):  # noqa: PT011 - protobuf's texts vary
        to_datetime(Timestamp(seconds=10**12))
