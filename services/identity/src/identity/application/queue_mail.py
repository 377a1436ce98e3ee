"""Queue a mail with a one-time token."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from identity.domain.identifiers import MailId
from identity.domain.mail import Mail, MailToken, Purpose
from identity.domain.secret import digest
from identity.domain.user import EmailAddress, User
from identity.ports.id_source import IdSource
from identity.ports.secret_source import SecretSource
from identity.ports.unit_of_work import UnitOfWork

_OF_ADDRESSES = frozenset({Purpose.CHANGE_EMAIL, Purpose.KEEP_EMAIL})
NO_DETAILS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class TokenMailer:
    """Writes mails inside the caller's transaction, so that a mail server's trouble is never the user's."""

    ids: IdSource
    secrets: SecretSource
    ttl: Mapping[Purpose, timedelta]

    async def queue(
        self,
        work: UnitOfWork,
        user: User,
        purpose: Purpose,
        now: datetime,
        *,
        to: EmailAddress | None = None,
        details: Mapping[str, str] = NO_DETAILS,
    ) -> None:
        """Store the digest of a new token, and the mail that carries the token itself.

        It goes to the user's own address where no other is said.
        """
        secret, expires_at = self.secrets.new(), now + self.ttl[purpose]
        await work.mails.add_token(
            MailToken(
                token_digest=digest(secret),
                user_id=user.user_id,
                purpose=purpose,
                created_at=now,
                expires_at=expires_at,
                address=(to or user.email) if purpose in _OF_ADDRESSES else None,
            )
        )
        await work.mails.queue(
            Mail(
                mail_id=MailId(self.ids.new("mail")),
                user_id=user.user_id,
                recipient=to or user.email,
                purpose=purpose,
                token=secret,
                expires_at=expires_at,
                created_at=now,
                details=dict(details),
            )
        )
