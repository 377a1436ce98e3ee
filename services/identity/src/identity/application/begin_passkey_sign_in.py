"""Ask a browser for whichever passkey it has."""

from dataclasses import dataclass

from identity.application.check_passkey import CeremonyKeeper
from identity.domain.passkey import CeremonyKind


@dataclass(frozen=True)
class BeginPasskeySignInHandler:
    """Nobody says who they are before: the passkey does."""

    keeper: CeremonyKeeper

    async def __call__(self) -> str:
        """Return what to ask, as JSON; raises PasskeysUnavailable."""
        self.keeper.require_ready()
        challenge = await self.keeper.begin(CeremonyKind.SIGN_IN, None)
        return self.keeper.authenticators.request_options(challenge, [], verified=True)
