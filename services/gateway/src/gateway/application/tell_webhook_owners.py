"""Use case: tell people of endpoints of theirs that were disabled."""

from dataclasses import dataclass

import structlog

from gateway.domain.errors import InvalidRequest, NotFound
from gateway.domain.webhook import WebhookEndpoint
from gateway.ports.webhook_owners import WebhookOwners
from gateway.ports.webhook_queue import WebhookQueue

log = structlog.get_logger(__name__)
BATCH_MAX = 100


@dataclass(frozen=True, kw_only=True)
class TellWebhookOwnersHandler:
    """Has each mailed, and notes it afterwards: whoever dies in between has it told again, mailed once."""

    queue: WebhookQueue
    owners: WebhookOwners

    async def __call__(self) -> int:
        """Tell whoever was not told yet; returns how many endpoints are done with.

        What goes wrong with one is its own: it is tried again the next time, unless it never can be told.
        """
        done, after = 0, None
        while True:
            untold = await self.queue.untold(after=after, count_max=BATCH_MAX)
            for endpoint in untold:
                done += await self._tell(endpoint)
            if len(untold) < BATCH_MAX:
                return done
            after = untold[-1].endpoint_id

    async def _tell(self, endpoint: WebhookEndpoint) -> bool:
        try:
            try:
                await self.owners.tell_disabled(endpoint)
            except (InvalidRequest, NotFound) as refused:
                log.warning(
                    "owner of a webhook can't be told",
                    endpoint_id=endpoint.endpoint_id,
                    reason=refused.reason,
                )
            await self.queue.mark_told(endpoint)
        except Exception as failure:  # noqa: BLE001 - one endpoint's trouble must not be another's
            log.warning(
                "owner of a webhook was not told yet",
                endpoint_id=endpoint.endpoint_id,
                error=type(failure).__name__,
            )
            return False
        return True
