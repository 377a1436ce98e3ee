"""New secrets."""

from typing import Protocol


class SecretSource(Protocol):
    """Makes secrets nobody can guess."""

    def new(self) -> str:
        """Make a URL-safe secret of 256 random bits."""
        ...
