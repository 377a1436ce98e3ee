"""A form from a model's JSON Schema, and the model's input from a submitted form."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.domain.generation import Model

LONG_TEXT = 200
_RATIO = re.compile(r"[1-9]\d?:[1-9]\d?")
_SEGMENTS_LENGTH_MAX, _NUMBERS_MAX = 24, 6
TEST_CONTROL = "simulate"
_FIRST = ("prompt", "output_count", "duration_s")
# Longer than any number that a schema allows; what is longer stays text, and is refused by name.
NUMBER_LENGTH_MAX = 18


@dataclass(frozen=True, kw_only=True)
class Field:
    """One input of the form.

    `kind` is textarea, text, shapes, segments, select, number or checkbox; `place` is first (always seen),
    folded (for whoever looks for it) or test.
    """

    name: str
    kind: str
    label: str
    help: str
    required: bool
    value: str
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    place: str = "folded"
    is_random: bool = False


def fields_of(model: Model, given: Mapping[str, Any]) -> list[Field]:
    """Return the model's inputs in the schema's order (`x-order`), with what was given or the defaults."""
    required = set(model.input_schema.get("required", ()))
    properties = model.input_schema.get("properties", {})
    order = [name for name in model.input_schema.get("x-order", ()) if name in properties]
    names = order + [name for name in properties if name not in order]
    return [_field(name, properties[name], name in required, given) for name in names]


def input_of(model: Model, form: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the form says, typed by the schema; what is no number stays text and is refused there."""
    typed: dict[str, Any] = {}
    for name, rule in model.input_schema.get("properties", {}).items():
        raw = form.get(name)
        if rule.get("type") == "boolean":
            typed[name] = raw is not None
        elif isinstance(raw, str) and raw.strip():
            typed[name] = _typed(raw.strip(), str(rule.get("type", "string")))
    return typed


def with_placeholders(model: Model, typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same input with required texts filled in: a price does not wait for the prompt."""
    rules = model.input_schema.get("properties", {})
    missing = [name for name in model.input_schema.get("required", ()) if not typed.get(name)]
    filled = {
        name: "." * max(1, rules[name].get("minLength", 1))
        for name in missing
        if rules.get(name, {}).get("type") == "string"
    }
    short = {
        name: value.ljust(rules[name]["minLength"], ".")
        for name, value in typed.items()
        if isinstance(value, str) and len(value) < rules.get(name, {}).get("minLength", 0)
    }
    return {**typed, **filled, **short}


def _typed(raw: str, kind: str) -> Any:
    if len(raw) > NUMBER_LENGTH_MAX:
        return raw
    try:
        return {"integer": int, "number": float}[kind](raw)
    except (KeyError, ValueError):
        return raw


def _field(name: str, rule: Mapping[str, Any], required: bool, given: Mapping[str, Any]) -> Field:
    value = given.get(name, rule.get("default", ""))
    return Field(
        name=name,
        kind=_kind(rule),
        label=str(rule.get("title") or name.replace("_", " ").capitalize()),
        help=str(rule.get("description", "")),
        required=required,
        value="" if value is None else str(value),
        choices=_choices(rule),
        minimum=rule.get("minimum"),
        maximum=rule.get("maximum"),
        min_length=rule.get("minLength"),
        max_length=rule.get("maxLength"),
        place=_place(name, rule),
        is_random=bool(rule.get("x-random")),
    )


def _choices(rule: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what there is to choose from: of a list, or of a few whole numbers."""
    if "enum" in rule:
        return tuple(str(choice) for choice in rule["enum"])
    if rule.get("type") == "integer" and {"minimum", "maximum", "default"} <= rule.keys():
        numbers = range(int(rule["minimum"]), int(rule["maximum"]) + 1)
        return tuple(map(str, numbers)) if 1 < len(numbers) <= _NUMBERS_MAX else ()
    return ()


def _place(name: str, rule: Mapping[str, Any]) -> str:
    """Return where a field stands: what most people want to say comes first."""
    if name == TEST_CONTROL:
        return "test"
    return "first" if name in _FIRST or _kind(rule) in ("textarea", "shapes") else "folded"


def _kind(rule: Mapping[str, Any]) -> str:
    if "enum" in rule:
        choices = [str(choice) for choice in rule["enum"]]
        if all(_RATIO.fullmatch(choice) for choice in choices):
            return "shapes"
        return "segments" if sum(map(len, choices)) <= _SEGMENTS_LENGTH_MAX else "select"
    kind = rule.get("type")
    if kind in ("integer", "number"):
        return "segments" if _choices(rule) else "number"
    if kind == "boolean":
        return "checkbox"
    return "textarea" if rule.get("maxLength", 0) > LONG_TEXT else "text"
