"""Mail a password reset."""

import asyncio
from dataclasses import dataclass

from identity.application.queue_mail import TokenMailer
from identity.domain.mail import Purpose
from identity.domain.user import EmailAddress
from identity.ports.clock import Clock
from identity.ports.directory import Directory
from identity.ports.throttle import Action, Throttle
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class RequestPasswordReset:
    """Somebody forgot the password of an account."""

    email: EmailAddress
    client_address: str | None = None


@dataclass(frozen=True)
class RequestPasswordResetHandler:
    """Queues a mail if the address has an enabled account; the caller can't tell.

    Not by the time it takes either: every answer takes `answer_s`, or as long as the slowest.
    """

    units: UnitsOfWork
    directory: Directory
    throttle: Throttle
    mails: TokenMailer
    clock: Clock
    answer_s: float = 0

    async def __call__(self, command: RequestPasswordReset) -> None:
        """Queue the mail, if there is one to send.

        Raises TooManyAttempts, so that nobody's mailbox can be flooded.
        """
        await self.throttle.admit(
            Action.RESET_PASSWORD, client_address=command.client_address, email=command.email
        )
        await asyncio.gather(self._queue(command.email), asyncio.sleep(self.answer_s))

    async def _queue(self, email: EmailAddress) -> None:
        found = await self.directory.user_by_email(email)
        if found is None or found.disabled_at is not None:
            return
        async with self.units.of(found.user_id) as work:
            # As it is now: no link may go to an address that the account gave up a moment ago.
            user = await work.users.lock(found.user_id)
            if user.email.lower() == email.lower():
                await self.mails.queue(work, user, Purpose.RESET_PASSWORD, self.clock.now())
