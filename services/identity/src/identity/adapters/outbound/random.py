"""Secrets from the operating system's random source."""

import secrets

_SECRET_SIZE_BYTES = 32


class RandomSecrets:
    """Makes 256-bit secrets; implements SecretSource."""

    def new(self) -> str:
        """Forty-three URL-safe characters."""
        return secrets.token_urlsafe(_SECRET_SIZE_BYTES)
