"""Facts that generation publishes."""

from dataclasses import dataclass
from datetime import datetime

from generation.domain.generation import Failure, Generation, Status
from generation.domain.identifiers import AccountId, GenerationId, ModelId, ReservationId


@dataclass(frozen=True, kw_only=True)
class Event:
    """What every fact carries."""

    account_id: AccountId
    generation_id: GenerationId
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class AccountErased:
    """Nothing is left of an account but what the books need."""

    account_id: AccountId
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class GenerationQueued(Event):
    """Credits are reserved and the job waits for a worker."""

    model_id: ModelId
    credits_reserved: int


@dataclass(frozen=True, kw_only=True)
class GenerationProgressed(Event):
    """How far a running job is, 0 to 1. May be lost."""

    progress: float


@dataclass(frozen=True, kw_only=True)
class GenerationSucceeded(Event):
    """Outputs are stored; the ledger takes `charge_credits` of the reservation."""

    reservation_id: ReservationId | None
    charge_credits: int
    output_count: int


@dataclass(frozen=True, kw_only=True)
class GenerationFailed(Event):
    """Nothing was delivered; the ledger gives the reservation back."""

    # None where the credits were never held, or not known to be: then there is nothing to give back.
    reservation_id: ReservationId | None
    failure: Failure


@dataclass(frozen=True, kw_only=True)
class GenerationCancelled(Event):
    """Stopped by the user; the ledger gives the reservation back."""

    reservation_id: ReservationId | None


def queued(generation: Generation, *, now: datetime) -> GenerationQueued:
    """Return the fact that it waits for a worker."""
    return GenerationQueued(
        account_id=generation.account_id,
        generation_id=generation.generation_id,
        occurred_at=now,
        model_id=generation.model_id,
        credits_reserved=generation.credits_reserved,
    )


def released(generation: Generation, *, now: datetime) -> GenerationCancelled | GenerationFailed:
    """Return the fact that it ended without a delivery, which returns what was reserved."""
    reservation_id = generation.reservation_id
    if generation.status is Status.CANCELLED:
        return GenerationCancelled(
            account_id=generation.account_id,
            generation_id=generation.generation_id,
            occurred_at=now,
            reservation_id=reservation_id,
        )
    return GenerationFailed(
        account_id=generation.account_id,
        generation_id=generation.generation_id,
        occurred_at=now,
        reservation_id=reservation_id,
        failure=generation.failure or Failure("FAILED", ""),
    )


def succeeded(generation: Generation, *, output_count: int, now: datetime) -> GenerationSucceeded:
    """Return the fact that its outputs are stored."""
    return GenerationSucceeded(
        account_id=generation.account_id,
        generation_id=generation.generation_id,
        occurred_at=now,
        reservation_id=generation.reservation_id,
        charge_credits=generation.credits_charged,
        output_count=output_count,
    )
