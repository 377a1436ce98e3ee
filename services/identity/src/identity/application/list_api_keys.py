"""Show a person their API keys."""

from dataclasses import dataclass

from identity.domain.api_key import ApiKey
from identity.domain.identifiers import UserId
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class ListApiKeysHandler:
    """Reads what was not revoked: at most some dozens."""

    units: UnitsOfWork

    async def __call__(self, user_id: UserId) -> list[ApiKey]:
        """Return the keys, expired ones too, the newest first. Raises UserNotFound."""
        async with self.units.of(user_id) as work:
            await work.users.get(user_id)
            return await work.api_keys.unrevoked(user_id)
