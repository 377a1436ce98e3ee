"""Mail that leaves the house."""

from typing import Protocol

from identity.domain.mail import Mail, MailState


class MailRefused(Exception):
    """The mail server will never take this mail."""


class MailDelayed(Exception):
    """The mail server did not take this mail now."""


class Mailer(Protocol):
    """Hands one mail to a mail server within a bounded time."""

    async def send(self, mail: Mail) -> MailState:
        """SENT, or SKIPPED where no mail server is configured; raises MailRefused or MailDelayed."""
        ...
