"""Journal rows in the form that is hashed."""

from collections.abc import Sequence
from typing import Any

from ledger.domain.chain import JournalLine

_LINKS = ("request_id", "grant_id", "reservation_id", "reference", "payment_id")

FIELDS = (
    "account_id", "actor", "adjustment", "available", "balance_after", "breakage", "category", "created_at",
    "debt", "entry_id", "grant_id", "held", "held_after", "kind", "metadata", "payment_id", "reason",
    "reference", "request_id", "reservation_id", "revenue", "sequence", "transaction_id", "world",
)  # fmt: skip


def _column(name: str) -> str:
    if name == "created_at":
        # As text: a time that Python can't hold must be found by who verifies, not stop them.
        return "to_char(e.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
    if name == "metadata":
        # Nearly always empty, and then not worth the trip through JSON.
        return "nullif(e.metadata, '{}')"
    return f"coalesce(e.{name}, '')" if name in _LINKS else f"e.{name}"


# What to select of `entries e`, in the order of FIELDS. SQL in a `text()` takes a colon for a parameter.
LINE_COLUMNS = ", ".join(_column(name) for name in FIELDS).replace(":", "\\:")


def line(columns: Sequence[Any]) -> JournalLine:
    """Read the selected columns."""
    read = dict(zip(FIELDS, columns, strict=True))
    if read["metadata"] is None:
        read["metadata"] = {}
    return read
