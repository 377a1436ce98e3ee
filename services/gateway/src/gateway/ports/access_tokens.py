"""Proof of who calls."""

from typing import Protocol

from gateway.domain.user import Principal


class AccessTokens(Protocol):
    """Checks access tokens without asking identity about each."""

    async def verify(self, token: str) -> Principal:
        """Return whom the token speaks for.

        Raises Unauthenticated with reason TOKEN_EXPIRED or INVALID_TOKEN: signature, algorithm, type,
        issuer, audience and times must all fit. Whether the token's session has ended since is another
        question.
        """
        ...
