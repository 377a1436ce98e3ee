"""Values and columns as PostgreSQL literals: the cheapest way to hand many rows to one statement."""

import json
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, Self


class Kind(NamedTuple):
    """A type of column: how one value is written alone, and inside of an array.

    Arrays of arrays can't differ in length, so a column of arrays travels as texts that are cast one by one.
    """

    type: str
    alone: Callable[[Any], str | None]
    element: Callable[[Any], str]
    is_cast: bool = False
    is_text: bool = False
    # What is absent is written as an empty text is, and there is no other empty text.
    is_filled: bool = False
    # Usually the same in all rows that are written together.
    is_steady: bool = False

    def steady(self) -> Self:
        """Return the kind of a column that usually has one value in all rows that are written together."""
        return self._replace(is_steady=True)

    def array(self, values: Collection[Any]) -> str:
        """Write a column as the text of one array, such as `{1,2,3}`."""
        if self.is_text and (plain := _plain(values, is_filled=self.is_filled)) is not None:
            return plain if self.alone("") is not None else plain.replace('""', "NULL")
        return "{" + ",".join(map(self.element, values)) + "}"


def _plain(values: Collection[str | None], *, is_filled: bool) -> str | None:
    """Write texts that need no escaping all at once; None when one of them does, or is NULL."""
    if not values:
        return None
    try:
        joined = '","'.join(values)  # type: ignore[arg-type] # where one is None it raises
    except TypeError:
        if not is_filled:
            return None
        joined = '","'.join([value or "" for value in values])
    if "\\" in joined or joined.count('"') != 2 * (len(values) - 1):
        return None
    return f'{{"{joined}"}}'


def texts(values: Collection[str]) -> str:
    """Write any texts as the text of one array."""
    return TEXT.array(values)


def _element(alone: Callable[[Any], str | None]) -> Callable[[Any], str]:
    def element(value: Any) -> str:
        if (text := alone(value)) is None:
            return "NULL"
        if "\\" in text or '"' in text:
            text = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{text}"'

    return element


def _same(value: str | None) -> str | None:
    return value


def _filled(value: str | None) -> str | None:
    return value or None


def _empty(value: str | None) -> str | None:
    return value or ""


# A batch has few different times.
@lru_cache(maxsize=4096)
def _time(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _json(value: Any) -> str | None:
    if value is None:
        return None
    return json.dumps(value if isinstance(value, list) else dict(value), ensure_ascii=False)


def _blob(value: bytes) -> str:
    return "\\x" + value.hex()


def _words(values: Sequence[str]) -> str:
    return "{" + ",".join(values) + "}"


def _numbers(values: Sequence[int]) -> str:
    return "{" + ",".join(map(str, values)) + "}"


NUMBER = Kind("bigint", str, str)
# Ids and enumeration values of our own making: nothing in them needs escaping.
WORD = Kind("text", str, str)
TEXT = Kind("text", _same, _element(_same), is_text=True)
# Text that is NULL when it is absent.
LINK = Kind("text", _filled, _element(_filled), is_text=True, is_filled=True)
# Text that is empty when it is absent: the column is never NULL.
NOTE = Kind("text", _empty, _element(_empty), is_text=True, is_filled=True)
TIME = Kind("timestamptz", _time, _element(_time))
JSON = Kind("jsonb", _json, _element(_json))
BLOB = Kind("bytea", _blob, lambda value: '"\\\\x' + value.hex() + '"')
WORDS = Kind("text[]", _words, _element(_words), is_cast=True)
NUMBERS = Kind("bigint[]", _numbers, _element(_numbers), is_cast=True)
