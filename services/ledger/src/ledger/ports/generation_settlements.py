"""What the ledger asks before it gives back a reservation that expired."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Decision(StrEnum):
    """How a job ended, as far as the ledger needs to know."""

    PENDING = "pending"
    CHARGE = "charge"
    REFUND = "refund"


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """A job's verdict; `charge_credits` counts for CHARGE."""

    decision: Decision
    charge_credits: int = 0
    reason: str | None = None


class GenerationSettlements(Protocol):
    """Knows how jobs ended. Raises when it can't say: then nothing is given back."""

    async def ask(self, reference: str) -> Settlement:
        """Return the verdict of a job; one that was never seen is REFUND."""
