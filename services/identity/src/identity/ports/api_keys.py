"""Where a person's API keys are kept."""

from typing import Protocol

from identity.domain.api_key import ApiKey
from identity.domain.identifiers import ApiKeyId, IdempotencyKey, UserId


class ApiKeys(Protocol):
    """The account's API keys; who adds one has locked the account's user."""

    async def add(self, key: ApiKey) -> None:
        """Store a new key."""
        ...

    async def requested(self, user_id: UserId, idempotency_key: IdempotencyKey) -> ApiKey | None:
        """Read the key that a request made, however it is now; None where it made none."""
        ...

    async def unrevoked(self, user_id: UserId) -> list[ApiKey]:
        """Read the keys that were not revoked, expired ones too, the newest first."""
        ...

    async def lock(self, key_id: ApiKeyId) -> ApiKey:
        """Read and lock a key; raises ApiKeyNotFound."""
        ...

    async def revoke(self, key: ApiKey) -> None:
        """Store a key's revocation."""
        ...
