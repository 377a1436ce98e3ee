"""Use case: take what is due to be sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from gateway.domain.webhook import ClaimedDelivery
from gateway.ports.clock import Clock
from gateway.ports.webhook_queue import WebhookQueue


@dataclass(frozen=True, kw_only=True)
class ClaimDeliveriesHandler:
    """Takes deliveries for longer than any attempt can last."""

    queue: WebhookQueue
    clock: Clock
    lease: timedelta = timedelta(seconds=60)
    per_receiver_max: int = 4

    async def __call__(self, count_max: int) -> Sequence[ClaimedDelivery]:
        """Take so many at most."""
        now = self.clock.now()
        return await self.queue.claim(
            now=now, until=now + self.lease, count_max=count_max, per_receiver_max=self.per_receiver_max
        )
