"""Occasions: what all entries of one command share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from ledger.domain.identifiers import RequestId, TransactionId

# An id of whatever type is wanted there: naming it would cost each entry a call.
NewId = Callable[[str], Any]
NO_METADATA: Mapping[str, str] = MappingProxyType({})


def no_metadata() -> Mapping[str, str]:
    """Return the empty metadata that everything without its own shares."""
    return NO_METADATA


@dataclass(slots=True, kw_only=True)
class Occasion:
    """When and why something is decided, on whose word, and where new ids come from.

    `now` is the clock's own time: by it everything is judged, such as what expired. `written_at` never runs
    backwards within an account: with it everything is stamped, and nothing is judged. They differ where the
    account was written by a clock that was ahead.
    """

    now: datetime
    written_at: datetime
    new_id: NewId
    transaction_id: TransactionId
    request_id: RequestId | None = None
    actor: str | None = None
    reason: str | None = None
    metadata: Mapping[str, str] = field(default_factory=no_metadata)
