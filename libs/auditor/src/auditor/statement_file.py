"""A statement as it is in a file, JSON or CSV. Needs nothing but Python's standard library."""

import csv
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FORMAT = "tintype.statement.v1"
BOOKS = ("available", "held", "world", "revenue", "breakage", "debt", "adjustment")
NUMBERS = (*BOOKS, "sequence", "balance_after", "held_after")
TEXTS = (
    "account_id", "actor", "category", "created_at", "entry_id", "grant_id", "kind", "payment_id", "reason",
    "reference", "request_id", "reservation_id", "transaction_id", "hash",
)  # fmt: skip
FIELDS = {*NUMBERS, *TEXTS, "metadata"}
BALANCES = ("available", "held", "debt", "sequence")
GENESIS = "0" * 64

# What the first and the last row of a CSV say: balances after a line, and from when, up to when.
_ENDS = {"account_id", "created_at", "balance_after", "held_after", "debt", "sequence", "hash"}

HASH = re.compile(r"[0-9a-f]{64}")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,18}")

Object = dict[str, Any]


class NotAStatement(Exception):
    """The file can't be read as a statement."""


@dataclass(frozen=True)
class Statement:
    """What a file holds."""

    account_id: str
    since: str | None
    until: str | None
    opening: Object
    lines: Sequence[Object]
    closing: Object


def read(path: Path) -> Statement:
    """Read a statement, JSON or CSV. Raises NotAStatement."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if file.read(1) == "{":
                file.seek(0)
                return _from_json(json.load(file, object_pairs_hook=_unique))
            file.seek(0)
            return _from_csv(csv.DictReader(file, strict=True))
    except (OSError, UnicodeDecodeError, ValueError, csv.Error, RecursionError) as failure:
        raise NotAStatement(str(failure)) from failure


def _unique(pairs: list[tuple[str, Any]]) -> Object:
    if len(named := dict(pairs)) != len(pairs):
        raise NotAStatement("a name is there twice")
    return named


def _from_json(document: Object) -> Statement:
    if document.get("format") != FORMAT:
        raise NotAStatement(f"its format is not {FORMAT}")
    try:
        return _checked(
            Statement(
                account_id=document["account_id"],
                since=document["from"],
                until=document["to"],
                opening=document["opening"],
                lines=document["lines"],
                closing=document["closing"],
            )
        )
    except (KeyError, TypeError, AttributeError) as missing:
        raise NotAStatement(f"something is missing: {missing}") from missing


def _from_csv(rows: "csv.DictReader[str]") -> Statement:
    if set(rows.fieldnames or ()) != {*FIELDS, "part"}:
        raise NotAStatement("its columns are not those of a statement")
    parts: dict[str, list[Object]] = {"opening": [], "line": [], "closing": []}
    order: list[str] = []
    for row in rows:
        part = str(row.pop("part"))
        if part not in parts or None in row or None in row.values():
            raise NotAStatement(f"row {rows.line_num} is none of a statement")
        if part != "line" or part != (order or [""])[-1]:
            order.append(part)
        parts[part].append({name: _cell(name, value, part) for name, value in row.items()})
    if order not in (["opening", "line", "closing"], ["opening", "closing"]):
        raise NotAStatement("it should have an opening, lines, a closing")
    [opening], [closing] = parts["opening"], parts["closing"]
    if closing["account_id"] != opening["account_id"]:
        raise NotAStatement("its opening and its closing are of two accounts")
    return _checked(
        Statement(
            account_id=opening["account_id"],
            since=opening["created_at"] or None,
            until=closing["created_at"] or None,
            opening=_balances(opening),
            lines=parts["line"],
            closing=_balances(closing),
        )
    )


def _cell(name: str, value: str, part: str) -> Any:
    if name in NUMBERS:
        if part != "line" and not value:
            return 0
        if not _NUMBER.fullmatch(value):
            raise NotAStatement(f"{name} is no number: {value!r}")
        return int(value)
    if name == "metadata":
        return json.loads(value, object_pairs_hook=_unique) if value else {}
    if not value.startswith("'"):
        return value
    # A text that a spreadsheet would take for a formula has an apostrophe in front, and no other text.
    if value[1:2] not in _FORMULA:
        raise NotAStatement(f"{name} begins with an apostrophe too many: {value!r}")
    return value[1:]


def _balances(row: Object) -> Object:
    if surplus := [name for name in FIELDS - _ENDS if row[name]]:
        raise NotAStatement(f"its opening or its closing says {surplus[0]}")
    return {
        "available": row["balance_after"],
        "held": row["held_after"],
        "debt": row["debt"],
        "sequence": row["sequence"],
        "hash": row["hash"],
    }


def _checked(statement: Statement) -> Statement:
    if not all(one is None or _TIME.fullmatch(one) for one in (statement.since, statement.until)):
        raise NotAStatement("from and to are times in UTC with six digits")
    ends = {*BALANCES, "hash"}
    _shape("the opening", statement.opening, ends, BALANCES)
    # A CSV leaves out what its rows say.
    counts = {"lines", "unsealed"} & set(statement.closing)
    _shape("the closing", statement.closing, ends | counts, (*BALANCES, *counts))
    for place, line in enumerate(statement.lines, 1):
        where = f"line {place}"
        _shape(where, line, FIELDS, NUMBERS)
        if not all(isinstance(line[name], str) for name in TEXTS):
            raise NotAStatement(f"{where}: a text is something else")
        pairs = line["metadata"]
        if not isinstance(pairs, dict) or not all(isinstance(value, str) for value in pairs.values()):
            raise NotAStatement(f"{where}: metadata is something else")
    return statement


def _shape(where: str, part: Object, names: Iterable[str], numbers: Iterable[str]) -> None:
    if set(part) != set(names):
        raise NotAStatement(f"{where}: its fields are not {', '.join(sorted(names))}")
    if not all(type(part[name]) is int for name in numbers):
        raise NotAStatement(f"{where}: a number is something else")
    if part["hash"] and not (isinstance(part["hash"], str) and HASH.fullmatch(part["hash"])):
        raise NotAStatement(f"{where}: its hash is not 64 hexadecimal digits")
