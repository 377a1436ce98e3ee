"""Who was invited."""

from typing import Protocol

from identity.domain.sign_up_policy import Invitation
from identity.domain.user import EmailAddress


class Invitations(Protocol):
    """Keeps one invitation of an address, whatever its upper and lower case; they belong to no account."""

    async def put(self, invitation: Invitation) -> None:
        """Store an invitation in place of the one before."""
        ...

    async def find(self, email: EmailAddress) -> Invitation | None:
        """Read an address's invitation, expired or not."""
        ...

    async def remove(self, email: EmailAddress) -> None:
        """Forget an invitation; nothing happens when there is none."""
        ...
