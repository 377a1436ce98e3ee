"""Delivers webhooks for as long as the process lives, so many at a time."""

import asyncio

import structlog
from chassis.process import raise_if_cancelled
from prometheus_client import Counter

from gateway.application.attempt_delivery import AttemptDeliveryHandler
from gateway.application.claim_deliveries import ClaimDeliveriesHandler
from gateway.domain.webhook import ClaimedDelivery

log = structlog.get_logger(__name__)

_ATTEMPTS = Counter("gateway_webhook_attempts_total", "Attempts at delivering a webhook", ["outcome"])
# What is being sent when the process is told to stop has so long to end; what has not is sent again later.
_DRAIN_S = 8.0


class WebhookDeliverer:
    """Takes what is due as soon as there is a slot for it; none waits for another.

    What goes wrong with one delivery is its own. When storage is away, what was taken is free again later.
    """

    def __init__(
        self,
        claim: ClaimDeliveriesHandler,
        attempt: AttemptDeliveryHandler,
        *,
        at_once: int,
        every_s: float,
    ) -> None:
        self._claim = claim
        self._attempt = attempt
        self._at_once = at_once
        self._every_s = every_s
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Deliver until cancelled; then let what is being sent end for a few seconds."""
        try:
            while True:
                raise_if_cancelled()
                await self._take()
                if self._tasks:
                    await asyncio.wait(
                        self._tasks, timeout=self._every_s, return_when=asyncio.FIRST_COMPLETED
                    )
                else:
                    await asyncio.sleep(self._every_s)
        finally:
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=_DRAIN_S)

    async def _take(self) -> None:
        free = self._at_once - len(self._tasks)
        try:
            claimed = await self._claim(free) if free else []
        except Exception as failure:  # noqa: BLE001 - storage that is away comes back
            log.warning("webhooks could not be taken", error=repr(failure))
            return
        for each in claimed:
            task = asyncio.create_task(self._deliver(each))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(self, claimed: ClaimedDelivery) -> None:
        try:
            attempt = await self._attempt(claimed)
        except Exception as failure:  # noqa: BLE001 - the others go on; it is free again when its time is over
            log.warning(
                "webhook attempt was not kept",
                delivery_id=claimed.delivery.delivery_id,
                error=repr(failure),
            )
            _ATTEMPTS.labels("lost").inc()
        else:
            _ATTEMPTS.labels("delivered" if attempt.is_delivered else "failed").inc()
