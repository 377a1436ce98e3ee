"""Keep an identity until its person proves that the account is theirs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from identity.domain.identifiers import UserId
from identity.domain.linked_identity import ProviderIdentity, WaitingLink
from identity.domain.secret import digest
from identity.ports.secret_source import SecretSource
from identity.ports.unit_of_work import UnitOfWork

WAITS_FOR = timedelta(hours=1)
"""Long enough for a password that has to be reset by mail first."""


@dataclass(frozen=True)
class LinkKeeper:
    """Hands out a token that links the identity with this account, to whoever is signed in to it."""

    secrets: SecretSource

    async def keep(self, work: UnitOfWork, user_id: UserId, identity: ProviderIdentity, now: datetime) -> str:
        """Store what waits, and return its token."""
        token = self.secrets.new()
        await work.linked.wait(
            WaitingLink(
                token_digest=digest(token),
                user_id=user_id,
                issuer=identity.issuer,
                subject=identity.subject,
                email=identity.email,
                created_at=now,
                expires_at=now + WAITS_FOR,
            )
        )
        return token
