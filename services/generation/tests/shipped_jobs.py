"""Inputs of the models that we ship, at all that their schemas allow."""

from typing import Any

# What every field that takes media is given.
MEDIA = "upl_1"


def jobs_of(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Each field of a model at each of its bounds, the others as they are by default."""
    rules = schema["properties"]
    usual: dict[str, Any] = {"prompt": "a red fox"} if "prompt" in rules else {}
    usual |= {name: rule["default"] for name, rule in rules.items() if "default" in rule}
    usual |= {name: _media(rules[name])[0] for name in schema.get("required", ()) if "x-media" in rules[name]}
    found = [usual]
    for name, rule in rules.items():
        if "x-media" in rule:
            found += [{**usual, name: given} for given in _media(rule)]
            continue
        bounds = rule.get("enum") or [rule[edge] for edge in ("minimum", "maximum") if edge in rule]
        found += [{**usual, name: value} for value in bounds]
        if rule["type"] == "string" and "maxLength" in rule:
            found += [
                {**usual, name: "é" * rule[edge]} for edge in ("minLength", "maxLength") if edge in rule
            ]
    return found


def _media(rule: dict[str, Any]) -> list[Any]:
    """One file, or a list of as few and of as many as there may be."""
    if rule["type"] != "array":
        return [MEDIA]
    return [[MEDIA] * rule[edge] for edge in ("minItems", "maxItems")]
