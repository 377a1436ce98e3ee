"""Facts that identity hears, because it alone knows where to write to a person: parse, call the use case."""

from dataclasses import dataclass

from chassis.events import IncomingEvent
from tintype.ledger.v1 import events_pb2 as ledger

from identity.application.mail_news import MailNews, MailNewsHandler
from identity.domain.identifiers import EventId, UserId
from identity.domain.mail import Notice

SUBJECTS = {"LEDGER": ("tintype.ledger.v1.balance_low.*",)}


@dataclass(frozen=True, kw_only=True)
class IdentityEvents:
    """Turns each event into one mail at most."""

    mail_news: MailNewsHandler
    balance_mails: bool

    async def handle(self, event: IncomingEvent) -> None:
        """Apply an event once. Raises for what must be delivered again, and Refused for what never can be."""
        low = event.read(ledger.BalanceLow)
        if not self.balance_mails:
            return
        await self.mail_news(
            MailNews(
                event_id=EventId(event.event_id),
                user_id=UserId(low.account_id),
                notice=Notice.BALANCE_LOW,
                details={"credits": f"{low.balance.available:,}", "threshold": f"{low.threshold:,}"},
                happened_at=event.time,
            )
        )
