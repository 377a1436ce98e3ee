"""Open a session with a passkey, and nothing else."""

from dataclasses import dataclass, field, replace

from identity.application.check_passkey import CeremonyKeeper, PasskeyChecker
from identity.application.open_session import OpenedSession, SessionOpener
from identity.application.tell_of_sign_in import SignInTeller
from identity.domain.client import UNKNOWN_CLIENT, Client
from identity.domain.identifiers import UserId
from identity.domain.passkey import Answer, CeremonyKind
from identity.domain.passkey_errors import PasskeyCopied, PasskeyUnknown
from identity.ports.clock import Clock
from identity.ports.device_tokens import DeviceTokens
from identity.ports.directory import Directory
from identity.ports.throttle import Action, Throttle
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class SignInWithPasskey:
    """Whoever has the authenticator, and unlocked it."""

    answer: str = field(repr=False)
    client: Client = UNKNOWN_CLIENT


@dataclass(frozen=True)
class SignInWithPasskeyHandler:
    """Asks for no second factor: the authenticator is one, and asked who uses it for another."""

    units: UnitsOfWork
    directory: Directory
    throttle: Throttle
    devices: DeviceTokens
    keeper: CeremonyKeeper
    checker: PasskeyChecker
    sessions: SessionOpener
    teller: SignInTeller
    clock: Clock

    async def __call__(self, command: SignInWithPasskey) -> OpenedSession:
        """Open a session.

        Raises PasskeysUnavailable, PasskeyMalformed, CeremonyEnded, PasskeyUnknown, PasskeyWrongOrigin,
        PasskeyWrongSite, PasskeyUserNotVerified, PasskeyRefused, PasskeyCopied, TooManyAttempts or, once the
        passkey is believed, UserDisabled.
        """
        answer = await self.keeper.answered(command.answer, CeremonyKind.SIGN_IN, None)
        user_id = await self.directory.user_by_passkey(answer.credential_id)
        if user_id is None:
            raise PasskeyUnknown
        async with self.units.of(user_id) as work:
            email = (await work.users.get(user_id)).email
        await self.throttle.admit(Action.PASSKEY, client_address=command.client.address, email=email)
        opened = await self._open(user_id, answer, command.client)
        # Raised only here, because what was seen of a copy has to be committed.
        if isinstance(opened, PasskeyCopied):
            raise opened
        return opened

    async def _open(self, user_id: UserId, answer: Answer, client: Client) -> OpenedSession | PasskeyCopied:
        now = self.clock.now()
        async with self.units.of(user_id) as work:
            user = await work.users.lock(user_id)
            if refusal := await self.checker.refusal(work, user, answer, now, verified=True):
                return refusal
            user.require_enabled()
            await self.teller.tell(work, user, client, now)
            opened = await self.sessions.open(work, user, client, now)
        return replace(opened, device_token=self.devices.issue(user.email, now))
