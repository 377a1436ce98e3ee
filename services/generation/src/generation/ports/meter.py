"""Counts what operators look at."""

from typing import Protocol

from generation.domain.generation import Generation


class Meter(Protocol):
    """Never raises."""

    def ended(self, generation: Generation) -> None:
        """Count a job that held credits and ended just now."""
        ...

    def account_trouble(self, provider: str, *, troubled: bool) -> None:
        """Our own account at a provider is refused or used up, or well again."""
        ...

    def paid(self, provider: str, *, usd_micros: int) -> None:
        """Count what a delivered run cost us, in millionths of a dollar, as its provider says."""
        ...
