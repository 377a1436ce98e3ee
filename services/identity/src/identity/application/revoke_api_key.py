"""End an API key."""

from dataclasses import dataclass

from identity.domain.events import ApiKeyRevoked
from identity.domain.identifiers import ApiKeyId, EventId, UserId
from identity.ports.clock import Clock
from identity.ports.id_source import IdSource
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class RevokeApiKey:
    """Whose key, and which."""

    user_id: UserId
    key_id: ApiKeyId


@dataclass(frozen=True)
class RevokeApiKeyHandler:
    """Stores the end together with the fact, so that no gateway goes on for long."""

    units: UnitsOfWork
    ids: IdSource
    clock: Clock

    async def __call__(self, command: RevokeApiKey) -> None:
        """Idempotent. Raises ApiKeyNotFound for an unknown key and another person's alike."""
        now = self.clock.now()
        async with self.units.of(command.user_id) as work:
            key = await work.api_keys.lock(command.key_id)
            if key.revoked_at is not None:
                return
            await work.api_keys.revoke(key.revoked(now))
            await work.events.append(
                ApiKeyRevoked(
                    event_id=EventId(self.ids.new("evt")),
                    user_id=key.user_id,
                    key_id=key.key_id,
                    occurred_at=now,
                )
            )
