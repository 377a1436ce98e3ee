"""Mail a person that somebody signed in to the account from where nobody did before."""

from dataclasses import dataclass
from datetime import datetime

from identity.domain.client import Client
from identity.domain.identifiers import MailId
from identity.domain.mail import NEWS_FRESH_FOR, Mail, Notice
from identity.domain.user import User
from identity.ports.id_source import IdSource
from identity.ports.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class SignInTeller:
    """Compares a sign-in with the sessions that there were, in the caller's transaction.

    Whoever holds the user's lock is alone in it: two sign-ins at once from a new place are one mail.
    """

    ids: IdSource

    async def tell(self, work: UnitOfWork, user: User, client: Client, now: datetime) -> None:
        """Queue the mail unless the place is known; to be called before the new session is stored."""
        if not user.takes_news:
            return
        known = await work.sessions.clients(user.user_id, browser=client.browser, system=client.system)
        if any(client.is_like(before) for before in known):
            return
        await work.mails.queue(
            Mail(
                mail_id=MailId(self.ids.new("mail")),
                user_id=user.user_id,
                recipient=user.email,
                purpose=Notice.NEW_SIGN_IN,
                token="",
                expires_at=now + NEWS_FRESH_FOR,
                created_at=now,
                details={
                    "device": client.words,
                    "address": client.address or "an unknown address",
                    "time": f"{now:%d %B %Y, %H:%M}",
                },
            )
        )
