"""Use case: forget webhooks that were sent long ago."""

from dataclasses import dataclass
from datetime import timedelta

from gateway.ports.clock import Clock
from gateway.ports.webhook_queue import WebhookQueue

BATCH_MAX = 1_000


@dataclass(frozen=True, kw_only=True)
class PurgeWebhooksHandler:
    """Keeps the log bounded, some rows a transaction."""

    queue: WebhookQueue
    clock: Clock
    kept_for: timedelta

    async def __call__(self) -> int:
        """Forget what ended before; returns how many."""
        before, purged = self.clock.now() - self.kept_for, 0
        while True:
            rows = await self.queue.purge(before=before, count_max=BATCH_MAX)
            purged += rows
            if rows < BATCH_MAX:
                return purged
