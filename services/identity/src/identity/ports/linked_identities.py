"""The identities that open an account."""

from datetime import datetime
from typing import Protocol

from identity.domain.identifiers import LinkId, UserId
from identity.domain.linked_identity import LinkedIdentity, WaitingLink
from identity.domain.secret import SecretDigest


class LinkedIdentities(Protocol):
    """The account's identities, at most one of each issuer, and those that wait to be linked."""

    async def add(self, linked: LinkedIdentity) -> None:
        """Store a link.

        Raises IdentityLinkedElsewhere, or for a second of one issuer ProviderLinkedAlready.
        """
        ...

    async def of_user(self, user_id: UserId) -> list[LinkedIdentity]:
        """Read the account's links, the oldest first."""
        ...

    async def remove(self, user_id: UserId, link_id: LinkId) -> None:
        """Forget a link; raises LinkNotFound, for another account's too."""
        ...

    async def wait(self, waiting: WaitingLink) -> None:
        """Store what waits to be linked."""
        ...

    async def lock_waiting(self, token_digest: SecretDigest) -> WaitingLink:
        """Read and lock what waits; raises LinkExpired for an unknown one and another account's alike."""
        ...

    async def mark_used(self, token_digest: SecretDigest, now: datetime) -> None:
        """Store that it waits no longer."""
        ...
