"""JSON documents that users send: bounds, and one exact form to hash."""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from generation.domain.errors import Violation

DEPTH_MAX = 5
METADATA_BYTES_MAX = 4096
# PostgreSQL's jsonb and JSON itself carry larger numbers; no field of ours means one.
NUMBER_MAX = 2**53


def canonical(document: Mapping[str, Any]) -> bytes:
    """Return the same bytes for the same document, whatever its key order."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical form, in hex."""
    return hashlib.sha256(canonical(document)).hexdigest()


def violations(document: Mapping[str, Any], *, field: str | None = None) -> list[Violation]:
    """Return where a document holds what none may: NUL, deep nesting, numbers not finite or too large."""
    return list(_walk(document, field or "", 0))


def metadata_violations(metadata: Mapping[str, Any]) -> list[Violation]:
    """Return where the caller's own metadata breaks its bounds."""
    found = violations(metadata, field="metadata")
    if not found and len(canonical(metadata)) > METADATA_BYTES_MAX:
        found.append(Violation("metadata", f"is larger than {METADATA_BYTES_MAX} bytes"))
    return found


def _walk(value: Any, field: str, depth: int) -> Iterator[Violation]:
    if depth > DEPTH_MAX:
        yield Violation(field, f"is nested deeper than {DEPTH_MAX} levels")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if "\x00" in key:
                yield Violation(field or "input", "has a name with a NUL character")
            else:
                yield from _walk(inner, f"{field}.{key}" if field else key, depth + 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _walk(inner, f"{field}[{index}]", depth + 1)
    elif isinstance(value, str):
        if "\x00" in value:
            yield Violation(field, "has a NUL character")
    elif isinstance(value, int | float) and not (math.isfinite(value) and abs(value) <= NUMBER_MAX):
        yield Violation(field, "is not a number in range")
