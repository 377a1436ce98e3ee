"""The hash chain: what of an entry is sealed, and how each hash covers the one before it.

The canonical form is a contract with everybody who verifies a statement: a JSON object with sorted keys
and no blanks, text as UTF-8 with only what JSON requires escaped, what is absent as "", numbers as integers,
the time in UTC with six digits and a `Z`. It never changes for entries that are sealed.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC
from hashlib import sha256
from typing import NamedTuple, TypeAlias

from ledger.domain.entry import Entry
from ledger.domain.identifiers import AccountId

# An entry as it is sealed: every field by name, nothing else.
JournalLine: TypeAlias = Mapping[str, object]

# What the first entry of an account follows, and the first seal.
GENESIS = bytes(32)

_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


class Head(NamedTuple):
    """Where an account's chain ends."""

    sequence: int = 0
    hash: bytes = GENESIS


def journal_line(entry: Entry) -> JournalLine:
    """Return what of an entry is sealed: all of it."""
    fields = {name: "" if value is None else value for name, value in entry._asdict().items()}
    del fields["movement"]
    created_at = entry.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {**fields, **entry.movement._asdict(), "metadata": dict(entry.metadata), "created_at": created_at}


def canonical_bytes(line: JournalLine) -> bytes:
    """Return the bytes that are hashed."""
    return _encode(line).encode()


def next_hash(previous: bytes, line: JournalLine) -> bytes:
    """Return the hash that seals a line and, by `previous`, every line of its account before it."""
    return sha256(previous + canonical_bytes(line)).digest()


def seal_hash(previous: bytes, heads: Iterable[tuple[AccountId, Head]]) -> bytes:
    """Return the hash that seals where the chains of some accounts end, in the order of their ids."""
    digest = sha256(previous)
    for account_id, head in sorted(heads):
        digest.update(account_id.encode() + head.hash + head.sequence.to_bytes(8, "big"))
    return digest.digest()
