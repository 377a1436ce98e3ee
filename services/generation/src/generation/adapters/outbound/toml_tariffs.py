"""Prices of the catalogue, checked against the input that they are made of."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from generation.domain.counting import Unit
from generation.domain.pricing import Tariff, Tier, UpTo

# The fields of an input that units are counted by.
COUNTED_BY: dict[Unit, tuple[str, ...]] = {
    Unit.IMAGE: (),
    Unit.VIDEO: (),
    Unit.SECOND: ("duration_s",),
    Unit.MEGAPIXEL: ("width", "height"),
    Unit.STEP: ("steps",),
    Unit.TOKEN: ("prompt", "max_tokens"),
    Unit.CHARACTER: ("prompt",),
}
# Counted where an input has it; 1 where it has not.
COUNT = "output_count"
TIERS_MAX = 50
Fields = Mapping[str, Mapping[str, Any]]


class BadTariff(ValueError):
    """A price does not fit the model's input; the message says where."""


class UpToEntry(BaseModel):
    """A number that is no larger."""

    model_config = ConfigDict(extra="forbid")
    up_to: float


class TierEntry(BaseModel):
    """`credits` in place of the usual ones, of inputs whose fields are all so."""

    model_config = ConfigDict(extra="forbid")
    when: dict[str, StrictBool | StrictInt | StrictStr | UpToEntry] = Field(min_length=1)
    credits: int = Field(ge=1, le=1_000_000)


class PriceEntry(BaseModel):
    """`credits` buy `per_units` units, unless a tier says otherwise."""

    model_config = ConfigDict(extra="forbid")
    unit: Unit
    credits: int = Field(ge=1, le=1_000_000)
    per_units: int = Field(default=1, ge=1)
    tiers: list[TierEntry] = Field(default=[], max_length=TIERS_MAX)


def tariff_of(price: PriceEntry, schema: Mapping[str, Any]) -> Tariff:
    """Read a price for an input of this schema. Raises BadTariff."""
    check_counted(price.unit, schema, "its price")
    tiers: list[Tier] = []
    for number, entry in enumerate(price.tiers, 1):
        what = f"its price's tier {number}"
        _check_given(list(entry.when), schema, what)
        for name, wanted in entry.when.items():
            _check_condition(wanted, schema["properties"][name], f"{what} asks for {name}")
        when = {
            name: UpTo(wanted.up_to) if isinstance(wanted, UpToEntry) else wanted
            for name, wanted in entry.when.items()
        }
        tier = Tier(entry.credits, when)
        if any(before.covers(tier) for before in tiers):
            raise BadTariff(f"{what} is never reached: an earlier one is of all its inputs")
        tiers.append(tier)
    return Tariff(price.unit, price.credits, price.per_units, tuple(tiers))


def check_counted(unit: Unit, schema: Mapping[str, Any], what: str) -> None:
    """Raise BadTariff where an input may leave open what units are counted by, or make it nothing."""
    fields: Fields = schema.get("properties", {})
    _check_given(list(COUNTED_BY[unit]), schema, what)
    for name in (*COUNTED_BY[unit], *([COUNT] if COUNT in fields else [])):
        if name != "prompt" and not _is_positive(fields[name]):
            raise BadTariff(f"{what} counts {name}, which is an integer of at least 1, or one of several")
    if unit is Unit.CHARACTER and fields["prompt"].get("minLength", 0) < 1:
        raise BadTariff(f"{what} counts the characters of prompt, which has a minLength of at least 1")


def _check_given(names: list[str], schema: Mapping[str, Any], what: str) -> None:
    fields: Fields = schema.get("properties", {})
    given = {name for name, rule in fields.items() if "default" in rule} | set(schema.get("required", ()))
    if missing := sorted(set(names) - (given & set(fields))):
        raise BadTariff(f"{what} needs {missing}, required or with a default")


def _is_positive(rule: Mapping[str, Any]) -> bool:
    values = rule.get("enum", [rule.get("minimum")])
    return rule.get("type") == "integer" and all(isinstance(value, int) and value >= 1 for value in values)


def _check_condition(wanted: object, rule: Mapping[str, Any], what: str) -> None:
    if isinstance(wanted, UpToEntry):
        if rule.get("type") not in ("integer", "number"):
            raise BadTariff(f"{what} up to a number, and it is none")
        return
    values = [True, False] if rule.get("type") == "boolean" else rule.get("enum", [])
    # True is 1 to Python, and is not to anybody else.
    if not any(type(value) is type(wanted) and value == wanted for value in values):
        raise BadTariff(f"{what} to be {wanted!r}, which is none of its values: {values}")
