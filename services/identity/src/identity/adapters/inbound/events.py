"""Facts that identity hears, to write to a person or to note what was done: parse, call the use case."""

from collections.abc import Mapping
from dataclasses import dataclass

from chassis.events import IncomingEvent
from chassis.timestamps import to_datetime
from tintype.billing.v1 import events_pb2 as billing
from tintype.generation.v1 import events_pb2 as generation
from tintype.ledger.v1 import events_pb2 as ledger

from identity.adapters.inbound import audit_events
from identity.application.keep_record import KeepRecordHandler
from identity.application.mail_news import MailNews, MailNewsHandler
from identity.application.note_erased import NoteErased, NoteErasedHandler
from identity.domain.identifiers import EventId, UserId
from identity.domain.mail import Notice

SUBJECTS = {
    "LEDGER": (
        "tintype.ledger.v1.balance_low.*",
        "tintype.ledger.v1.credits_adjusted.*",
        "tintype.ledger.v1.credits_expiring.*",
        "tintype.ledger.v1.dead_letter_replayed.*",
    ),
    "GENERATION": (
        "tintype.generation.v1.account_erased.*",
        "tintype.generation.v1.dead_letter_replayed.*",
    ),
    "BILLING": (
        "tintype.billing.v1.account_erased.*",
        "tintype.billing.v1.auto_top_up_stopped.*",
        "tintype.billing.v1.dead_letter_replayed.*",
        "tintype.billing.v1.refund_ordered.*",
    ),
}

# What a mail says of each reason; of one that this release does not know, that it stopped.
_WHY: Mapping[int, str] = {
    billing.AUTO_TOP_UP_STOP_REASON_PAYMENT_REFUSED: "your bank refused the payment twice",
    billing.AUTO_TOP_UP_STOP_REASON_NO_PAYMENT_METHOD: "there is no saved card to pay with",
    billing.AUTO_TOP_UP_STOP_REASON_PACK_NOT_ON_SALE: "the pack that it bought is not on sale any more",
    billing.AUTO_TOP_UP_STOP_REASON_AUTHENTICATION_REQUIRED: "your bank wants you to confirm the payment",
    billing.AUTO_TOP_UP_STOP_REASON_PRICE_RAISED: "the pack costs more than when you turned it on",
}


@dataclass(frozen=True, kw_only=True)
class IdentityEvents:
    """Turns each event into one mail at most, or one note."""

    mail_news: MailNewsHandler
    keep_record: KeepRecordHandler
    note_erased: NoteErasedHandler
    balance_mails: bool

    async def handle(self, event: IncomingEvent) -> None:
        """Apply an event once. Raises for what must be delivered again, and Refused for what never can be."""
        match event.ce_type:
            case audit_events.ADJUSTED:
                await self.keep_record(audit_events.adjustment(event))
            case audit_events.REFUND_ORDERED:
                await self.keep_record(audit_events.refund(event))
            case replayed if replayed in audit_events.REPLAYED:
                await self.keep_record(audit_events.replay(event))
            case "tintype.billing.v1.AccountErased":
                forgotten = event.read(billing.AccountErased)
                done = NoteErased(user_id=UserId(forgotten.account_id), part="billing", erased_at=event.time)
                await self.note_erased(done)
            case "tintype.generation.v1.AccountErased":
                erased = event.read(generation.AccountErased)
                done = NoteErased(user_id=UserId(erased.account_id), part="generation", erased_at=event.time)
                await self.note_erased(done)
            case "tintype.billing.v1.AutoTopUpStopped":
                # It is about the person's own money: there is no setting that keeps it back.
                stopped = event.read(billing.AutoTopUpStopped)
                why = _WHY.get(stopped.reason, "something is to be looked at")
                await self._mail(event, Notice.AUTO_TOP_UP_STOPPED, {"why": why})
            case "tintype.ledger.v1.CreditsExpiring":
                expiring = event.read(ledger.CreditsExpiring)
                if self.balance_mails:
                    day = to_datetime(expiring.expires_at)
                    said = {"credits": f"{expiring.amount:,}", "day": f"{day:%d %B %Y}" if day else "soon"}
                    await self._mail(event, Notice.CREDITS_EXPIRING, said)
            case _:
                low = event.read(ledger.BalanceLow)
                if self.balance_mails:
                    said = {"credits": f"{low.balance.available:,}", "threshold": f"{low.threshold:,}"}
                    await self._mail(event, Notice.BALANCE_LOW, said)

    async def _mail(self, event: IncomingEvent, notice: Notice, details: Mapping[str, str]) -> None:
        await self.mail_news(
            MailNews(
                event_id=EventId(event.event_id),
                user_id=UserId(event.account),
                notice=notice,
                details=details,
                happened_at=event.time,
            )
        )
