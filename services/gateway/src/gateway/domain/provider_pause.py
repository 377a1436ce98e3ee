"""Providers that workers ask for nothing now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.identifiers import ModelId


class PauseReason(StrEnum):
    """What speaks against asking."""

    FAILING = "failing"
    """It failed jobs of the model one after the other."""
    ACCOUNT = "account"
    """It does not take our account."""
    ASKED_TO_WAIT = "asked_to_wait"
    """It said when to come again."""


@dataclass(frozen=True, kw_only=True)
class ProviderPause:
    """A provider, or one model of it, that some workers leave alone."""

    provider: str
    model_id: ModelId | None
    """None where it is about every model."""
    reason: str
    """One of PauseReason, or one that only a later release of generation knows."""
    since: datetime
    """Of the first worker."""
    until: datetime
    """When the last of them tries again; past while a try is under way."""
    workers: int


@dataclass(frozen=True, kw_only=True)
class PauseReport:
    """What workers that are there say, and how many these are: of none, nothing is known."""

    workers: int
    pauses: Sequence[ProviderPause]

    def of(self, provider: str, model_id: ModelId | None) -> list[ProviderPause]:
        """Return what is said of a provider's model, or, without one, of the whole provider."""
        return [pause for pause in self.pauses if (pause.provider, pause.model_id) == (provider, model_id)]
