"""Statements that write many rows at once.

A column travels as one array; a column whose value is the same in every row travels as one value, which
spares the database taking it apart again for each row. What differs only by that is built once, and
prepared by the driver.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from ledger.adapters.outbound.array_literals import Kind

Columns = tuple[tuple[str, Kind], ...]
Statement = tuple[str, list[str | None]]


def columns(**kinds: Kind) -> Columns:
    """Name the columns that a statement writes, in the order of the rows' values; the key first."""
    return tuple(kinds.items())


def insert(table: str, written: Columns, rows: Iterable[Sequence[Any]]) -> Statement:
    """Return the statement that inserts rows, and its values."""
    shared, values = _split(written, rows)
    return _insert(table, written, shared), values


def update(table: str, written: Columns, rows: Iterable[Sequence[Any]]) -> Statement:
    """Return the statement that updates rows by their first column, and its values."""
    shared, values = _split(written, rows)
    return _update(table, written, shared), values


def _split(written: Columns, rows: Iterable[Sequence[Any]]) -> tuple[tuple[bool, ...], list[str | None]]:
    """Return which columns are the same in all rows, and their values, followed by the others' arrays."""
    shared: list[bool] = []
    values: list[str | None] = []
    arrays: list[str | None] = []
    for (_, kind), column in zip(written, zip(*rows, strict=True), strict=True):
        first = column[0]
        # The key always travels as an array, which says how many rows there are.
        if shared and first == column[-1] and column.count(first) == len(column):
            shared.append(True)
            values.append(kind.alone(first))
        else:
            shared.append(False)
            arrays.append(kind.array(column))
    return tuple(shared), values + arrays


@cache
def _insert(table: str, written: Columns, shared: tuple[bool, ...]) -> str:
    names = ", ".join(name for name, _ in written)
    selected = ", ".join(f"{value} AS {name}" for name, value in _expressions(written, shared))
    return f"INSERT INTO {table} ({names}) SELECT {names} FROM {_rows(selected, written, shared)}"  # noqa: S608


@cache
def _update(table: str, written: Columns, shared: tuple[bool, ...]) -> str:
    key = written[0][0]
    selected = ", ".join(f"{value} AS {name}" for name, value in _expressions(written, shared))
    changed = ", ".join(f"{name} = new.{name}" for name, _ in written[1:])
    return (
        f"UPDATE {table} SET {changed} FROM {_rows(selected, written, shared)} "  # noqa: S608
        f"WHERE {table}.{key} = new.{key}"
    )


def _rows(selected: str, written: Columns, shared: tuple[bool, ...]) -> str:
    sent = [(name, kind) for (name, kind), same in zip(written, shared, strict=True) if not same]
    arrays = ", ".join(f"%s::{'text' if kind.is_cast else kind.type}[]" for _, kind in sent)
    names = ", ".join(name for name, _ in sent)
    return f"(SELECT {selected} FROM unnest({arrays}) AS sent({names})) AS new"  # noqa: S608


def _expressions(written: Columns, shared: tuple[bool, ...]) -> list[tuple[str, str]]:
    """Say where each column's value comes from; the shared ones come first among the values."""
    return [
        (name, f"%s::{kind.type}" if same else f"sent.{name}::{kind.type}")
        for (name, kind), same in zip(written, shared, strict=True)
    ]
