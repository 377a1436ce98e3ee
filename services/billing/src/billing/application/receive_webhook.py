"""Use case: verify a webhook and store it once; what it means is worked out afterwards."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from billing.application.bounds import WEBHOOK_MAX_BYTES
from billing.domain.errors import InvalidField
from billing.domain.identifiers import EventId
from billing.domain.webhook_event import Stored, WebhookEvent
from billing.ports.clock import Clock
from billing.ports.unit_of_work import UnitsOfWork
from billing.ports.webhooks import WebhookVerifier


@dataclass(frozen=True, kw_only=True)
class Received:
    """The event is safe; `duplicate` when it was before."""

    event_id: EventId
    duplicate: bool


@dataclass(frozen=True)
class ReceiveWebhookHandler:
    """Answers quickly, so that the processor does not send again what has arrived."""

    units: UnitsOfWork
    verifier: WebhookVerifier
    clock: Clock
    # Told once a webhook is stored, so that it waits for nobody to look for it.
    stored: Callable[[], object] = lambda: None

    async def __call__(self, headers: Mapping[str, str], body: bytes) -> Received:
        """Store the event, or wake it if it was given up or ignored.

        Raises InvalidSignature, InvalidWebhook and InvalidField, and stores nothing then.
        """
        if len(body) > WEBHOOK_MAX_BYTES:
            raise InvalidField("body", f"has {len(body)} bytes, at most {WEBHOOK_MAX_BYTES} are allowed")
        verified = self.verifier.verify(headers, body)
        event = WebhookEvent(**vars(verified), body=body, received_at=self.clock.now())
        async with self.units.of_system() as work:
            stored = await work.add_webhook(event)
        self.stored()
        return Received(event_id=event.event_id, duplicate=stored is not Stored.NEW)
