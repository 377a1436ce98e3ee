"""What a job costs: pure arithmetic in whole credits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from generation.domain.counting import Unit, plural, units_of


@dataclass(frozen=True)
class PriceLine:
    """How a part of a price comes about: so many units, at so many credits for `per_units` of them."""

    quantity: float
    unit: Unit
    credits_per_unit: int
    per_units: int
    # Whole, and rounded up: the lines of a price add up to it.
    credits: int
    # What made the units cost this and not what they usually do; None where nothing did.
    tier: str | None = None


@dataclass(frozen=True)
class Price:
    """Credits to set aside, and the units they buy."""

    credits: int
    units: int
    breakdown: str
    # Of a price that was worked out now: with a job its words are kept.
    lines: tuple[PriceLine, ...] = field(default=(), compare=False)

    def charge(self, *, delivered_units: int) -> int:
        """Return the share of the price that was delivered, rounded up, never more than the price."""
        return min(self.credits, -(-self.credits * delivered_units // self.units))


@dataclass(frozen=True)
class UpTo:
    """A number that is no larger than this."""

    bound: float


@dataclass(frozen=True)
class Tier:
    """Units cost `credits` of inputs whose fields are so, all of them: each a value, or up to a number."""

    credits: int
    when: Mapping[str, str | bool | int | UpTo]

    def holds(self, job: Mapping[str, Any]) -> bool:
        """Whether an input is of this tier."""
        return all(_is(job.get(name), wanted) for name, wanted in self.when.items())

    def covers(self, other: "Tier") -> bool:
        """Whether whatever is of the other tier is of this one."""
        return all(
            name in other.when and _implies(other.when[name], wanted) for name, wanted in self.when.items()
        )

    @property
    def words(self) -> str:
        """What it is about, for people."""
        return ", ".join(f"{name} {_said(wanted)}" for name, wanted in self.when.items())


@dataclass(frozen=True)
class Tariff:
    """`credits` buy `per_units` units, or as many as the first of the tiers says that an input is of."""

    unit: Unit
    credits: int
    per_units: int = 1
    tiers: tuple[Tier, ...] = ()

    @property
    def summary(self) -> str:
        """The price as a sentence for people."""
        found = {self.credits, *(tier.credits for tier in self.tiers)}
        least, most = min(found), plural(max(found), "credit")
        return self._each(f"{least:,} to {most}" if len(found) > 1 else most)

    def price(self, job: Mapping[str, Any]) -> Price:
        """Prices a validated input; for tokens, the most it can use."""
        return self.priced(units_of(self.unit, job), job)

    def priced(self, units: int, job: Mapping[str, Any]) -> Price:
        """Prices so many units of an input, whoever counted them."""
        tier = next((tier for tier in self.tiers if tier.holds(job)), None)
        rate, buys = tier.credits if tier else self.credits, self.per_units * self.unit.scale
        total = max(1, -(-rate * units // buys))
        breakdown = self._breakdown(job, units, rate)
        line = PriceLine(
            quantity=units / self.unit.scale,
            unit=self.unit,
            credits_per_unit=rate,
            per_units=self.per_units,
            credits=total,
            tier=tier.words if tier else None,
        )
        return Price(
            credits=total,
            units=units,
            breakdown=f"{breakdown} ({tier.words})" if tier else breakdown,
            lines=(line,),
        )

    def _breakdown(self, job: Mapping[str, Any], units: int, rate: int) -> str:
        count = int(job.get("output_count", 1))
        each = self._each(plural(rate, "credit"))
        if self.unit is Unit.TOKEN:
            return f"at most {plural(units, 'token')}, {each}"
        if self.unit is Unit.CHARACTER:
            return f"{plural(units, 'character')}, {each}"
        if self.unit is Unit.MEGAPIXEL:
            return f"{plural(count, 'image')} × {job['width']:,} × {job['height']:,} pixels, {each}"
        if self.unit is Unit.STEP:
            return f"{plural(count, 'image')} × {plural(int(job['steps']), 'step')}, {each}"
        price = plural(rate, "credit") if self.per_units == 1 else each
        if self.unit is Unit.SECOND:
            return f"{plural(count, 'video')} × {plural(int(job['duration_s']), 'second')} × {price}"
        return f"{plural(count, self.unit)} × {price}"

    def _each(self, price: str) -> str:
        if self.per_units == 1:
            return f"{price} {'an' if self.unit is Unit.IMAGE else 'a'} {self.unit}"
        return f"{price} per {self.per_units:,} {self.unit}s"


def _is(value: object, wanted: str | bool | int | UpTo) -> bool:
    if isinstance(wanted, UpTo):
        return isinstance(value, int | float) and value <= wanted.bound
    return value == wanted


def _implies(narrow: str | bool | int | UpTo, wide: str | bool | int | UpTo) -> bool:
    """Whether whatever is the first is the second as well."""
    if isinstance(wide, UpTo):
        return narrow.bound <= wide.bound if isinstance(narrow, UpTo) else _is(narrow, wide)
    return narrow == wide


def _said(wanted: str | bool | int | UpTo) -> str:
    if isinstance(wanted, UpTo):
        return f"up to {wanted.bound:g}"
    return {True: "on", False: "off"}[wanted] if isinstance(wanted, bool) else str(wanted)
