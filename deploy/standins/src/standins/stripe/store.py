"""The account's objects as JSON documents in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Document = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    created INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (id)
);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, seq);
CREATE TABLE IF NOT EXISTS idempotency (
    key TEXT PRIMARY KEY,
    path TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    request_id TEXT NOT NULL,
    created INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at REAL NOT NULL,
    outcomes TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (state, due_at);
CREATE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (event);
CREATE TABLE IF NOT EXISTS timers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    due_at REAL NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    clock TEXT
);
CREATE TABLE IF NOT EXISTS modes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Store:
    """Documents by id and kind; every change happens inside one transaction."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.sql = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.sql.row_factory = sqlite3.Row
        # A commit in the write-ahead log outlives kill -9; only a power cut could take the last ones.
        self.sql.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=5000;"
        )
        self.sql.executescript(SCHEMA)
        if not any(column["name"] == "clock" for column in self.sql.execute("PRAGMA table_info(timers)")):
            # The file is older than test clocks.
            self.sql.execute("ALTER TABLE timers ADD COLUMN clock TEXT")

    def close(self) -> None:
        """Close the file."""
        self.sql.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what the block did, or nothing of it."""
        self.sql.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.sql.execute("ROLLBACK")
            raise
        self.sql.execute("COMMIT")

    def save(self, document: Document) -> None:
        """Insert the document, or replace the one with its id."""
        self.sql.execute(
            "INSERT INTO objects (id, kind, created, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            (document["id"], document["object"], document.get("created", 0), json.dumps(document)),
        )

    def get(self, kind: str, object_id: str) -> Document | None:
        """Return the document of that kind with that id."""
        row = self.sql.execute(
            "SELECT body FROM objects WHERE id = ? AND kind = ?", (object_id, kind)
        ).fetchone()
        return None if row is None else json.loads(row["body"])

    def delete(self, object_id: str) -> None:
        """Forget a document."""
        self.sql.execute("DELETE FROM objects WHERE id = ?", (object_id,))

    def find(self, kind: str, **fields: Any) -> list[Document]:
        """Every document of a kind whose fields have these values, oldest first."""
        where, values = conditions({name: [value] for name, value in fields.items()})
        rows = self.sql.execute(
            f"SELECT body FROM objects WHERE kind = ?{where} ORDER BY seq",  # noqa: S608  field names are our own
            (kind, *values),
        )
        return [json.loads(row["body"]) for row in rows]

    def remember(self, name: str, value: Any) -> None:
        """Keep a small named setting."""
        self.sql.execute("INSERT OR REPLACE INTO modes VALUES (?, ?)", (name, json.dumps(value)))

    def recall(self, name: str, default: Any) -> Any:
        """Return a setting kept by `remember`."""
        row = self.sql.execute("SELECT value FROM modes WHERE name = ?", (name,)).fetchone()
        return default if row is None else json.loads(row["value"])


def conditions(fields: Mapping[str, list[Any]]) -> tuple[str, list[Any]]:
    """Write SQL for `field is one of these values`, for each field that has values; with what to bind."""
    clauses: list[str] = []
    values: list[Any] = []
    for name, allowed in fields.items():
        marks = ", ".join("?" * len(allowed))
        clauses.append(f" AND json_extract(body, '$.{name}') IN ({marks})")
        values.extend(allowed)
    return "".join(clauses), values


def public(document: Document) -> Document:
    """Return the document as callers see it: fields that begin with an underscore stay inside."""
    return {name: value for name, value in document.items() if not name.startswith("_")}
