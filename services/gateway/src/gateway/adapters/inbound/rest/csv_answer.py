"""Answers in CSV: how they are described, and rows that no spreadsheet runs."""

import csv
import io
from collections.abc import Sequence
from typing import Any

# What a spreadsheet would run where a text begins with it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_of(columns: Sequence[str], **others: Sequence[str]) -> dict[str, Any]:
    """Return the description of a table with these columns, for `responses`: it comes as a file.

    `others` are the columns that it has in other cases, by what they are called.
    """
    heads = {"usual": columns, **others}
    shown = {name: {"value": ",".join(each) + "\r\n"} for name, each in heads.items()}
    return {
        "headers": {"Content-Disposition": {"$ref": "#/components/headers/Content-Disposition"}},
        "content": {
            "text/csv": {
                "schema": {
                    "type": "string",
                    "description": "RFC 4180. The first row names the columns; more may be added at the end.",
                },
                **({"examples": shown} if others else {"example": shown["usual"]["value"]}),
            }
        },
    }


def prefers_csv(accept: str) -> bool:
    """Whether an Accept header asks for a table rather than for JSON."""
    offered = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    return "text/csv" in offered and "application/json" not in offered


def csv_lines(rows: Sequence[Sequence[Any]]) -> str:
    """Return rows as RFC 4180 writes them, an apostrophe before each text that begins like a formula."""
    text = io.StringIO()
    csv.writer(text).writerows([[_harmless(value) for value in row] for row in rows])
    return text.getvalue()


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
