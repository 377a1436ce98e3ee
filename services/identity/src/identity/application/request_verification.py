"""Mail the link that verifies an address again."""

from dataclasses import dataclass

from identity.application.queue_mail import TokenMailer
from identity.domain.identifiers import UserId
from identity.domain.mail import Purpose
from identity.ports.clock import Clock
from identity.ports.throttle import Action, Throttle
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class RequestVerification:
    """A person lost the mail, or let its link expire."""

    user_id: UserId
    client_address: str | None = None


@dataclass(frozen=True)
class RequestVerificationHandler:
    """Queues another mail; the links of earlier ones stay good."""

    units: UnitsOfWork
    throttle: Throttle
    mails: TokenMailer
    clock: Clock

    async def __call__(self, command: RequestVerification) -> None:
        """Nothing happens when the address is verified. Raises UserNotFound or TooManyAttempts."""
        async with self.units.of(command.user_id) as work:
            user = await work.users.get(command.user_id)
        if user.email_verified:
            return
        await self.throttle.admit(
            Action.VERIFY_EMAIL, client_address=command.client_address, email=user.email
        )
        async with self.units.of(command.user_id) as work:
            await self.mails.queue(work, user, Purpose.VERIFY_EMAIL, self.clock.now())
