"""Typed parameters of an endpoint and Stripe's words for what is wrong with them."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from standins.stripe.errors import StripeError

METADATA_KEYS_MAX = 50
LIST_LIMIT_MAX = 100


def _as_mapping(value: Any) -> Any:
    """Undo the list form that numeric keys got; an empty string stands for clearing the metadata."""
    if isinstance(value, list):
        return {str(index): item for index, item in enumerate(value)}
    return {"": ""} if value in ("", None) else value


Metadata = Annotated[
    dict[Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=500)]],
    Field(max_length=METADATA_KEYS_MAX, default_factory=dict),
    BeforeValidator(_as_mapping),
]


def merged(old: dict[str, str], changes: dict[str, str]) -> dict[str, str]:
    """Apply metadata as Stripe does: keys are set, empty values remove them, an empty string clears all."""
    if changes == {"": ""}:
        return {}
    return {key: value for key, value in {**old, **changes}.items() if value != ""}


class Nested(BaseModel):
    """An object inside the parameters; unknown fields are refused, empty strings unset."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _unset_empty(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {name: None if value == "" and name != "metadata" else value for name, value in values.items()}

    def given(self, *names: str) -> dict[str, Any]:
        """Return the named parameters that the caller sent, as plain values."""
        return self.model_dump(include=self.model_fields_set & set(names))


class Parameters(Nested):
    """What every endpoint takes."""

    expand: Annotated[list[str], Field(max_length=20, default_factory=list)]


class Range(Nested):
    """Bounds on `created`, in Unix seconds."""

    gt: int | None = None
    gte: int | None = None
    lt: int | None = None
    lte: int | None = None


class ListParameters(Parameters):
    """What every list endpoint takes."""

    limit: Annotated[int, Field(ge=1, le=LIST_LIMIT_MAX)] = 10
    starting_after: str | None = None
    ending_before: str | None = None
    created: int | Range | None = None


P = TypeVar("P", bound=Parameters)


def parse(model: type[P], values: dict[str, Any]) -> P:
    """Validate decoded parameters; the first problem is raised as a StripeError."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = error.errors()
        unknown = [problem for problem in problems if problem["type"] == "extra_forbidden"]
        raise _refusal((unknown or problems)[0]) from None


def _refusal(problem: ErrorDetails) -> StripeError:
    first, *rest = [str(part) for part in problem["loc"] if part not in ("int", "Range", "[key]")] or [""]
    param = first + "".join(f"[{part}]" for part in rest)
    message, code = _phrase(problem, param)
    return StripeError(message, code=code, param=param, executed=False)


def _phrase(problem: ErrorDetails, param: str) -> tuple[str, str | None]:
    given = problem["input"]
    if given is None:
        message = (
            f"You passed an empty string for '{param}'. We assume empty values are an attempt to unset a "
            f"parameter; however '{param}' cannot be unset. You should remove '{param}' from your request or "
            "supply a non-empty value."
        )
        return message, "parameter_invalid_empty"
    match problem["type"]:
        case "missing":
            return f"Missing required param: {param}.", "parameter_missing"
        case "extra_forbidden":
            return f"Received unknown parameter: {param}", "parameter_unknown"
        case "int_parsing" | "int_type" | "int_from_float":
            return f"Invalid integer: {given}", "parameter_invalid_integer"
        case "bool_parsing" | "bool_type":
            return f"Invalid boolean: {given}", None
        case "literal_error":
            return f"Invalid {param}: must be one of {problem['ctx']['expected']}", None
        case "model_type" | "model_attributes_type" | "dict_type":
            return "Invalid object", None
        case "list_type":
            return "Invalid array", None
        case _:
            return f"Invalid {param}: {problem['msg']}", None
