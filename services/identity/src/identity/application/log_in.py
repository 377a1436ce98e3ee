"""Open a session with a password."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from identity.application.check_second_factor import SecondFactorChecker
from identity.application.open_session import OpenedSession, SessionOpener
from identity.application.tell_of_sign_in import SignInTeller
from identity.domain.client import UNKNOWN_CLIENT, Client
from identity.domain.errors import InvalidCredentials, SecondFactorRequired
from identity.domain.password import normalised
from identity.domain.user import EmailAddress, PasswordHash, User
from identity.ports.clock import Clock
from identity.ports.device_tokens import DeviceTokens, KnownDevice
from identity.ports.directory import Directory
from identity.ports.password_hasher import PasswordHasher
from identity.ports.throttle import Action, Throttle
from identity.ports.unit_of_work import UnitsOfWork

_TRIES_MAX = 2


@dataclass(frozen=True)
class LogIn:
    """A person claims to own an account."""

    email: EmailAddress
    password: str = field(repr=False)
    client: Client = UNKNOWN_CLIENT
    device_tokens: Sequence[str] = field(default=(), repr=False)


@dataclass(frozen=True)
class LogInHandler:
    """Answers an unknown address and a wrong password alike, in the same time.

    Whoever signed in on a device before is counted by it alone (OWASP, "device cookies"): guesses of others,
    from however many addresses, never keep the owner out.
    """

    units: UnitsOfWork
    directory: Directory
    hasher: PasswordHasher
    throttle: Throttle
    devices: DeviceTokens
    sessions: SessionOpener
    teller: SignInTeller
    checker: SecondFactorChecker
    clock: Clock

    async def __call__(self, command: LogIn) -> OpenedSession:
        """Open a session.

        Raises TooManyAttempts, InvalidCredentials, or, once the password was right, UserDisabled or
        SecondFactorRequired.
        """
        device = self._known_device(command)
        client, email = command.client.address, command.email
        if device is not None:
            await self.throttle.admit_device(device.device_id)
        else:
            await self.throttle.admit(Action.LOG_IN, client_address=client, email=email)
        for _ in range(_TRIES_MAX):
            known, rehashed = await self._authenticate(command)
            if opened := await self._open(known, rehashed, command.client, is_known=device is not None):
                # Raised only here, because the sign-in that waits has to be committed.
                if isinstance(opened, SecondFactorRequired):
                    raise opened
                await self.throttle.forgive(
                    client_address=client, email=email, device_id=device.device_id if device else None
                )
                if device is not None and not device.is_old:
                    return opened
                return replace(opened, device_token=self.devices.issue(email, self.clock.now()))
        raise InvalidCredentials

    def _known_device(self, command: LogIn) -> KnownDevice | None:
        now = self.clock.now()
        known = (self.devices.known(token, command.email, now) for token in command.device_tokens)
        return next((device for device in known if device is not None), None)

    async def _authenticate(self, command: LogIn) -> tuple[User, PasswordHash | None]:
        user = await self.directory.user_by_email(command.email)
        password = normalised(command.password)
        verdict = await self.hasher.verify(password, user.password_hash if user else None)
        if user is None or not verdict.matches:
            raise InvalidCredentials
        return user, await self.hasher.hash(password) if verdict.outdated else None

    async def _open(
        self, known: User, rehashed: PasswordHash | None, client: Client, *, is_known: bool
    ) -> OpenedSession | SecondFactorRequired | None:
        """Return the session, what else is needed, or None when the hash has been replaced by now."""
        async with self.units.of(known.user_id) as work:
            user = await work.users.lock(known.user_id)
            user.require_enabled()
            if user.password_hash != known.password_hash:
                return None
            if rehashed is not None:
                user = user.with_password(rehashed)
                await work.users.save(user)
            now = self.clock.now()
            if needed := await self.checker.challenge(work, user, now, is_known_device=is_known):
                return needed
            if not is_known:
                await self.teller.tell(work, user, client, now)
            return await self.sessions.open(work, user, client, now)
