"""Ask a browser for a passkey, in the place of a code."""

from dataclasses import dataclass

from identity.application.check_passkey import CeremonyKeeper
from identity.domain.errors import ChallengeEnded
from identity.domain.passkey import CeremonyKind
from identity.domain.passkey_errors import PasskeyNotFound
from identity.domain.secret import digest
from identity.ports.clock import Clock
from identity.ports.directory import Directory
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class BeginPasskeySecondFactorHandler:
    """For whoever knew the password, and for their own passkeys alone."""

    units: UnitsOfWork
    directory: Directory
    keeper: CeremonyKeeper
    clock: Clock

    async def __call__(self, challenge: str) -> str:
        """Return what to ask, as JSON; raises PasskeysUnavailable, ChallengeEnded or PasskeyNotFound."""
        self.keeper.require_ready()
        user_id = await self.directory.user_by_challenge(digest(challenge))
        if user_id is None:
            raise ChallengeEnded
        async with self.units.of(user_id) as work:
            waiting = await work.factors.lock_challenge(digest(challenge))
            if waiting is None or not waiting.stands(self.clock.now()):
                raise ChallengeEnded
            known = await work.passkeys.of_user(user_id)
        if not known:
            raise PasskeyNotFound
        asked = await self.keeper.begin(CeremonyKind.SECOND_FACTOR, user_id)
        return self.keeper.authenticators.request_options(asked, known, verified=False)
