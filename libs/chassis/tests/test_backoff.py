"""The delays after failures in a row."""

from chassis.backoff import backoff_s, jittered
from hypothesis import given
from hypothesis import strategies as st


def test_each_failure_doubles_the_delay_up_to_its_bound() -> None:
    """The first waits as long as none."""
    delays = [backoff_s(failures, first_s=0.5, max_s=6) for failures in range(8)]
    assert delays == [0.5, 0.5, 1, 2, 4, 6, 6, 6]


@given(st.integers(0, 10**9), st.floats(0.001, 60), st.floats(60, 10**6))
def test_an_outage_of_years_overflows_nothing(failures: int, first_s: float, max_s: float) -> None:
    """A loop that never ends counts for ever."""
    assert first_s <= backoff_s(failures, first_s=first_s, max_s=max_s) <= max_s


def test_those_who_failed_together_come_back_apart() -> None:
    """Within the second half of the delay, and not all at once."""
    delays = {jittered(8) for _ in range(100)}
    assert all(4 <= delay <= 8 for delay in delays)
    assert len(delays) > 1
