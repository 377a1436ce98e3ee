"""Invitations in memory."""

from dataclasses import dataclass, field, replace

from identity.domain.sign_up_policy import Invitation
from identity.domain.user import EmailAddress


@dataclass
class MemoryInvitations:
    """Implements Invitations."""

    kept: dict[str, Invitation] = field(default_factory=dict)

    async def put(self, invitation: Invitation) -> None:
        """See Invitations."""
        email = EmailAddress(invitation.email.lower())
        self.kept[email] = replace(invitation, email=email)

    async def find(self, email: EmailAddress) -> Invitation | None:
        """See Invitations."""
        return self.kept.get(email.lower())

    async def remove(self, email: EmailAddress) -> None:
        """See Invitations."""
        self.kept.pop(email.lower(), None)
