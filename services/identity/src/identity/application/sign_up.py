"""Open an account with a password."""

from dataclasses import dataclass, field, replace

from identity.application.open_session import OpenedSession, SessionOpener
from identity.application.queue_mail import TokenMailer
from identity.application.register_user import UserRegistrar
from identity.domain.identifiers import UserId
from identity.domain.mail import Purpose
from identity.domain.password import checked_password
from identity.domain.profile import checked_full_name
from identity.domain.user import EmailAddress, User
from identity.ports.clock import Clock
from identity.ports.device_tokens import DeviceTokens
from identity.ports.id_source import IdSource
from identity.ports.password_hasher import PasswordHasher
from identity.ports.throttle import Throttle
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class SignUp:
    """A person asks for an account."""

    email: EmailAddress
    password: str = field(repr=False)
    full_name: str
    client_address: str | None = None


@dataclass(frozen=True)
class SignUpHandler:
    """Stores user, event, first session and verification mail together, or nothing."""

    units: UnitsOfWork
    throttle: Throttle
    devices: DeviceTokens
    hasher: PasswordHasher
    sessions: SessionOpener
    mails: TokenMailer
    registrar: UserRegistrar
    ids: IdSource
    clock: Clock

    async def __call__(self, command: SignUp) -> OpenedSession:
        """Open the account and its first session.

        Raises WeakPassword, InvalidField, TooManyAttempts or EmailTaken.
        """
        full_name = checked_full_name(command.full_name)
        password = checked_password(command.password, email=command.email)
        # Before the slow hash; what can't be an account counts against nobody.
        await self.throttle.admit_sign_up(command.client_address)
        password_hash = await self.hasher.hash(password)
        now = self.clock.now()
        user = User(
            user_id=UserId(self.ids.new("usr")),
            email=command.email,
            password_hash=password_hash,
            full_name=full_name,
            created_at=now,
        )
        async with self.units.of(user.user_id) as work:
            user = await self.registrar.register(work, user)
            await self.mails.queue(work, user, Purpose.VERIFY_EMAIL, now)
            opened = await self.sessions.open(work, user, now)
        return replace(opened, device_token=self.devices.issue(user.email, now))
