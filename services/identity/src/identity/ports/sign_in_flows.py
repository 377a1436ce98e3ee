"""Where it is kept who has been sent to a provider."""

from datetime import datetime
from typing import Protocol

from identity.domain.secret import SecretDigest
from identity.domain.sign_in_flow import SignInFlow


class SignInFlows(Protocol):
    """Keeps flows; they belong to no account until they end."""

    async def begin(self, flow: SignInFlow) -> None:
        """Store a new one."""
        ...

    async def take(self, state_digest: SecretDigest, now: datetime) -> SignInFlow | None:
        """Use one up and return it; None for one that is unknown, used or expired.

        Of two that take it one has it.
        """
        ...
