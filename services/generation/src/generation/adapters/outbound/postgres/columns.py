"""Columns that follow from a record's fields, so that a field is written down once.

A field of a type that has no column, or an exception for a field that is not there, fails at import.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from types import NoneType
from typing import (
    Any,
    ClassVar,
    Generic,
    LiteralString,
    Protocol,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

from psycopg.types.json import Jsonb
from sqlalchemy import BigInteger, Boolean, Column, DateTime, Float, Row, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import TypeEngine


class Record(Protocol):
    """A dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


RecordT = TypeVar("RecordT", bound=Record)
moment = DateTime(timezone=True)
_TYPES: Mapping[Any, TypeEngine[Any]] = {
    str: Text(),
    int: BigInteger(),
    float: Float(),
    bool: Boolean(),
    datetime: moment,
    Mapping: JSONB(),
    tuple: ARRAY(Text()),
}


@dataclass(frozen=True)
class Spread:
    """A field that its columns don't show as it is: which they are, and how it is written and read."""

    columns: Mapping[str, TypeEngine[Any]]
    write: Callable[[Any], Mapping[str, Any]]
    read: Callable[[Row[Any]], Any]


class Columns(Generic[RecordT]):
    """A column a field, of the same name, but for the exceptions in `spread`."""

    def __init__(
        self, record: type[RecordT], *, key: str, spread: Mapping[str, Spread] | None = None
    ) -> None:
        hints = get_type_hints(record)
        self._record = record
        self._key = key
        self._spread = dict(spread or {})
        self._plain = {f.name: _plain(hints[f.name]) for f in fields(record) if f.name not in self._spread}
        # What a field holds is known by its type: it is not looked at again in every row.
        self._drives = {name: _drive_of(plain) for name, plain in self._plain.items()}
        if strangers := ({key} | self._spread.keys()) - {f.name for f in fields(record)}:
            raise TypeError(f"{record.__name__} has no {', '.join(sorted(strangers))}")
        self.types = {name: _type(plain) for name, plain in self._plain.items()}
        for exception in self._spread.values():
            self.types |= exception.columns

    def columns(self) -> list[Column[Any]]:
        """Return new columns for a table."""
        return [Column(name, kind, primary_key=name == self._key) for name, kind in self.types.items()]

    def row(self, record: RecordT) -> dict[str, Any]:
        """Return every column's value."""
        values = {name: _written(getattr(record, name)) for name in self._plain}
        for name, exception in self._spread.items():
            values |= exception.write(getattr(record, name))
        return values

    def values(self, record: RecordT, *, leaving_out: Collection[str] = ()) -> dict[str, Any]:
        """Return every column's value, without those that are left out, as psycopg takes it."""
        values: dict[str, Any] = {}
        for name, drive in self._drives.items():
            if name not in leaving_out:
                value = getattr(record, name)
                values[name] = value if drive is None or value is None else drive(value)
        for name, exception in self._spread.items():
            if any(column not in leaving_out for column in exception.columns):
                written = exception.write(getattr(record, name))
                values |= {column: _driven(value) for column, value in written.items()}
        return values

    def read(self, row: Row[Any]) -> RecordT:
        """Return the record that was written."""
        values = {name: _read(plain, getattr(row, name)) for name, plain in self._plain.items()}
        values |= {name: exception.read(row) for name, exception in self._spread.items()}
        return self._record(**values)


def insert_into(table: str, names: Iterable[str], rest: LiteralString = "") -> LiteralString:
    """Return the statement, in psycopg's words, that inserts a row of these columns."""
    listed = tuple(names)
    columns, values = ", ".join(listed), ", ".join(f"%({name})s" for name in listed)
    return f"INSERT INTO {table} ({columns}) VALUES ({values}) {rest}"  # noqa: S608 - our own names


def update_of(table: str, names: Iterable[str], *, key: str) -> LiteralString:
    """Return the statement, in psycopg's words, that sets these columns of a row."""
    changes = ", ".join(f"{name} = %({name})s" for name in names)
    return f"UPDATE {table} SET {changes} WHERE {key} = %({key})s"  # noqa: S608 - our own names


def _plain(hint: Any) -> Any:
    """Return what a field holds when it is not None, its parameters left out."""
    if NoneType in get_args(hint):
        (hint,) = [part for part in get_args(hint) if part is not NoneType]
    hint = getattr(hint, "__supertype__", hint)
    return get_origin(hint) or hint


def _type(plain: Any) -> TypeEngine[Any]:
    if isinstance(plain, type) and issubclass(plain, StrEnum):
        return Text()
    for known, kind in _TYPES.items():
        if plain is known:
            return kind
    raise TypeError(f"{plain} has no column: say how it is written and read")


def _written(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


def _drive_of(plain: Any) -> Callable[[Any], Any] | None:
    """Return how psycopg is given what such a field holds, None for as it is."""
    if plain is Mapping:
        return lambda value: Jsonb(dict(value))
    if plain is tuple:
        return list
    return str if isinstance(plain, type) and issubclass(plain, StrEnum) else None


def _driven(value: Any) -> Any:
    if isinstance(value, dict):
        return Jsonb(value)
    return value.value if isinstance(value, StrEnum) else value


def _read(plain: Any, value: Any) -> Any:
    is_made = plain is tuple or (isinstance(plain, type) and issubclass(plain, StrEnum))
    return plain(value) if is_made and value is not None else value
