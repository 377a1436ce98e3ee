"""What the ledger should do with a job's reservation."""

from dataclasses import dataclass
from enum import StrEnum

from generation.domain.generation import Generation, Status


class Decision(StrEnum):
    """Keep holding, take, or give back."""

    PENDING = "pending"
    CHARGE = "charge"
    REFUND = "refund"


@dataclass(frozen=True)
class Settlement:
    """The decision and the credits to take."""

    decision: Decision
    charge_credits: int = 0
    reason: str | None = None


def settlement_of(generation: Generation) -> Settlement:
    """Decides from the job's state alone."""
    if not generation.is_terminal:
        return Settlement(Decision.PENDING)
    if generation.status is Status.SUCCEEDED:
        return Settlement(Decision.CHARGE, generation.credits_charged)
    failure = generation.failure
    return Settlement(Decision.REFUND, reason=failure.reason if failure else generation.status.upper())
