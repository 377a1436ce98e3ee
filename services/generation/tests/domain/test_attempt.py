"""Attempts: what ending, putting down and taking make of a lease, and who may try next."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from generation.domain.attempt import Attempt, Outcome, providers_after
from generation.domain.generation import Failure
from generation.domain.identifiers import AccountId, AttemptId, GenerationId

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
EARLIER = NOW - timedelta(minutes=1)
RUNNING = Attempt(
    attempt_id=AttemptId("att_1"),
    generation_id=GenerationId("gen_1"),
    account_id=AccountId("usr_1"),
    number=1,
    provider="local",
    worker="w1",
    lease_until=NOW,
    started_at=EARLIER,
)


def test_a_fresh_attempt_runs_and_is_the_first_try() -> None:
    """A worker has it, so that a provider may know of it."""
    assert (RUNNING.outcome, RUNNING.submitted, RUNNING.tries) == (Outcome.RUNNING, True, 1)
    assert (RUNNING.not_before, RUNNING.finished_at, RUNNING.reason) == (None, None, None)


def test_an_end_keeps_why() -> None:
    """The word, and as much of the detail as is kept; it waits for nothing any more."""
    waiting = replace(RUNNING, not_before=LATER)
    ended = waiting.ended(Outcome.FAILED, now=NOW, failure=Failure("WHY", "x" * 501))
    assert ended == replace(RUNNING, outcome=Outcome.FAILED, reason="WHY", detail="x" * 500, finished_at=NOW)


def test_an_end_without_a_failure_has_no_reason() -> None:
    """Also after another one was noted."""
    ended = replace(RUNNING, reason="OLD").ended(Outcome.SUCCEEDED, now=NOW)
    assert (ended.outcome, ended.reason, ended.finished_at) == (Outcome.SUCCEEDED, None, NOW)
    assert not ended.detail


@pytest.mark.parametrize("submitted", [True, False])
@pytest.mark.parametrize(("interrupted", "tries"), [(False, 2), (True, 3)])
def test_what_is_put_down_is_nobodys_until_its_time(submitted: bool, interrupted: bool, tries: int) -> None:
    """Only an interruption uses up a try."""
    down = replace(RUNNING, tries=2).put_down(until=LATER, submitted=submitted, interrupted=interrupted)
    assert down == replace(RUNNING, lease_until=LATER, not_before=LATER, submitted=submitted, tries=tries)


def test_putting_down_is_no_interruption_unless_it_is_said() -> None:
    """It waits by its own will."""
    assert RUNNING.put_down(until=LATER, submitted=True).tries == 1


def test_what_was_put_down_is_taken_without_losing_a_try() -> None:
    """It goes on from when it began, where a provider may know of it."""
    taken = RUNNING.put_down(until=NOW, submitted=True).taken(worker="w2", now=NOW, lease_until=LATER)
    assert taken == replace(RUNNING, worker="w2", lease_until=LATER)


def test_what_lost_its_worker_loses_a_try() -> None:
    """Nobody put it down."""
    taken = RUNNING.taken(worker="w2", now=NOW, lease_until=LATER)
    assert taken == replace(RUNNING, worker="w2", lease_until=LATER, tries=2)


def test_a_try_begins_when_a_worker_takes_it_first() -> None:
    """Until then no provider can know of it."""
    fresh = replace(RUNNING, submitted=False, not_before=NOW)
    taken = fresh.taken(worker="w2", now=NOW, lease_until=LATER)
    assert (taken.started_at, taken.submitted, taken.tries, taken.not_before) == (NOW, True, 1, None)


@pytest.mark.parametrize(
    ("provider", "outcome", "order"),
    [
        ("a", Outcome.FAILED, ("b", "c", "a")),
        ("b", Outcome.FAILED, ("c", "a", "b")),
        ("c", Outcome.FAILED, ("a", "b", "c")),
        ("a", Outcome.LOST, ("a", "b", "c")),
        ("b", Outcome.LOST, ("b", "c", "a")),
        ("c", Outcome.LOST, ("c", "a", "b")),
    ],
)
def test_a_failure_goes_on_and_a_lost_run_stays(
    provider: str, outcome: Outcome, order: tuple[str, ...]
) -> None:
    """Nobody is left out; whoever failed comes last."""
    attempt = replace(RUNNING, provider=provider)
    assert providers_after(("a", "b", "c"), attempt, outcome=outcome) == order
