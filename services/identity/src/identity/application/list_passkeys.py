"""Say which passkeys open one person's account."""

from dataclasses import dataclass

from identity.domain.identifiers import UserId
from identity.domain.passkey import Passkey
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class ListPasskeysHandler:
    """Reads them, the oldest first."""

    units: UnitsOfWork

    async def __call__(self, user_id: UserId) -> list[Passkey]:
        """Return them; raises UserNotFound."""
        async with self.units.of(user_id) as work:
            await work.users.get(user_id)
            return await work.passkeys.of_user(user_id)
