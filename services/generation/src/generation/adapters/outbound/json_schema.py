"""Checks inputs with jsonschema."""

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from generation.domain.documents import canonical, violations
from generation.domain.errors import InvalidInput, Violation
from generation.domain.model import Model

# What an input may weigh besides the texts that its model's schema bounds.
REST_BYTES_MAX = 16 * 1024
# No character is larger in canonical JSON: a control character is `\u0001`, an emoji four bytes.
CHARACTER_BYTES_MAX = 6
# Of a text that its schema does not bound.
TEXT_BYTES_MAX = 64 * 1024
VIOLATIONS_MAX = 20


class JsonSchemaChecker:
    """Draft 2020-12."""

    def checked(self, model: Model, job: Mapping[str, Any]) -> dict[str, Any]:
        if problems := violations(job):
            raise InvalidInput(problems[:VIOLATIONS_MAX])
        if len(canonical(job)) > (most := size_bytes_max(model.input_schema)):
            raise InvalidInput([Violation("input", f"is larger than {most} bytes")])
        properties = model.input_schema.get("properties", {})
        filled = {name: rule["default"] for name, rule in properties.items() if "default" in rule}
        filled.update(job)
        validator = Draft202012Validator(model.input_schema)
        found = [violation for error in validator.iter_errors(filled) for violation in _violations(error)]
        if found:
            # One line a violation, each once: `required` reports every missing field on its own.
            raise InvalidInput(list(dict.fromkeys(found))[:VIOLATIONS_MAX])
        return filled


def size_bytes_max(schema: Mapping[str, Any]) -> int:
    """More than any input that the schema allows: a bound on work, in front of bounds that say why."""
    rules = schema.get("properties", {}).values()
    texts = [rule for rule in rules if rule.get("type") == "string" and "enum" not in rule]
    return REST_BYTES_MAX + sum(
        rule["maxLength"] * CHARACTER_BYTES_MAX if "maxLength" in rule else TEXT_BYTES_MAX for rule in texts
    )


def _violations(error: ValidationError) -> Iterator[Violation]:
    path = ".".join(str(step) for step in error.absolute_path)
    # jsonschema types these as possibly unset, which they are only before validation.
    rule: Any = error.validator_value
    instance: Any = error.instance
    schema: Any = error.schema
    match error.validator:
        case "required":
            for name in rule:
                if name not in instance:
                    yield Violation(_joined(path, name), "is required")
        case "additionalProperties":
            for name in sorted(set(instance) - set(schema.get("properties", {}))):
                yield Violation(_joined(path, name[:64]), "is not a field of this model")
        case _:
            yield Violation(path or "input", _sentence(error))


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _sentence(error: ValidationError) -> str:
    """Return what the rule asks for; the value itself may be long and is not repeated."""
    rule: Any = error.validator_value
    match error.validator:
        case "enum":
            return "must be one of: " + ", ".join(str(choice) for choice in rule)
        case "type":
            return f"must be of type {rule}"
        case "minLength":
            return f"must have at least {rule} characters"
        case "maxLength":
            return f"must have at most {rule} characters"
        case "minimum":
            return f"must be at least {rule}"
        case "maximum":
            return f"must be at most {rule}"
        case "pattern":
            return "must not be blank" if rule == r"\S" else f"must match {rule}"
        case _:
            return f"breaks the rule {error.validator}"
