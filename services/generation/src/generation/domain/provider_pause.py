"""Why a worker asks a provider for nothing now."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from generation.domain.identifiers import ModelId


class PauseReason(StrEnum):
    """What speaks against asking."""

    FAILING = "failing"
    """It failed jobs of this model one after the other: a circuit is open."""
    ACCOUNT = "account"
    """It does not take our account: no model of it is asked for."""
    ASKED_TO_WAIT = "asked_to_wait"
    """It said when to come again."""


@dataclass(frozen=True, kw_only=True)
class ProviderPause:
    """A provider, or one model of it, that is left alone; at `until` one job tries, or all may."""

    provider: str
    model_id: ModelId | None
    """None where it is about every model."""
    reason: PauseReason
    since: datetime
    until: datetime
