"""The last mails in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from standins.mailbox.letter import Letter, Summary

SCHEMA = """
PRAGMA journal_mode=WAL;
CREATE TABLE IF NOT EXISTS letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at REAL NOT NULL,
    sender TEXT NOT NULL,
    recipients TEXT NOT NULL,
    subject TEXT NOT NULL,
    raw BLOB NOT NULL
);
"""
COLUMNS = "id, received_at, sender, recipients, subject"


class LetterStore:
    """Keeps the newest mails and forgets the oldest."""

    def __init__(self, path: Path, *, kept_count: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.kept_count = kept_count
        self.sql = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.sql.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self.sql.close()

    def add(self, *, sender: str, recipients: Sequence[str], subject: str, raw: bytes) -> int:
        """Store a mail before its sender is told 250, and drop what is beyond the bound."""
        cursor = self.sql.execute(
            "INSERT INTO letters (received_at, sender, recipients, subject, raw) VALUES (?, ?, ?, ?, ?)",
            (time.time(), sender, json.dumps([address.lower() for address in recipients]), subject, raw),
        )
        newest = int(cursor.lastrowid or 0)
        self.sql.execute("DELETE FROM letters WHERE id <= ?", (newest - self.kept_count,))
        return newest

    def list(self, *, to: str | None, limit: int) -> list[Summary]:
        """Return the newest mails, all or those to one address."""
        rows = self.sql.execute(
            f"SELECT {COLUMNS} FROM letters WHERE ?1 IS NULL"  # noqa: S608  our own constant
            " OR EXISTS (SELECT 1 FROM json_each(recipients) WHERE value = ?1) ORDER BY id DESC LIMIT ?2",
            (to.lower() if to else None, limit),
        )
        return [_summary(row) for row in rows]

    def get(self, letter_id: int) -> Letter | None:
        """One mail with its parts."""
        sql = f"SELECT {COLUMNS}, raw FROM letters WHERE id = ?"  # noqa: S608  our own constant
        row = self.sql.execute(sql, (letter_id,)).fetchone()
        return None if row is None else Letter(_summary(row[:-1]), row[-1])

    def clear(self) -> None:
        """Forget every mail."""
        self.sql.execute("DELETE FROM letters")


def _summary(row: tuple[int, float, str, str, str]) -> Summary:
    letter_id, received_at, sender, recipients, subject = row
    return Summary(letter_id, received_at, sender, tuple(json.loads(recipients)), subject)
