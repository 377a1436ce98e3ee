"""Mail a person what was done to their account."""

from collections.abc import Mapping
from datetime import datetime

from identity.domain.identifiers import MailId
from identity.domain.linked_identity import LinkedIdentity
from identity.domain.mail import NEWS_FRESH_FOR, Mail, Notice
from identity.domain.user import User
from identity.ports.id_source import IdSource
from identity.ports.unit_of_work import UnitOfWork


async def tell_person(
    work: UnitOfWork, user: User, notice: Notice, details: Mapping[str, str], *, ids: IdSource, now: datetime
) -> None:
    """Queue the mail in the caller's transaction; an address that is not proven is the only one there is."""
    await work.mails.queue(
        Mail(
            mail_id=MailId(ids.new("mail")),
            user_id=user.user_id,
            recipient=user.email,
            purpose=notice,
            token="",
            expires_at=now + NEWS_FRESH_FOR,
            created_at=now,
            details=details,
        )
    )


def words_of(linked: LinkedIdentity, titles: Mapping[str, str]) -> str:
    """Return what a mail calls an identity: what the provider is called, and who somebody is there."""
    title = titles.get(linked.issuer, linked.issuer)
    return f"{title} ({linked.email})" if linked.email else title
