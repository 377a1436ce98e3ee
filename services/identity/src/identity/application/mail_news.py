"""Use case: mail a person news of the account, once a fact."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from identity.domain.errors import UserNotFound
from identity.domain.identifiers import EventId, MailId, UserId
from identity.domain.mail import NEWS_FRESH_FOR, Mail, Notice
from identity.ports.clock import Clock
from identity.ports.id_source import IdSource
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True, kw_only=True)
class MailNews:
    """Something happened to the person's account; `details` is what the mail says of it."""

    event_id: EventId
    user_id: UserId
    notice: Notice
    details: Mapping[str, str]
    happened_at: datetime


@dataclass(frozen=True)
class MailNewsHandler:
    """Remembers the fact and queues its mail in one transaction: told again, it is mailed once."""

    units: UnitsOfWork
    ids: IdSource
    clock: Clock

    async def __call__(self, command: MailNews) -> bool:
        """Queue the mail; False where there is none to send.

        Nobody is mailed who does not exist, whose address is not proven or whose account is disabled, and
        nothing that happened longer ago than news is fresh.
        """
        now = self.clock.now()
        # A clock that is ahead makes no news that stays fresh for longer.
        stale_at = min(command.happened_at, now) + NEWS_FRESH_FOR
        async with self.units.of(command.user_id) as work:
            if not await work.is_news(command.event_id):
                return False
            try:
                user = await work.users.get(command.user_id)
            except UserNotFound:
                # An account that nobody signed up for, or that is gone: there is nobody to tell.
                return False
            if stale_at <= now or not user.takes_news:
                return False
            await work.mails.queue(
                Mail(
                    mail_id=MailId(self.ids.new("mail")),
                    user_id=user.user_id,
                    recipient=user.email,
                    purpose=command.notice,
                    token="",
                    expires_at=stale_at,
                    created_at=now,
                    details=command.details,
                )
            )
        return True
