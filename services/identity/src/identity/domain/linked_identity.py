"""Who somebody is at a provider of identities, and the account that this opens."""

from dataclasses import dataclass, replace
from datetime import datetime

from identity.domain.identifiers import LinkId, UserId
from identity.domain.secret import SecretDigest
from identity.domain.sign_in_errors import LinkExpired, ProviderEmailUnverified
from identity.domain.user import EmailAddress


@dataclass(frozen=True, kw_only=True)
class ProviderIdentity:
    """What a provider vouches for; issuer and subject stay the same for as long as it knows the person."""

    issuer: str
    subject: str
    email: EmailAddress | None = None
    email_verified: bool = False
    full_name: str | None = None

    def require_email(self) -> EmailAddress:
        """Return an address that is proven to be the person's; raises ProviderEmailUnverified."""
        if self.email is None or not self.email_verified:
            raise ProviderEmailUnverified
        return self.email


@dataclass(frozen=True, kw_only=True)
class LinkedIdentity:
    """An identity that opens an account; no other account is opened by it."""

    link_id: LinkId
    user_id: UserId
    issuer: str
    subject: str
    email: EmailAddress | None
    """What the provider said when it was linked, by which its owner knows it again."""
    linked_at: datetime


@dataclass(frozen=True, kw_only=True)
class WaitingLink:
    """An identity that waits for its person to prove that the account is theirs, and to want it linked."""

    token_digest: SecretDigest
    user_id: UserId
    issuer: str
    subject: str
    email: EmailAddress | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None

    def redeemed(self, now: datetime) -> "WaitingLink":
        """Return the used one; raises LinkExpired."""
        if self.used_at is not None or self.expires_at <= now:
            raise LinkExpired
        return replace(self, used_at=now)
