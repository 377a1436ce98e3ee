"""A job's states: where it may go, and that its end is final."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from generation.domain.errors import GenerationFinished, GenerationRunning
from generation.domain.generation import Failure, Generation, Status
from generation.domain.identifiers import AccountId, GenerationId, ModelId, ReservationId
from generation.domain.model import Modality
from generation.domain.pricing import Price
from generation.domain.settlement import Decision, settlement_of

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HELD = ReservationId("res_1")
NEW = Generation(
    generation_id=GenerationId("gen_1"),
    account_id=AccountId("usr_1"),
    model_id=ModelId("local/sketch"),
    modality=Modality.IMAGE,
    input={},
    provider_order=("local",),
    price=Price(credits=20, units=4, breakdown=""),
    idempotency_key="k",
    fingerprint="f",
    created_at=NOW,
    deadline_at=NOW + timedelta(hours=1),
)
QUEUED = NEW.funded(HELD, now=NOW)
RUNNING = QUEUED.started(now=NOW, deadline_at=NOW + timedelta(minutes=2))
ENDS = [
    NEW.rejected(available=3, now=NOW),
    QUEUED.cancelled(now=NOW),
    RUNNING.succeeded(delivered_units=3, now=NOW),
    RUNNING.failed(Failure("WHY", ""), now=NOW),
]


@pytest.mark.exhaustive
@pytest.mark.parametrize("ended", ENDS, ids=lambda job: job.status)
@pytest.mark.parametrize(
    "change",
    [
        lambda job: job.succeeded(delivered_units=4, now=NOW),
        lambda job: job.failed(Failure("LATE", ""), now=NOW),
        lambda job: job.started(now=NOW, deadline_at=NOW),
    ],
)
def test_an_end_is_final(ended: Generation, change: Callable[[Generation], Generation]) -> None:
    """Whatever comes second is refused."""
    with pytest.raises(GenerationFinished):
        change(ended)


@pytest.mark.parametrize("ended", ENDS, ids=lambda job: job.status)
def test_credits_add_up(ended: Generation) -> None:
    """What was reserved is charged or comes back, whole."""
    assert ended.credits_reserved == ended.credits_charged + ended.credits_refunded
    assert ended.credits_charged == (15 if ended.status is Status.SUCCEEDED else 0)


def test_a_reservation_is_written_down_once() -> None:
    """The second to hear of it changes nothing, wherever the job is by then."""
    for job in (QUEUED, RUNNING, *ENDS[1:]):
        assert job.funded(HELD, now=NOW) == job


def test_a_late_reservation_does_not_revive_a_job() -> None:
    """The job stays as it ended, and now knows what has to be given back."""
    given_up = NEW.failed(Failure("LEDGER_UNAVAILABLE", ""), now=NOW)
    late = given_up.funded(HELD, now=NOW)
    assert (late.status, late.reservation_id, late.credits_refunded) == (Status.FAILED, HELD, 20)


def test_a_late_refusal_changes_nothing() -> None:
    """A job that runs holds its credits."""
    assert RUNNING.rejected(available=0, now=NOW) == RUNNING


def test_a_refusal_for_a_debt_says_so() -> None:
    """Buying a little more than the job needs would not help, so the amount that is owed is named."""
    rejected = NEW.rejected(available=0, owed=70, now=NOW)
    assert rejected.failure is not None
    assert rejected.failure.detail.startswith("20 credits are needed and 0 are available; 70 are owed")


def test_a_cancel_waits_for_the_ledger() -> None:
    """A job that reserves ends as soon as it is known what it holds."""
    asked = NEW.cancel(now=NOW)
    assert (asked.status, asked.cancel_requested) == (Status.RESERVING, True)
    assert asked.funded(HELD, now=NOW).status is Status.CANCELLED
    assert asked.rejected(available=0, now=NOW).status is Status.REJECTED


def test_a_running_job_is_not_deleted() -> None:
    """It has to end first."""
    for job in (NEW, QUEUED, RUNNING):
        with pytest.raises(GenerationRunning):
            job.deleted(now=NOW)


def test_the_ledger_is_told_what_to_do() -> None:
    """Hold while it runs, take what was delivered, else give back."""
    assert settlement_of(RUNNING).decision is Decision.PENDING
    assert [settlement_of(job).decision for job in ENDS] == [
        Decision.REFUND,
        Decision.REFUND,
        Decision.CHARGE,
        Decision.REFUND,
    ]
    assert settlement_of(ENDS[2]).charge_credits == 15


@pytest.mark.parametrize(("until_s", "moved_s"), [(30, 30), (0, 0), (-30, 0)])
def test_whoever_waits_in_a_queue_has_as_much_time_afterwards(until_s: float, moved_s: float) -> None:
    """Never less than before; nothing else changes."""
    started = replace(NEW, status=Status.PROCESSING, started_at=NOW, reservation_id=HELD)
    waited = started.waited(until=NOW + timedelta(seconds=until_s), now=NOW)
    assert waited == replace(started, deadline_at=started.deadline_at + timedelta(seconds=moved_s))
