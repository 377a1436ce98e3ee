"""Counts what operators look at."""

from enum import StrEnum
from typing import Protocol

from generation.domain.generation import Generation
from generation.domain.identifiers import ModelId


class Verdict(StrEnum):
    """What came of asking whether a job may be made."""

    PASSED = "passed"
    REFUSED = "refused"
    AWAY = "away"


class Meter(Protocol):
    """Never raises."""

    def ended(self, generation: Generation) -> None:
        """Count a job that held credits and ended just now."""
        ...

    def account_trouble(self, provider: str, *, troubled: bool) -> None:
        """Our own account at a provider is refused or used up, or well again."""
        ...

    def circuit(self, provider: str, model_id: ModelId, *, is_open: bool) -> None:
        """Say that a provider fails with a model, so that none is sent there, or that it works again."""
        ...

    def paid(self, provider: str, model_id: ModelId, *, usd_micros: int) -> None:
        """Count what a run cost us, in millionths of a dollar, whether or not anything came of it."""
        ...

    def moderated(self, verdict: Verdict) -> None:
        """Count that it was asked whether a job may be made."""
        ...

    def unsigned(self) -> None:
        """Count an output that should say where it comes from, and does not."""
        ...
