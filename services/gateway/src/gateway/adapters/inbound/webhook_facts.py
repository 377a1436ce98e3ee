"""Facts that webhooks are made of: parse, call the use case."""

from dataclasses import dataclass

from chassis.events import IncomingEvent, Refused
from tintype.identity.v1 import events_pb2 as identity

from gateway.adapters.inbound.webhook_messages import message_of
from gateway.application.forget_webhooks import ForgetWebhooksHandler
from gateway.application.record_webhook import RecordWebhook, RecordWebhookHandler
from gateway.domain.identifiers import FactId, UserId

SUBJECTS = {
    "LEDGER": ("tintype.ledger.v1.balance_low.*", "tintype.ledger.v1.credits_charged.*"),
    "GENERATION": (
        "tintype.generation.v1.generation_succeeded.*",
        "tintype.generation.v1.generation_failed.*",
        "tintype.generation.v1.generation_cancelled.*",
    ),
    "BILLING": ("tintype.billing.v1.payment_completed.*", "tintype.billing.v1.payment_refunded.*"),
    "IDENTITY": ("tintype.identity.v1.user_deleted.*",),
}
_USER_DELETED = identity.UserDeleted.DESCRIPTOR.full_name


@dataclass(frozen=True)
class WebhookFacts:
    """Turns each fact into one command, which does nothing the second time."""

    record: RecordWebhookHandler
    forget: ForgetWebhooksHandler

    async def handle(self, event: IncomingEvent) -> None:
        """Apply a fact. Raises for what must be delivered again, and Refused for what never can be."""
        if event.ce_type == _USER_DELETED:
            gone = event.read(identity.UserDeleted, account_field="user_id")
            await self.forget(UserId(gone.user_id))
            return
        try:
            message = message_of(event)
        except (ValueError, KeyError, OverflowError) as unreadable:
            raise Refused(repr(unreadable)) from None
        if message is not None:
            await self.record(RecordWebhook(fact_id=FactId(event.event_id), message=message))
