"""Invite an address to open an account."""

from dataclasses import dataclass
from datetime import timedelta

from identity.domain.erasure import NOBODY
from identity.domain.errors import EmailTaken
from identity.domain.identifiers import MailId
from identity.domain.mail import Mail, MailState, Purpose
from identity.domain.secret import digest
from identity.domain.sign_in_errors import InvitationNotSent
from identity.domain.sign_up_policy import Invitation
from identity.domain.user import EmailAddress
from identity.ports.clock import Clock
from identity.ports.directory import Directory
from identity.ports.id_source import IdSource
from identity.ports.invitations import Invitations
from identity.ports.mailer import MailDelayed, Mailer, MailRefused
from identity.ports.secret_source import SecretSource


@dataclass(frozen=True)
class InviteUserHandler:
    """Mails a link at once: an operator waits to hear whether it went. A second one replaces the first."""

    directory: Directory
    invitations: Invitations
    mailer: Mailer
    ids: IdSource
    secrets: SecretSource
    clock: Clock
    ttl: timedelta

    async def __call__(self, email: EmailAddress) -> Invitation:
        """Return the invitation; raises EmailTaken, or InvitationNotSent, which leaves nobody invited."""
        if await self.directory.user_by_email(email) is not None:
            raise EmailTaken
        now, secret = self.clock.now(), self.secrets.new()
        invitation = Invitation(
            email=email, token_digest=digest(secret), invited_at=now, expires_at=now + self.ttl
        )
        await self.invitations.put(invitation)
        mail = Mail(
            mail_id=MailId(self.ids.new("mail")),
            user_id=NOBODY,
            recipient=email,
            purpose=Purpose.INVITATION,
            token=secret,
            expires_at=invitation.expires_at,
            created_at=now,
        )
        try:
            state = await self.mailer.send(mail)
        except (MailRefused, MailDelayed):
            state = MailState.ABANDONED
        if state is not MailState.SENT:
            await self.invitations.remove(email)
            raise InvitationNotSent
        return invitation
