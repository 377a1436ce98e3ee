"""Ask for another address, which counts once somebody has read a mail there."""

from dataclasses import dataclass, field

from identity.application.prove_password import PasswordProver
from identity.application.queue_mail import TokenMailer
from identity.domain.errors import InvalidField
from identity.domain.identifiers import UserId
from identity.domain.mail import Purpose
from identity.domain.user import EmailAddress
from identity.ports.clock import Clock
from identity.ports.directory import Directory
from identity.ports.throttle import Action
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class RequestEmailChange:
    """A person who is signed in, and knows the password."""

    user_id: UserId
    new_email: EmailAddress
    password: str = field(repr=False)
    client_address: str | None = None


@dataclass(frozen=True)
class RequestEmailChangeHandler:
    """Mails a link to the new address and a way back to the old one; nothing else changes.

    Of an address that another account has, only the old one hears: who asks can't tell.
    """

    units: UnitsOfWork
    directory: Directory
    prover: PasswordProver
    mails: TokenMailer
    clock: Clock

    async def __call__(self, command: RequestEmailChange) -> None:
        """Queue the mails.

        Raises UserNotFound, TooManyAttempts, WrongPassword, or InvalidField for the address that it is.
        """
        async with self.units.of(command.user_id) as work:
            user = await work.users.get(command.user_id)
        await self.prover.prove(user, command.password, command.client_address)
        if command.new_email.lower() == user.email.lower():
            raise InvalidField("That is your address already.", field="email")
        await self.prover.throttle.admit(
            Action.CHANGE_EMAIL, client_address=command.client_address, email=command.new_email
        )
        is_taken = await self.directory.user_by_email(command.new_email) is not None
        now = self.clock.now()
        async with self.units.of(command.user_id) as work:
            user = await work.users.lock(command.user_id)
            user.require_enabled()
            # Of several requests the last one counts.
            await work.mails.use_all(user.user_id, Purpose.CHANGE_EMAIL, now)
            if not is_taken:
                await self.mails.queue(work, user, Purpose.CHANGE_EMAIL, now, to=command.new_email)
            await self.mails.queue(
                work, user, Purpose.KEEP_EMAIL, now, details={"new_email": command.new_email}
            )
