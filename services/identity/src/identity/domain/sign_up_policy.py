"""Who may open an account."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from identity.domain.secret import SecretDigest
from identity.domain.sign_in_errors import EmailDomainNotAllowed, InvitationRequired, SignUpClosed
from identity.domain.user import EmailAddress


class SignUpMode(StrEnum):
    """To whom sign-up is open."""

    OPEN = "open"
    INVITED = "invited"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """An address that may open an account, until the link that was mailed there expires."""

    email: EmailAddress
    token_digest: SecretDigest
    invited_at: datetime
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class SignUpPolicy:
    """What the settings say; `domains` in small letters, none for all."""

    mode: SignUpMode = SignUpMode.OPEN
    domains: tuple[str, ...] = ()

    def require(self, email: EmailAddress, *, is_invited: bool) -> None:
        """Raise SignUpClosed, InvitationRequired or EmailDomainNotAllowed; who is invited has any domain."""
        if self.mode is SignUpMode.CLOSED:
            raise SignUpClosed
        if is_invited:
            return
        if self.mode is SignUpMode.INVITED:
            raise InvitationRequired
        if self.domains and email.rpartition("@")[2].lower() not in self.domains:
            raise EmailDomainNotAllowed(self.domains)
