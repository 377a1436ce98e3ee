"""End a sign-in that waits for a second factor."""

from dataclasses import dataclass, field, replace

from identity.application.check_second_factor import SecondFactorChecker
from identity.application.open_session import OpenedSession, SessionOpener
from identity.application.tell_of_sign_in import SignInTeller
from identity.domain.client import UNKNOWN_CLIENT, Client
from identity.domain.errors import ChallengeEnded, IdentityError, WrongCode
from identity.domain.identifiers import UserId
from identity.domain.secret import digest
from identity.ports.clock import Clock
from identity.ports.device_tokens import DeviceTokens
from identity.ports.directory import Directory
from identity.ports.throttle import Action, Throttle
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class CompleteLogIn:
    """Whoever knew the password shows a code."""

    challenge: str = field(repr=False)
    code: str = field(repr=False)
    client: Client = UNKNOWN_CLIENT


@dataclass(frozen=True)
class CompleteLogInHandler:
    """Opens the session that the password alone did not."""

    units: UnitsOfWork
    directory: Directory
    throttle: Throttle
    devices: DeviceTokens
    checker: SecondFactorChecker
    sessions: SessionOpener
    teller: SignInTeller
    clock: Clock

    async def __call__(self, command: CompleteLogIn) -> OpenedSession:
        """Open a session. Raises ChallengeEnded, WrongCode, TooManyAttempts or UserDisabled."""
        user_id = await self.directory.user_by_challenge(digest(command.challenge))
        if user_id is None:
            raise ChallengeEnded
        async with self.units.of(user_id) as work:
            email = (await work.users.get(user_id)).email
        await self.throttle.admit(Action.SECOND_FACTOR, client_address=command.client.address, email=email)
        outcome = await self._open(user_id, command)
        # Raised only here, because a try that failed has to be committed.
        if isinstance(outcome, IdentityError):
            raise outcome
        await self.throttle.forgive(client_address=command.client.address, email=email)
        return outcome

    async def _open(self, user_id: UserId, command: CompleteLogIn) -> OpenedSession | IdentityError:
        async with self.units.of(user_id) as work:
            user = await work.users.lock(user_id)
            user.require_enabled()
            now = self.clock.now()
            challenge = await work.factors.lock_challenge(digest(command.challenge))
            factor = await work.factors.get(user_id)
            if challenge is None or factor is None or not challenge.stands(now):
                return ChallengeEnded()
            if not await self.checker.accepts(work, factor, command.code, now):
                await work.factors.save_challenge(replace(challenge, tries=challenge.tries + 1))
                return WrongCode()
            await work.factors.save_challenge(replace(challenge, used_at=now))
            if not challenge.is_known_device:
                await self.teller.tell(work, user, command.client, now)
            opened = await self.sessions.open(work, user, command.client, now)
        if challenge.is_known_device:
            return opened
        return replace(opened, device_token=self.devices.issue(user.email, now))
