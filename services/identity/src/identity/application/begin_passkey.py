"""Ask a browser for a new passkey."""

from dataclasses import dataclass

from identity.application.check_passkey import CeremonyKeeper
from identity.domain.identifiers import UserId
from identity.domain.passkey import PASSKEYS_MAX, CeremonyKind
from identity.domain.passkey_errors import TooManyPasskeys
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class BeginPasskeyHandler:
    """Nothing opens the account before the authenticator has answered."""

    units: UnitsOfWork
    keeper: CeremonyKeeper

    async def __call__(self, user_id: UserId) -> str:
        """Return what to ask, as JSON.

        Raises PasskeysUnavailable, TooManyPasskeys, EmailNotConfirmed, UserNotFound, UserDisabled or
        UserLeaving.
        """
        self.keeper.require_ready()
        async with self.units.of(user_id) as work:
            user = await work.users.get(user_id)
            user.require_enabled()
            user.require_staying()
            user.require_confirmed()
            known = await work.passkeys.of_user(user_id)
        if len(known) >= PASSKEYS_MAX:
            raise TooManyPasskeys(PASSKEYS_MAX)
        challenge = await self.keeper.begin(CeremonyKind.ADD, user_id)
        return self.keeper.authenticators.creation_options(challenge, user, known)
