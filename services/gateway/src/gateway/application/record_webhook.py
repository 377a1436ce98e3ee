"""Use case: have a fact told to whoever of its account wants to hear it."""

from dataclasses import dataclass

from gateway.domain.identifiers import FactId
from gateway.domain.webhook import WebhookMessage
from gateway.ports.clock import Clock
from gateway.ports.webhook_queue import WebhookQueue


@dataclass(frozen=True, kw_only=True)
class RecordWebhook:
    """Which fact, and how it is told."""

    fact_id: FactId
    message: WebhookMessage


@dataclass(frozen=True)
class RecordWebhookHandler:
    """Queues one delivery for each receiver; told again, it queues none."""

    queue: WebhookQueue
    clock: Clock

    async def __call__(self, command: RecordWebhook) -> int:
        """Queue them; returns how many."""
        return await self.queue.record(command.fact_id, command.message, now=self.clock.now())
