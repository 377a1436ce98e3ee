"""Statements that write many rows at once.

A column travels as one array; of many rows, a column whose value is the same in every row travels as one
value, which spares the database taking it apart again for each row. What differs only by that is built once,
and prepared by the driver. Few rows cost less than their statements: those are put together into one.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any

from sqlalchemy import Table

from ledger.adapters.outbound.postgres.array_literals import Kind

# From here on every column that can travel as one value does. Below, statements cost more than rows: each has
# three shapes, so that it is prepared soon, and they go together.
MANY = 50

Columns = tuple[tuple[str, Kind], ...]
Statement = tuple[str, list[Any]]


def columns(table: Table, **kinds: Kind) -> Columns:
    """Name the columns that a statement writes, in the order of the rows' values; the key first.

    Raises ValueError for a name that the table does not have.
    """
    if unknown := kinds.keys() - {column.name for column in table.c}:
        raise ValueError(f"{table.name} has no columns {sorted(unknown)}")
    return tuple(kinds.items())


def every_column(table: Table, **kinds: Kind) -> Columns:
    """Name the columns as `columns` does. Raises ValueError also for a column that would be left out."""
    if left_out := {column.name for column in table.c if column.computed is None} - kinds.keys():
        raise ValueError(f"{table.name} also has the columns {sorted(left_out)}")
    return columns(table, **kinds)


def values_of(fields: Collection[str], written: Columns) -> Callable[[Any], tuple[Any, ...]]:
    """Return what reads a row's values off an object with these fields, by the columns' names.

    Raises ValueError for a column that is none of the fields.
    """
    names = [name for name, _ in written]
    if unknown := [name for name in names if name not in fields]:
        raise ValueError(f"there are no fields {unknown}")
    return attrgetter(*names)


def as_it_is(fields: Collection[str], written: Columns) -> Columns:
    """Return the columns. Raises ValueError unless a tuple with these fields is a row of them as it is."""
    names = tuple(name for name, _ in written)
    if names != tuple(fields):
        raise ValueError(f"the columns are {names}, not the fields {tuple(fields)}")
    return written


def insert(table: str, written: Columns, rows: Iterable[Sequence[Any]]) -> Statement:
    """Return the statement that inserts rows, and its values."""
    shared, values = _split(written, rows)
    return _insert(table, written, shared), values


def update(table: str, written: Columns, rows: Iterable[Sequence[Any]]) -> Statement:
    """Return the statement that updates rows by their first column, and its values."""
    shared, values = _split(written, rows)
    return _update(table, written, shared), values


def together(statements: Iterable[Statement], *, last: str) -> Statement:
    """Return one statement that does what several do, and then `last`. They must change different rows:
    none of them sees what the others do."""
    parts, values = [], []
    for number, (statement, its_values) in enumerate(statements):
        parts.append(f"part_{number} AS ({statement})")
        values += its_values
    return f"WITH {', '.join(parts)} {last}", values


def _split(written: Columns, rows: Iterable[Sequence[Any]]) -> tuple[tuple[bool, ...], list[str | None]]:
    """Return which columns are the same in all rows, and their values, followed by the others' arrays."""
    sent = list(zip(*rows, strict=True))
    shared = _shared(written, sent)
    values: list[str | None] = []
    arrays: list[str | None] = []
    for (_, kind), column, same in zip(written, sent, shared, strict=True):
        if same:
            values.append(kind.alone(column[0]))
        else:
            arrays.append(kind.array(column))
    return shared, values + arrays


def _shared(written: Columns, sent: Sequence[tuple[Any, ...]]) -> tuple[bool, ...]:
    """Return which columns travel as one value. The key never does: its array says how many there are."""
    if len(sent[0]) == 1:
        return (False, *(True for _ in sent[1:]))
    if len(sent[0]) >= MANY:
        return (False, *map(_is_same, sent[1:]))
    steady = [kind.is_steady for _, kind in written]
    if all(_is_same(column) for column, is_steady in zip(sent, steady, strict=True) if is_steady):
        return tuple(steady)
    return tuple(False for _ in sent)


def _is_same(column: tuple[Any, ...]) -> bool:
    first = column[0]
    return bool(first == column[-1]) and column.count(first) == len(column)


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
        # `=` alone lets the planner walk along the whole index and look each row up among the new ones, which
        # is what it does with a plan from when the table was empty. This it can only look up in the index.
        f"WHERE {table}.{key} = ANY(ARRAY[new.{key}])"
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
