"""End a sign-in that waits for a second factor."""

from dataclasses import dataclass, field, replace

from identity.application.check_passkey import CeremonyKeeper, PasskeyChecker
from identity.application.check_second_factor import SecondFactorChecker
from identity.application.open_session import OpenedSession, SessionOpener
from identity.application.tell_of_sign_in import SignInTeller
from identity.domain.client import UNKNOWN_CLIENT, Client
from identity.domain.errors import ChallengeEnded, IdentityError, WrongCode
from identity.domain.identifiers import UserId
from identity.domain.passkey import Answer, CeremonyKind
from identity.domain.secret import digest
from identity.ports.clock import Clock
from identity.ports.device_tokens import DeviceTokens
from identity.ports.directory import Directory
from identity.ports.throttle import Action, Throttle
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class CompleteLogIn:
    """Whoever knew the password shows a code, or what an authenticator answered."""

    challenge: str = field(repr=False)
    code: str | None = field(default=None, repr=False)
    client: Client = UNKNOWN_CLIENT
    passkey: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class CompleteLogInHandler:
    """Opens the session that the password alone did not."""

    units: UnitsOfWork
    directory: Directory
    throttle: Throttle
    devices: DeviceTokens
    checker: SecondFactorChecker
    keeper: CeremonyKeeper
    passkeys: PasskeyChecker
    sessions: SessionOpener
    teller: SignInTeller
    clock: Clock

    async def __call__(self, command: CompleteLogIn) -> OpenedSession:
        """Open a session.

        Raises ChallengeEnded, WrongCode, TooManyAttempts or UserDisabled; with a passkey what
        SignInWithPasskeyHandler raises, but that nobody needs to be asked who uses it.
        """
        user_id = await self.directory.user_by_challenge(digest(command.challenge))
        if user_id is None:
            raise ChallengeEnded
        async with self.units.of(user_id) as work:
            email = (await work.users.get(user_id)).email
        await self.throttle.admit(Action.SECOND_FACTOR, client_address=command.client.address, email=email)
        answer = None
        if command.passkey is not None:
            answer = await self.keeper.answered(command.passkey, CeremonyKind.SECOND_FACTOR, user_id)
        outcome = await self._open(user_id, command, answer)
        # Raised only here, because a try that failed has to be committed.
        if isinstance(outcome, IdentityError):
            raise outcome
        await self.throttle.forgive(client_address=command.client.address, email=email)
        return outcome

    async def _open(
        self, user_id: UserId, command: CompleteLogIn, answer: Answer | None
    ) -> OpenedSession | IdentityError:
        async with self.units.of(user_id) as work:
            user = await work.users.lock(user_id)
            user.require_enabled()
            now = self.clock.now()
            challenge = await work.factors.lock_challenge(digest(command.challenge))
            factor = await work.factors.get(user_id)
            if challenge is None or factor is None or not challenge.stands(now):
                return ChallengeEnded()
            if answer is not None:
                if copied := await self.passkeys.refusal(work, user, answer, now, verified=False):
                    return copied
            elif not await self.checker.accepts(work, factor, command.code or "", now):
                await work.factors.save_challenge(replace(challenge, tries=challenge.tries + 1))
                return WrongCode()
            await work.factors.save_challenge(replace(challenge, used_at=now))
            if not challenge.is_known_device:
                await self.teller.tell(work, user, command.client, now)
            opened = await self.sessions.open(work, user, command.client, now)
        if challenge.is_known_device:
            return opened
        return replace(opened, device_token=self.devices.issue(user.email, now))
