"""Chance from the operating system."""

import secrets


class SystemDice:
    """Draws from `secrets`: two workers, or two replicas, never draw in step."""

    def between(self, low: int, high: int) -> int:
        return low + secrets.randbelow(high - low + 1)
