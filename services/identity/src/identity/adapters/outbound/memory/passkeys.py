"""Passkeys in memory: for unit tests, with the same guarantees as the real adapters."""

from dataclasses import dataclass, field
from datetime import datetime

from identity.domain.identifiers import PasskeyId, UserId
from identity.domain.passkey import Ceremony, Passkey
from identity.domain.passkey_errors import PasskeyExists, PasskeyNotFound
from identity.domain.secret import SecretDigest


@dataclass(frozen=True)
class MemoryPasskeys:
    """Implements Passkeys over a store's rows."""

    passkeys: dict[PasskeyId, Passkey]
    owner: UserId

    async def add(self, passkey: Passkey) -> None:
        """See Passkeys."""
        if any(other.credential_id == passkey.credential_id for other in self.passkeys.values()):
            raise PasskeyExists
        self.passkeys[passkey.passkey_id] = passkey

    async def of_user(self, user_id: UserId) -> list[Passkey]:
        """See Passkeys."""
        own = [passkey for passkey in self.passkeys.values() if passkey.user_id == user_id == self.owner]
        return sorted(own, key=lambda passkey: (passkey.created_at, passkey.passkey_id))

    async def save(self, passkey: Passkey) -> None:
        """See Passkeys."""
        if passkey.user_id == self.owner and passkey.passkey_id in self.passkeys:
            self.passkeys[passkey.passkey_id] = passkey

    async def remove(self, user_id: UserId, passkey_id: PasskeyId) -> None:
        """See Passkeys."""
        if passkey_id not in {passkey.passkey_id for passkey in await self.of_user(user_id)}:
            raise PasskeyNotFound
        del self.passkeys[passkey_id]


@dataclass
class MemoryPasskeyCeremonies:
    """Implements PasskeyCeremonies."""

    ceremonies: dict[SecretDigest, Ceremony] = field(default_factory=dict)

    async def begin(self, ceremony: Ceremony) -> None:
        """See PasskeyCeremonies."""
        self.ceremonies[ceremony.challenge_digest] = ceremony

    async def take(self, challenge_digest: SecretDigest, now: datetime) -> Ceremony | None:
        """See PasskeyCeremonies."""
        ceremony = self.ceremonies.pop(challenge_digest, None)
        return ceremony if ceremony is not None and now < ceremony.expires_at else None
