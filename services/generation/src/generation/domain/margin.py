"""What is left of what users were charged once providers are paid: for operators alone."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from generation.domain.identifiers import GenerationId, ModelId

# A credit is a cent at list price.
CREDIT_USD_MICROS = 10_000


class MarginGrouping(StrEnum):
    """What tries are put together by."""

    # In UTC, by when they began.
    DAY = "day"
    MODEL = "model"
    PROVIDER = "provider"
    JOB = "job"


@dataclass(frozen=True, kw_only=True)
class Margin:
    """Tries put together; what they are not put together by is None."""

    day: date | None = None
    model_id: ModelId | None = None
    provider: str | None = None
    generation_id: GenerationId | None = None
    attempts: int
    credits: int
    revenue_usd_micros: int
    cost_usd_micros: int
    # Tries that a provider may have billed without anybody's saying so: the cost is at least what it says.
    unknown_costs: int

    @property
    def usd_micros(self) -> int:
        """What is left, or missing."""
        return self.revenue_usd_micros - self.cost_usd_micros
