"""Decoding of bracketed form fields: `a[b][0]=1&c[]=2`."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from standins.stripe.errors import StripeError

FIELDS_MAX = 1000
DEPTH_MAX = 8
KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
PART = re.compile(r"\[([^\[\]]*)\]")


def decode(text: str) -> dict[str, Any]:
    """Turn a query string or form body into nested dictionaries, lists and strings.

    Raises StripeError for keys that are malformed, too deep, too many or contradict each other.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict")
    except ValueError as error:
        raise _refused("Invalid request: the parameters could not be parsed.") from error
    root: dict[str, Any] = {}
    for key, value in pairs:
        _place(root, key, value)
    return {name: _listed(value) for name, value in root.items()}


def _place(root: dict[str, Any], key: str, value: str) -> None:
    match = KEY.match(key)
    if match is None:
        raise _refused(f"Invalid parameter name: {key}")
    path = [match[1], *PART.findall(match[2])]
    if len(path) > DEPTH_MAX:
        raise _refused(f"Parameter nested too deeply: {key}")
    node = root
    for part in path[:-1]:
        node = node.setdefault(_named(part, node), {})
        if not isinstance(node, dict):
            raise _refused(f"Invalid parameter: {key} is both a value and an object")
    node[_named(path[-1], node)] = value


def _named(part: str, node: dict[str, Any]) -> str:
    return part or str(len(node))


def _listed(value: Any) -> Any:
    """Give dictionaries whose keys count from 0 the list form that they mean."""
    if not isinstance(value, dict):
        return value
    items = {name: _listed(item) for name, item in value.items()}
    if items and all(name.isascii() and name.isdigit() for name in items):
        return [items[name] for name in sorted(items, key=int)]
    return items


def _refused(message: str) -> StripeError:
    return StripeError(message, executed=False)
