"""What tests tell the time and make ids with."""

from datetime import timedelta

from chassis.testing.clock import START, HandClock
from chassis.testing.ids import CountingIds


def test_a_clock_stands_still_until_it_is_moved() -> None:
    """By a span, or by what makes one."""
    clock = HandClock()
    assert clock.now() == clock.now() == START
    clock.advance(90)
    clock.advance(minutes=1)
    clock.advance(timedelta(hours=1))
    assert clock.now() - START == timedelta(hours=1, minutes=1, seconds=90)


def test_ids_count_and_sort_by_when_they_were_made() -> None:
    """One count for all prefixes."""
    ids = CountingIds(digits=4)
    assert [ids.new("lot"), ids.new("res"), ids.new("lot")] == ["lot_0001", "res_0002", "lot_0003"]
    made = [ids.new("lot") for _ in range(12)]
    assert made == sorted(made)
    assert len(CountingIds(digits=32).new("lot")) == len("lot_") + 32
