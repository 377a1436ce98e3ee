"""Randomness of the operating system."""

import secrets


class RandomSecrets:
    """Makes secrets; implements SecretSource."""

    def new(self) -> str:
        """See SecretSource."""
        return secrets.token_urlsafe(32)
