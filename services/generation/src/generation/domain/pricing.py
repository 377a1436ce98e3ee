"""What a job costs: pure arithmetic in whole credits."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

# A model's chat template adds a few tokens around the prompt.
TEMPLATE_TOKENS_MAX = 64


class Unit(StrEnum):
    """What is counted."""

    IMAGE = "image"
    SECOND = "second"
    TOKEN = "token"  # noqa: S105, not a secret


@dataclass(frozen=True)
class Price:
    """Credits to set aside, and the units they buy."""

    credits: int
    units: int
    breakdown: str

    def charge(self, *, delivered_units: int) -> int:
        """Return the share of the price that was delivered, rounded up, never more than the price."""
        return min(self.credits, -(-self.credits * delivered_units // self.units))


@dataclass(frozen=True)
class Tariff:
    """`credits` buy `per_units` units. Inputs carry their amounts in `output_count` (1 when
    absent), `duration_s` and `max_tokens` (with `prompt` and `system`)."""

    unit: Unit
    credits: int
    per_units: int = 1

    @property
    def summary(self) -> str:
        """The price as a sentence for people."""
        article = "an" if self.unit is Unit.IMAGE else "a"
        if self.per_units == 1:
            return f"{plural(self.credits, 'credit')} {article} {self.unit}"
        return f"{plural(self.credits, 'credit')} per {self.per_units:,} {self.unit}s"

    def price(self, job: Mapping[str, Any]) -> Price:
        """Prices a validated input; for tokens, the most it can use."""
        units = self._units(job)
        total = max(1, -(-self.credits * units // self.per_units))
        return Price(credits=total, units=units, breakdown=self._breakdown(job, units))

    def _units(self, job: Mapping[str, Any]) -> int:
        count = int(job.get("output_count", 1))
        match self.unit:
            case Unit.IMAGE:
                return count
            case Unit.SECOND:
                return count * int(job["duration_s"])
            case Unit.TOKEN:
                # A token is never shorter than a byte, so bytes bound the prompt's tokens.
                sent = str(job.get("system", "")) + str(job["prompt"])
                return len(sent.encode()) + TEMPLATE_TOKENS_MAX + int(job["max_tokens"])

    def _breakdown(self, job: Mapping[str, Any], units: int) -> str:
        count = int(job.get("output_count", 1))
        match self.unit:
            case Unit.IMAGE:
                return f"{plural(count, 'image')} × {plural(self.credits, 'credit')}"
            case Unit.SECOND:
                seconds = plural(int(job["duration_s"]), "second")
                return f"{plural(count, 'video')} × {seconds} × {plural(self.credits, 'credit')}"
            case Unit.TOKEN:
                return f"at most {plural(units, 'token')}, {self.summary}"


def plural(count: int, noun: str) -> str:
    """`1 credit`, `2 credits`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
