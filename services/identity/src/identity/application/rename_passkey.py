"""Call a passkey something else."""

from dataclasses import dataclass, replace

from identity.domain.identifiers import PasskeyId, UserId
from identity.domain.passkey import Passkey, checked_name
from identity.domain.passkey_errors import PasskeyNotFound
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class RenamePasskey:
    """Which one, and its new name."""

    user_id: UserId
    passkey_id: PasskeyId
    name: str


@dataclass(frozen=True)
class RenamePasskeyHandler:
    """Changes what its owner alone reads, so it is not mailed."""

    units: UnitsOfWork

    async def __call__(self, command: RenamePasskey) -> Passkey:
        """Return the passkey; raises InvalidField, PasskeyNotFound or UserNotFound."""
        name = checked_name(command.name)
        async with self.units.of(command.user_id) as work:
            await work.users.lock(command.user_id)
            own = await work.passkeys.of_user(command.user_id)
            found = next((own for own in own if own.passkey_id == command.passkey_id), None)
            if found is None:
                raise PasskeyNotFound
            renamed = replace(found, name=name)
            await work.passkeys.save(renamed)
        return renamed
