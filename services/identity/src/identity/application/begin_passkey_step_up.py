"""Ask a browser for a passkey of whoever is signed in."""

from dataclasses import dataclass

from identity.application.check_passkey import CeremonyKeeper
from identity.domain.identifiers import UserId
from identity.domain.passkey import CeremonyKind
from identity.domain.passkey_errors import PasskeyNotFound
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class BeginPasskeyStepUpHandler:
    """A key that is left in a computer proves nothing: it has to ask who uses it."""

    units: UnitsOfWork
    keeper: CeremonyKeeper

    async def __call__(self, user_id: UserId) -> str:
        """Return what to ask, as JSON; raises PasskeysUnavailable, PasskeyNotFound or UserNotFound."""
        self.keeper.require_ready()
        async with self.units.of(user_id) as work:
            await work.users.get(user_id)
            known = await work.passkeys.of_user(user_id)
        if not known:
            raise PasskeyNotFound
        challenge = await self.keeper.begin(CeremonyKind.STEP_UP, user_id)
        return self.keeper.authenticators.request_options(challenge, known, verified=True)
