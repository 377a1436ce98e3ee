"""Occasions: what all entries of one command share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

NewId = Callable[[str], str]
NO_METADATA: Mapping[str, str] = MappingProxyType({})


def no_metadata() -> Mapping[str, str]:
    """Return the empty metadata that everything without its own shares."""
    return NO_METADATA


@dataclass(slots=True, kw_only=True)
class Occasion:
    """When and why something is decided, on whose word, and where new ids come from.

    `now` never runs backwards within an account; `asked_at` is the clock's own time, by which budgets
    choose their period.
    """

    now: datetime
    asked_at: datetime
    new_id: NewId
    transaction_id: str
    request_id: str = ""
    actor: str = ""
    reason: str = ""
    metadata: Mapping[str, str] = field(default_factory=no_metadata)
