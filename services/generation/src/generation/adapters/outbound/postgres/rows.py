"""Domain objects to rows and back."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Row

from generation.domain.attempt import Attempt, Outcome
from generation.domain.generation import Failure, Generation, Status
from generation.domain.model import Modality
from generation.domain.output import Incomplete, Output
from generation.domain.pricing import Price


def generation_row(generation: Generation) -> dict[str, Any]:
    """Every column of a new job."""
    return {
        "generation_id": generation.generation_id,
        "account_id": generation.account_id,
        "model_id": generation.model_id,
        "modality": generation.modality,
        "input": dict(generation.input),
        "provider_order": list(generation.provider_order),
        "metadata": dict(generation.metadata),
        "price_credits": generation.price.credits,
        "price_units": generation.price.units,
        "price_breakdown": generation.price.breakdown,
        "idempotency_key": generation.idempotency_key,
        "fingerprint": generation.fingerprint,
        "created_at": generation.created_at,
        **generation_changes(generation),
    }


def generation_changes(generation: Generation) -> dict[str, Any]:
    """The columns that a job's life changes."""
    failure = generation.failure
    return {
        "status": generation.status,
        "progress": generation.progress,
        "reservation_id": generation.reservation_id,
        "credits_charged": generation.credits_charged,
        "cancel_requested": generation.cancel_requested,
        "available_credits": generation.available_credits,
        "failure_reason": failure.reason if failure else None,
        "failure_detail": failure.detail if failure else None,
        "deadline_at": generation.deadline_at,
        "started_at": generation.started_at,
        "finished_at": generation.finished_at,
        "deleted_at": generation.deleted_at,
    }


def to_generation(row: Row[Any]) -> Generation:
    """A job from its row."""
    return Generation(
        generation_id=row.generation_id,
        account_id=row.account_id,
        model_id=row.model_id,
        modality=Modality(row.modality),
        input=row.input,
        provider_order=tuple(row.provider_order),
        metadata=row.metadata,
        price=Price(credits=row.price_credits, units=row.price_units, breakdown=row.price_breakdown),
        idempotency_key=row.idempotency_key,
        fingerprint=row.fingerprint,
        created_at=row.created_at,
        deadline_at=row.deadline_at,
        status=Status(row.status),
        progress=row.progress,
        reservation_id=row.reservation_id,
        credits_charged=row.credits_charged,
        cancel_requested=row.cancel_requested,
        available_credits=row.available_credits,
        failure=Failure(row.failure_reason, row.failure_detail or "") if row.failure_reason else None,
        started_at=row.started_at,
        finished_at=row.finished_at,
        deleted_at=row.deleted_at,
    )


def attempt_row(attempt: Attempt) -> dict[str, Any]:
    """Every column of a new attempt."""
    return asdict(attempt) | {"detail": attempt.detail or ""}


def to_attempt(row: Row[Any]) -> Attempt:
    """An attempt from its row."""
    return Attempt(**(row._asdict() | {"outcome": Outcome(row.outcome), "detail": row.detail or None}))


def to_output(row: Row[Any]) -> Output:
    """An output from its row."""
    incomplete = Incomplete(row.incomplete) if row.incomplete else None
    return Output(**(row._asdict() | {"incomplete": incomplete}))
