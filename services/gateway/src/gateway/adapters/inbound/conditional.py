"""What a client has already, and which part it asks for (RFC 9110, 13 and 14)."""

import re

from gateway.domain.errors import RangeNotSatisfiable

# One range: of several, as of what is none, everything is answered, as the RFC has it.
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)


def is_known(asked: str, tag: str) -> bool:
    """Whether `If-None-Match` names this tag."""
    known = [each.strip().removeprefix("W/") for each in asked.split(",")]
    return tag in known or known == ["*"]


def part_of(asked: str, size_bytes: int) -> range | None:
    """Return which bytes `Range` asks for; None where that is all. Raises RangeNotSatisfiable."""
    found = _RANGE.fullmatch(asked.strip())
    if found is None or not (found[1] or found[2]):
        return None
    first, last = found[1], found[2]
    if not first:
        part = range(max(0, size_bytes - int(last)), size_bytes)
    elif last and int(last) < int(first):
        return None
    else:
        part = range(int(first), min(int(last) + 1, size_bytes) if last else size_bytes)
    if not part:
        raise RangeNotSatisfiable(size_bytes)
    return part
