"""Whole examples, put together from the examples of a schema's fields."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]


def example_of(schema: Schema, schemas: Mapping[str, Schema]) -> Any:
    """Return the schema's own example, or one of its parts; what may be left out is.

    `schemas` are the named ones. Raises LookupError for a value that has no example.
    """
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    match schema:
        case {"anyOf": [first, *_]}:
            return example_of(first, schemas)
        case {"type": "array", "items": items}:
            return [example_of(items, schemas)]
        case {"properties": properties}:
            told = {
                *schema.get("required", ()),
                *(name for name, part in properties.items() if "examples" in part),
            }
            return {name: example_of(part, schemas) for name, part in properties.items() if name in told}
        case {"type": "null"}:
            return None
        case _:
            raise LookupError(f"no example of {schema}")
