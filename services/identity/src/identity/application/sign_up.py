"""Open an account with a password."""

from dataclasses import dataclass, field, replace

from identity.application.admit_sign_up import SignUpGate
from identity.application.open_session import OpenedSession, SessionOpener
from identity.application.queue_mail import TokenMailer
from identity.application.register_user import UserRegistrar
from identity.domain.client import UNKNOWN_CLIENT, Client
from identity.domain.identifiers import UserId
from identity.domain.mail import Purpose
from identity.domain.password import checked_password
from identity.domain.profile import checked_full_name
from identity.domain.user import EmailAddress, User
from identity.ports.clock import Clock
from identity.ports.device_tokens import DeviceTokens
from identity.ports.human_check import HumanCheck
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
    client: Client = UNKNOWN_CLIENT
    invitation: str | None = field(default=None, repr=False)
    """The token of the mail that invited them."""
    captcha_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class SignUpHandler:
    """Stores user, event, first session and verification mail together, or nothing."""

    units: UnitsOfWork
    gate: SignUpGate
    human_check: HumanCheck
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

        Raises WeakPassword, InvalidField, SignUpClosed, InvitationRequired, EmailDomainNotAllowed,
        TooManyAttempts, CaptchaFailed, CaptchaUnavailable or EmailTaken.
        """
        full_name = checked_full_name(command.full_name)
        password = checked_password(command.password, email=command.email)
        now = self.clock.now()
        is_invited = await self.gate.admit(command.email, now, token=command.invitation)
        # Before the slow hash; what can't be an account counts against nobody.
        await self.throttle.admit_sign_up(command.client.address)
        await self.human_check.require(command.captcha_token, command.client.address)
        password_hash = await self.hasher.hash(password)
        user = User(
            user_id=UserId(self.ids.new("usr")),
            email=command.email,
            password_hash=password_hash,
            full_name=full_name,
            # Whoever has the token reads the mail there.
            email_verified_at=now if is_invited else None,
            created_at=now,
        )
        async with self.units.of(user.user_id) as work:
            user = await self.registrar.register(work, user)
            if not is_invited:
                await self.mails.queue(work, user, Purpose.VERIFY_EMAIL, now)
            opened = await self.sessions.open(work, user, command.client, now)
        if is_invited:
            # A crash before it harms nobody: the address has its account.
            await self.gate.invitations.remove(command.email)
        return replace(opened, device_token=self.devices.issue(user.email, now))
