"""Randomness that nobody can guess."""

from typing import Protocol


class SecretSource(Protocol):
    """Makes secrets."""

    def new(self) -> str:
        """Make a fresh URL-safe secret of at least 256 bits."""
        ...

    def new_signing(self) -> str:
        """Make a fresh secret for signatures as Standard Webhooks writes it: `whsec_`, then base64."""
        ...
