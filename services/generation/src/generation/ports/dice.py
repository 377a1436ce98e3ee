"""Chance."""

from typing import Protocol


class Dice(Protocol):
    """Nobody can tell what comes next."""

    def between(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included, each as likely as the other."""
        ...
