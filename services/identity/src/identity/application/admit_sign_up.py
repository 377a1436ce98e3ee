"""Ask whether somebody may open an account."""

import hmac
from dataclasses import dataclass
from datetime import datetime

from identity.domain.secret import digest
from identity.domain.sign_up_policy import SignUpPolicy
from identity.domain.user import EmailAddress
from identity.ports.invitations import Invitations


@dataclass(frozen=True)
class SignUpGate:
    """One rule for every way to a new account; operators go past it."""

    invitations: Invitations
    policy: SignUpPolicy

    async def admit(
        self, email: EmailAddress, now: datetime, *, token: str | None = None, is_proven: bool = False
    ) -> bool:
        """Return whether they come by an invitation: with its token, or with an address that is proven.

        Raises SignUpClosed, InvitationRequired or EmailDomainNotAllowed.
        """
        invitation = await self.invitations.find(email) if token is not None or is_proven else None
        is_invited = invitation is not None and invitation.expires_at > now
        if is_invited and invitation is not None and not is_proven:
            is_invited = hmac.compare_digest(invitation.token_digest, digest(token or ""))
        self.policy.require(email, is_invited=is_invited)
        return is_invited
