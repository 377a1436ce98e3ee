"""A form from a model's JSON Schema, and the model's input from a submitted form."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.domain.generation import Model

LONG_TEXT = 200
_RATIO = re.compile(r"[1-9]\d?:[1-9]\d?")
_SEGMENTS_LENGTH_MAX, _NUMBERS_MAX = 24, 6
# Of a text, or a list of texts: it names uploads or outputs.
MEDIA = "x-media"
TEST_CONTROL = "simulate"
_FIRST = ("prompt", "output_count", "duration_s")
# Longer than any number that a schema allows; what is longer stays text, and is refused by name.
NUMBER_LENGTH_MAX = 18


@dataclass(frozen=True, kw_only=True)
class Field:
    """One input of the form.

    `kind` is textarea, text, shapes, segments, select, number, checkbox or media; `place` is first (always
    seen), folded (for whoever looks for it) or test.
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
    # Of media: ids that were chosen, and how many there may be.
    values: tuple[str, ...] = ()
    at_most: int = 1
    # What they are: image or video.
    takes: str = "image"


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
        if MEDIA in rule:
            if chosen := chosen_of(raw):
                typed[name] = list(chosen) if rule.get("type") == "array" else chosen[0]
        elif rule.get("type") == "boolean":
            typed[name] = raw is not None
        elif isinstance(raw, str) and raw.strip():
            typed[name] = _typed(raw.strip(), str(rule.get("type", "string")))
    return typed


def with_placeholders(model: Model, typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same input with required texts filled in: a price does not wait for the prompt."""
    rules = model.input_schema.get("properties", {})
    missing = [name for name in model.input_schema.get("required", ()) if not typed.get(name)]
    filled: dict[str, Any] = {
        name: "." * max(1, rules[name].get("minLength", 1))
        for name in missing
        if rules.get(name, {}).get("type") == "string"
    }
    filled |= {
        name: ["."] * max(1, rules[name].get("minItems", 1))
        for name in missing
        if rules.get(name, {}).get("type") == "array"
    }
    short = {
        name: value.ljust(rules[name]["minLength"], ".")
        for name, value in typed.items()
        if isinstance(value, str) and len(value) < rules.get(name, {}).get("minLength", 0)
    }
    return {**typed, **filled, **short}


def media_fields(model: Model, kind: str | None = None) -> Mapping[str, Mapping[str, Any]]:
    """Return the inputs that name media, of one kind where it is said, in the schema's order."""
    rules = model.input_schema.get("properties", {})
    order = model.input_schema.get("x-order", list(rules))
    fields = {name: rules[name] for name in order if MEDIA in rules.get(name, {})}
    return {name: rule for name, rule in fields.items() if kind in (None, rule[MEDIA])}


def media_kinds(models: Iterable[Model]) -> frozenset[str]:
    """Return what kinds of media some of these models take."""
    return frozenset(str(rule[MEDIA]) for model in models for rule in media_fields(model).values())


def chosen_of(given: Any) -> tuple[str, ...]:
    """Return the ids that were given for media, one or several."""
    listed = given if isinstance(given, list | tuple) else [given]
    return tuple(each.strip() for each in listed if isinstance(each, str) and each.strip())


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
        place=_place(name, rule, required),
        is_random=bool(rule.get("x-random")),
        values=chosen_of(value) if MEDIA in rule else (),
        at_most=int(rule.get("maxItems", 1)),
        takes=str(rule.get(MEDIA, "image")),
    )


def _choices(rule: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what there is to choose from: of a list, or of a few whole numbers."""
    if "enum" in rule:
        return tuple(str(choice) for choice in rule["enum"])
    if rule.get("type") == "integer" and {"minimum", "maximum", "default"} <= rule.keys():
        numbers = range(int(rule["minimum"]), int(rule["maximum"]) + 1)
        return tuple(map(str, numbers)) if 1 < len(numbers) <= _NUMBERS_MAX else ()
    return ()


def _place(name: str, rule: Mapping[str, Any], required: bool) -> str:
    """Return where a field stands: what most people want to say comes first."""
    if name == TEST_CONTROL:
        return "test"
    # A picture that a model can do without takes the room of what everybody says.
    is_seen = required if MEDIA in rule else _kind(rule) in ("textarea", "shapes")
    return "first" if is_seen or name in _FIRST else "folded"


def _kind(rule: Mapping[str, Any]) -> str:
    if MEDIA in rule:
        return "media"
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
