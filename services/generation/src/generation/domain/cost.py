"""What a try cost us: a matter of operators alone, never of its user."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from generation.domain.counting import Unit, units_of


class CostSource(StrEnum):
    """Who says so."""

    # The provider, of this very run.
    REPORTED = "reported"
    # The catalogue, of every run alike.
    CONFIGURED = "configured"


@dataclass(frozen=True)
class Cost:
    """Millionths of a dollar, whatever its user paid for it."""

    usd_micros: int
    source: CostSource


@dataclass(frozen=True, kw_only=True)
class CostRate:
    """`usd_micros` of ours buy `per_units` units of a provider, counted as a tariff counts them."""

    unit: Unit
    usd_micros: int
    per_units: int = 1

    def of(self, job: Mapping[str, Any], *, made_count: int, usage_units: int | None) -> int | None:
        """Return what a run cost that made so many files, rounded up.

        Of tokens only the provider knows how many were used: None where it does not say.
        """
        if self.unit is Unit.TOKEN:
            units = usage_units
        else:
            wanted_count = int(job.get("output_count", 1))
            units = -(-units_of(self.unit, job) * min(made_count, wanted_count) // wanted_count)
        buys = self.per_units * self.unit.scale
        return None if units is None else -(-self.usd_micros * units // buys)
