"""Randomness that nobody can guess."""

from typing import Protocol


class SecretSource(Protocol):
    """Makes secrets."""

    def new(self) -> str:
        """A fresh URL-safe secret of at least 256 bits."""
        ...
