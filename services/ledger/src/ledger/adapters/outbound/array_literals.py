"""Columns as PostgreSQL array literals: the cheapest way to hand many rows to one statement.

Each function takes one column's values and returns the text of one array, such as `{1,2,3}`.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime


def numbers(values: Iterable[int]) -> str:
    """Integers."""
    return "{" + ",".join(map(str, values)) + "}"


def words(values: Iterable[str]) -> str:
    """Ids and enumeration values of our own making: nothing in them needs escaping."""
    return "{" + ",".join(values) + "}"


def texts(values: Iterable[str | None]) -> str:
    """Any text; None is NULL."""
    return "{" + ",".join(["NULL" if one is None else _quoted(one) for one in values]) + "}"


def times(values: Iterable[datetime | None]) -> str:
    """Aware times; None is NULL. A batch has few different ones, so each is written out once."""
    written: dict[datetime | None, str] = {None: "NULL"}
    columns = []
    for one in values:
        if (text := written.get(one)) is None:
            text = written[one] = one.isoformat() if one else "NULL"
        columns.append(text)
    return "{" + ",".join(columns) + "}"


def documents(values: Iterable[Mapping[str, object] | list[object] | None]) -> str:
    """JSON documents; None is NULL."""
    return "{" + ",".join([_document(one) for one in values]) + "}"


def blobs(values: Iterable[bytes]) -> str:
    """Bytes, in hexadecimal."""
    return "{" + ",".join(['"\\\\x' + one.hex() + '"' for one in values]) + "}"


def _document(value: Mapping[str, object] | list[object] | None) -> str:
    if value is None:
        return "NULL"
    if not value:
        return '"{}"' if isinstance(value, Mapping) else '"[]"'
    return _quoted(json.dumps(value if isinstance(value, list) else dict(value), ensure_ascii=False))


def _quoted(value: str) -> str:
    if "\\" in value or '"' in value:
        value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value}"'
