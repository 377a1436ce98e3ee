"""Counts what operators look at."""

from typing import Protocol

from generation.domain.generation import Generation


class Meter(Protocol):
    """Never raises."""

    def ended(self, generation: Generation) -> None:
        """A job that held credits ended just now."""
        ...
