"""Bounds of what a command may carry."""

import re
from collections.abc import Mapping

from ledger.domain.errors import InvalidField

AMOUNT_MAX_CREDITS = 1_000_000_000
TEXT_MAX = 255
REASON_MAX = 1_000
TTL_MIN_S, TTL_MAX_S = 60, 30 * 24 * 3600
PAGE_MAX, PAGE_DEFAULT = 100, 20
BATCH_MAX = 500
BUDGETS_MAX = 5
METADATA_MAX, METADATA_KEY_MAX = 20, 64

# What can be one token of the subject that an account's facts are published under.
_ACCOUNT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def require_account(field: str, value: str) -> None:
    """Raise InvalidField unless the value can be an account's id."""
    if not value:
        raise InvalidField(field, "is required")
    if not _ACCOUNT_ID.fullmatch(value):
        raise InvalidField(field, "must be 1 to 64 letters, digits, _ or -")


def require_text(field: str, value: str | None, *, longest: int = TEXT_MAX) -> None:
    """Raise InvalidField unless the text is there and not too long."""
    if not value:
        raise InvalidField(field, "is required")
    require_short(field, value, longest=longest)


def require_short(field: str, value: str, *, longest: int = TEXT_MAX) -> None:
    """Raise InvalidField when the text is too long or holds what can't be stored or printed."""
    if len(value) > longest:
        raise InvalidField(field, f"has {len(value)} characters, at most {longest} are allowed")
    if not value.isprintable() and _UNPRINTABLE.search(value):
        raise InvalidField(field, "must not hold control characters or half characters")


def require_amount(field: str, value: int) -> None:
    """Raise InvalidField unless it is a whole number of credits from 1 to the maximum."""
    require_between(field, value, 1, AMOUNT_MAX_CREDITS)


def require_between(field: str, value: int, lowest: int, highest: int) -> None:
    """Raise InvalidField unless the value is within its bounds."""
    if not lowest <= value <= highest:
        raise InvalidField(field, f"must be from {lowest} to {highest}, not {value}")


def require_metadata(metadata: Mapping[str, str]) -> None:
    """Raise InvalidField for too many pairs, or for a key or value that is too long."""
    if len(metadata) > METADATA_MAX:
        raise InvalidField("metadata", f"has {len(metadata)} pairs, at most {METADATA_MAX} are allowed")
    for key, value in metadata.items():
        require_text("metadata", key, longest=METADATA_KEY_MAX)
        require_short(f"metadata.{key}", value)


def page_size(value: int) -> int:
    """Return how many rows to list: the default for 0. Raises InvalidField past the maximum."""
    if value == 0:
        return PAGE_DEFAULT
    require_between("page_size", value, 1, PAGE_MAX)
    return value
