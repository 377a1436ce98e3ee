"""Use case: try a delivery once."""

from dataclasses import dataclass
from datetime import timedelta

import structlog

from gateway.domain.webhook import (
    ATTEMPTS_MAX,
    KILLS_MAX,
    Attempt,
    AttemptError,
    ClaimedDelivery,
    Spread,
    settled,
)
from gateway.ports.clock import Clock
from gateway.ports.webhook_queue import WebhookQueue
from gateway.ports.webhook_sender import WebhookSender

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class AttemptDeliveryHandler:
    """Sends, and keeps what came of it. What goes wrong with one delivery is that one's failed attempt."""

    queue: WebhookQueue
    sender: WebhookSender
    clock: Clock
    spread: Spread
    failing_max: timedelta

    async def __call__(self, claimed: ClaimedDelivery) -> Attempt:
        """Try it; of two processes that believe it theirs, the later one's result is the one that counts."""
        attempt = await self._attempt(claimed)
        now = self.clock.now()
        kept = await self.queue.settle(
            claimed,
            attempt,
            settled(attempts=claimed.delivery.attempts, attempt=attempt, now=now, spread=self.spread),
            now=now,
            failing_max=self.failing_max,
        )
        if not kept:
            log.warning("webhook was settled by another", delivery_id=claimed.delivery.delivery_id)
        return attempt

    async def _attempt(self, claimed: ClaimedDelivery) -> Attempt:
        delivery, now = claimed.delivery, self.clock.now()
        if not claimed.is_wanted:
            return Attempt(attempted_at=now, duration_ms=0, error=AttemptError.ENDPOINT_DISABLED)
        if claimed.secrets is None or delivery.attempts > ATTEMPTS_MAX + KILLS_MAX:
            return Attempt(attempted_at=now, duration_ms=0, error=AttemptError.INTERNAL)
        try:
            return await self.sender.send(delivery, claimed.secrets.at(now), at=now)
        except Exception as failure:  # noqa: BLE001 - one delivery's trouble must not be another's
            log.error(
                "webhook could not be sent", delivery_id=delivery.delivery_id, error=type(failure).__name__
            )
            return Attempt(attempted_at=now, duration_ms=0, error=AttemptError.INTERNAL)
