"""What is left of what users were charged once providers are paid."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from gateway.domain.identifiers import ModelId


class MarginGrouping(StrEnum):
    """What tries are put together by."""

    # In UTC, by when they began.
    DAY = "day"
    MODEL = "model"
    PROVIDER = "provider"


@dataclass(frozen=True, kw_only=True)
class Margin:
    """Everybody's tries put together; what they are not put together by is None."""

    day: date | None
    model_id: ModelId | None
    provider: str | None
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
