"""Create an account on an operator's word."""

from dataclasses import dataclass, field

from identity.application.record_act import ActRecorder
from identity.application.register_user import UserRegistrar
from identity.domain.audit import Action, Actor
from identity.domain.identifiers import UserId
from identity.domain.password import checked_password
from identity.domain.profile import checked_full_name
from identity.domain.user import EmailAddress, Role, User
from identity.ports.clock import Clock
from identity.ports.directory import Directory
from identity.ports.id_source import IdSource
from identity.ports.password_hasher import PasswordHasher
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class CreateUser:
    """Without a password the owner sets one by a password reset; `actor` is who creates it."""

    email: EmailAddress
    full_name: str
    role: Role
    actor: Actor
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class CreateUserHandler:
    """Creates the user with a verified address; an existing one stays as it is."""

    units: UnitsOfWork
    directory: Directory
    hasher: PasswordHasher
    registrar: UserRegistrar
    recorder: ActRecorder
    ids: IdSource
    clock: Clock

    async def __call__(self, command: CreateUser) -> tuple[User, bool]:
        """Return the user, and whether it is new; raises WeakPassword, InvalidField, EmailTaken on a race."""
        if existing := await self.directory.user_by_email(command.email):
            return existing, False
        user = await self._new_user(command)
        async with self.units.of(user.user_id) as work:
            registered = await self.registrar.register(work, user)
            await self.recorder.record(
                work,
                Action.USER_CREATED,
                actor=command.actor,
                subject=user.user_id,
                before={},
                after={"role": user.role.value},
                reason=None,
                now=user.created_at,
            )
        return registered, True

    async def _new_user(self, command: CreateUser) -> User:
        password_hash = None
        if command.password is not None:
            password = checked_password(command.password, email=command.email)
            password_hash = await self.hasher.hash(password)
        now = self.clock.now()
        return User(
            user_id=UserId(self.ids.new("usr")),
            email=command.email,
            password_hash=password_hash,
            full_name=checked_full_name(command.full_name),
            role=command.role,
            email_verified_at=now,
            created_at=now,
        )
