"""Places in the queue, and times that are to be expected."""

from datetime import timedelta

import pytest
from generation.domain.generation import Status
from generation.domain.identifiers import GenerationId
from generation.domain.waiting import COUNTED_MAX, expected_ready_at, queue_position, usual_duration_s
from generation_rows import NOW, job, running


def named(*numbers: int) -> list[GenerationId]:
    """Ids in this order."""
    return [GenerationId(f"gen_{number:032x}") for number in numbers]


@pytest.mark.parametrize(("number", "place"), [(1, 1), (2, 1), (4, 2), (6, 3), (9, 4)])
def test_a_place_is_counted_from_one(number: int, place: int) -> None:
    """A job that came after the queue was read stands behind it."""
    assert queue_position(named(number)[0], named(2, 4, 6)) == place


def test_a_place_far_behind_is_not_counted() -> None:
    """It is told as one more than what is counted, however many there are."""
    queue = named(*range(1, 200))
    assert queue_position(named(COUNTED_MAX)[0], queue) == COUNTED_MAX
    assert queue_position(named(COUNTED_MAX + 1)[0], queue) == COUNTED_MAX + 1
    assert queue_position(named(199)[0], queue) == COUNTED_MAX + 1


def test_a_few_jobs_say_nothing() -> None:
    """Of four nobody takes a median; of five it is the middle one, whatever the longest took."""
    assert usual_duration_s([1, 2, 3, 4]) is None
    assert usual_duration_s([2, 1, 900, 3, 4]) == 3


def test_only_what_runs_is_expected() -> None:
    """A job that waits or ended has no such time, nor has one of a model that nobody knows."""
    assert expected_ready_at(running(), 8) == NOW + timedelta(seconds=8)
    assert expected_ready_at(running(), None) is None
    assert expected_ready_at(job(), 8) is None
    ended = running(finished_at=NOW)
    assert expected_ready_at(ended.cancelled(now=NOW), 8) is None
    assert ended.cancelled(now=NOW).status is Status.CANCELLED
