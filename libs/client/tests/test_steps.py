"""How often and how late something is tried again: step by step, without any network or time."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from tintype_client import ApiError, ConnectionFailed, RateLimited, Retries, Unavailable, UnexpectedAnswer
from tintype_client.messages import Answer, Request
from tintype_client.steps import Pause, Send, Steps, send

GOOD = Answer(status=200, headers={}, content=b"{}")
BROKEN = ConnectionFailed("refused")
ASKED = Request(method="GET", path="/balance")


def refused(status: int, retry_after: str | None = None) -> Answer:
    """A refusal of the API."""
    headers = {} if retry_after is None else {"retry-after": retry_after}
    return Answer(status=status, headers=headers, content=b'{"reason": "X"}')


def taken(steps: Steps[Any], outcomes: Iterable[Answer | ConnectionFailed]) -> list[float]:
    """Let sends come out as said; return the pauses between. Raises what the steps raise."""
    coming, pauses = iter(outcomes), []
    try:
        step = next(steps)
        while True:
            if isinstance(step, Pause):
                pauses.append(step.delay_s)
                step = steps.send(None)
                continue
            assert isinstance(step, Send)
            outcome = next(coming)
            step = steps.throw(outcome) if isinstance(outcome, Exception) else steps.send(outcome)
    except StopIteration:
        assert next(coming, None) is None
        return pauses


def test_delays_double_and_are_bounded() -> None:
    """Half a second, one, two, four: each at most that, and at least half of it."""
    longest = Retries(jitter=lambda: 1)
    assert taken(send(ASKED, longest), [BROKEN] * 4 + [GOOD]) == [0.5, 1, 2, 4]
    shortest = Retries(jitter=lambda: 0)
    assert taken(send(ASKED, shortest), [refused(503)] * 4 + [GOOD]) == [0.25, 0.5, 1, 2]
    many = Retries(jitter=lambda: 1, attempts_max=9)
    assert taken(send(ASKED, many), [BROKEN] * 8 + [GOOD])[-2:] == [20, 20]


def test_the_apis_own_word_goes_before() -> None:
    """In seconds or as a date; whoever was told the same moment comes at different ones."""
    retries = Retries(jitter=lambda: 0.5)
    assert taken(send(ASKED, retries), [refused(429, "7"), GOOD]) == [7.25]
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    (pause_s,) = taken(send(ASKED, retries), [refused(503, date), GOOD])
    assert 25 < pause_s <= 30.25
    past = format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True)
    assert taken(send(ASKED, retries), [refused(503, past), GOOD]) == [0.25]


@pytest.mark.parametrize("said", ["soon", "-5", "1e9", "", "NaN", "٣"])
def test_a_word_that_is_none_is_passed_over(said: str) -> None:
    """What can't be read does not stop anything."""
    assert taken(send(ASKED, Retries(jitter=lambda: 1)), [refused(503, said), GOOD]) == [0.5]


def test_too_long_a_wait_is_the_callers_to_decide() -> None:
    """A limit of a day is raised at once, with when it ends."""
    with pytest.raises(RateLimited) as limited:
        taken(send(ASKED, Retries()), [refused(429, "61")])
    assert limited.value.retry_after_s == 61


def test_it_ends() -> None:
    """By the number of attempts, or because it would be too late."""
    with pytest.raises(Unavailable):
        taken(send(ASKED, Retries(attempts_max=1)), [refused(503)])
    with pytest.raises(ConnectionFailed):
        taken(send(ASKED, Retries()), [BROKEN] * 5)
    late = Retries(monotonic=lambda: 100).until(100.2)
    with pytest.raises(Unavailable):
        taken(send(ASKED, late), [refused(503)])


@pytest.mark.exhaustive
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 413, 415, 422, 500, 501])
def test_what_stays_so_is_not_tried_again(status: int) -> None:
    """The first answer is the last."""
    with pytest.raises(ApiError) as raised:
        taken(send(ASKED, Retries()), [refused(status)])
    assert (raised.value.status, raised.value.reason) == (status, "X")


def test_an_address_that_leads_elsewhere_is_told() -> None:
    """The key is not carried along to wherever that is."""
    with pytest.raises(UnexpectedAnswer, match="301"):
        taken(send(ASKED, Retries()), [refused(301)])
