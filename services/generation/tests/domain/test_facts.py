"""Facts and outputs: what each says, field by field."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from generation.domain.events import (
    GenerationCancelled,
    GenerationFailed,
    GenerationQueued,
    GenerationSucceeded,
    queued,
    released,
    succeeded,
)
from generation.domain.generation import Failure, Generation, Status
from generation.domain.identifiers import AccountId, GenerationId, ModelId, OutputId, ReservationId
from generation.domain.model import Modality
from generation.domain.output import Output, object_key, thumbnail_key
from generation.domain.pricing import Price
from generation.domain.settlement import Decision, Settlement, settlement_of

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
ACCOUNT, JOB, HELD = AccountId("usr_1"), GenerationId("gen_1"), ReservationId("res_1")
NEW = Generation(
    generation_id=JOB,
    account_id=ACCOUNT,
    model_id=ModelId("local/sketch"),
    modality=Modality.IMAGE,
    input={},
    provider_order=("local",),
    price=Price(credits=20, units=4, breakdown=""),
    idempotency_key="k",
    fingerprint="f",
    created_at=NOW,
    deadline_at=LATER,
)
QUEUED = NEW.funded(HELD, now=NOW)
RUNNING = QUEUED.started(now=NOW, deadline_at=LATER)
COMMON = {"account_id": ACCOUNT, "generation_id": JOB, "occurred_at": LATER}


def test_a_queued_job_says_what_it_holds() -> None:
    """And which model it is of."""
    assert queued(QUEUED, now=LATER) == GenerationQueued(
        **COMMON, model_id=ModelId("local/sketch"), credits_reserved=20
    )


def test_a_delivery_says_what_it_takes() -> None:
    """Of which reservation, and for how many files."""
    done = RUNNING.succeeded(delivered_units=3, now=NOW)
    assert succeeded(done, output_count=3, now=LATER) == GenerationSucceeded(
        **COMMON, reservation_id=HELD, charge_credits=15, output_count=3
    )


def test_an_end_without_delivery_says_why() -> None:
    """A cancellation is no failure."""
    failed = RUNNING.failed(Failure("WHY", "because"), now=NOW)
    assert released(failed, now=LATER) == GenerationFailed(
        **COMMON, reservation_id=HELD, failure=Failure("WHY", "because")
    )
    cancelled = RUNNING.cancelled(now=NOW)
    assert released(cancelled, now=LATER) == GenerationCancelled(**COMMON, reservation_id=HELD)
    unexplained = released(replace(failed, failure=None), now=LATER)
    assert isinstance(unexplained, GenerationFailed)
    assert unexplained.failure.reason == "FAILED"


def test_each_state_of_a_job_field_by_field() -> None:
    """What a change does not concern stays."""
    assert (NEW.status, NEW.progress, NEW.credits_charged, NEW.cancel_requested) == (
        Status.RESERVING,
        0.0,
        0,
        False,
    )
    assert replace(NEW, status=Status.QUEUED, reservation_id=HELD) == QUEUED
    assert replace(QUEUED, status=Status.PROCESSING, started_at=NOW, deadline_at=LATER) == RUNNING
    assert RUNNING.succeeded(delivered_units=4, now=LATER) == replace(
        RUNNING, status=Status.SUCCEEDED, credits_charged=20, progress=1.0, finished_at=LATER
    )
    failure = Failure("WHY", "")
    assert RUNNING.failed(failure, now=LATER) == replace(
        RUNNING, status=Status.FAILED, failure=failure, finished_at=LATER
    )
    assert RUNNING.cancelled(now=LATER) == replace(
        RUNNING, status=Status.CANCELLED, cancel_requested=True, finished_at=LATER
    )
    rejected = NEW.rejected(available=3, now=LATER)
    assert rejected == replace(
        NEW,
        status=Status.REJECTED,
        available_credits=3,
        finished_at=LATER,
        failure=Failure("INSUFFICIENT_CREDITS", "20 credits are needed and 3 are available"),
    )


def test_credits_come_back_only_from_what_was_held_and_has_ended() -> None:
    """A running job has them all."""
    assert (NEW.credits_reserved, QUEUED.credits_reserved) == (0, 20)
    assert (QUEUED.credits_refunded, RUNNING.credits_refunded) == (0, 0)
    assert RUNNING.succeeded(delivered_units=1, now=NOW).credits_refunded == 15
    assert NEW.rejected(available=0, now=NOW).credits_refunded == 0


def test_a_cancel_ends_what_waits_and_asks_what_runs() -> None:
    """A job that was cancelled stays as it is; one that ended otherwise refuses (see above)."""
    assert QUEUED.cancel(now=LATER) == QUEUED.cancelled(now=LATER)
    assert RUNNING.cancel(now=LATER) == replace(RUNNING, cancel_requested=True)
    ended = QUEUED.cancelled(now=NOW)
    assert ended.cancel(now=LATER) is ended


def test_a_job_is_hidden_once() -> None:
    """The first time counts."""
    ended = QUEUED.cancelled(now=NOW)
    hidden = ended.deleted(now=NOW)
    assert hidden == replace(ended, deleted_at=NOW)
    assert hidden.deleted(now=LATER) == hidden


def test_a_settlement_says_why_credits_return() -> None:
    """The failure's word, else the state."""
    assert settlement_of(RUNNING) == Settlement(Decision.PENDING)
    assert settlement_of(RUNNING.failed(Failure("WHY", ""), now=NOW)).reason == "WHY"
    cancelled = settlement_of(RUNNING.cancelled(now=NOW))
    assert (cancelled.decision, cancelled.charge_credits, cancelled.reason) == (
        Decision.REFUND,
        0,
        "CANCELLED",
    )


@pytest.mark.parametrize("thumbnail", [None, "usr_1/gen_1/out_1.thumbnail.webp"])
def test_a_file_is_kept_with_its_thumbnail_and_named_for_people(thumbnail: str | None) -> None:
    """Places count from one; the name has the end of the job's id and the file's own extension."""
    output = Output(
        output_id=OutputId("out_1"),
        generation_id=GenerationId("gen_0123456789abcdef"),
        account_id=ACCOUNT,
        position=1,
        object_key="usr_1/gen_1/out_1.a.png",
        media_type="image/png",
        size_bytes=1,
        sha256="",
        thumbnail_key=thumbnail,
    )
    assert output.object_keys == ("usr_1/gen_1/out_1.a.png", *([thumbnail] if thumbnail else []))
    assert output.file_name == "tintype-456789abcdef-2.png"
    assert (output.width, output.height, output.duration_s, output.incomplete) == (0, 0, 0.0, None)


def test_keys_are_made_of_our_ids() -> None:
    """A thumbnail lies beside its file."""
    assert object_key(ACCOUNT, JOB, OutputId("out_1"), extension="png") == "usr_1/gen_1/out_1.png"
    key = thumbnail_key(ACCOUNT, JOB, OutputId("out_1"), extension="webp")
    assert key == "usr_1/gen_1/out_1.thumbnail.webp"
