"""Randomness of the operating system."""

import secrets

TOKEN_BYTES = 32


class SystemTokens:
    """Implements TokenSource."""

    def new(self) -> str:
        return secrets.token_urlsafe(TOKEN_BYTES)
