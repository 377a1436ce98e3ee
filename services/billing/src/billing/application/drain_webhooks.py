"""Use case: work out every webhook that is due."""

from collections.abc import Callable
from datetime import datetime, timedelta

from billing.application.process_webhook import ProcessWebhookHandler, Worked
from billing.ports.clock import Clock

PAUSE_MAX_S = 30


class DrainWebhooksHandler:
    """While the processor is away it is asked ever more seldom, with one webhook, and not with all of them.

    One that works again is asked about all that waits, at once. Several may run side by side: then a slow
    webhook keeps nobody waiting.
    """

    def __init__(
        self, process: ProcessWebhookHandler, clock: Clock, *, observe: Callable[[Worked], None]
    ) -> None:
        self._process = process
        self._clock = clock
        self._observe = observe
        self._outages = 0
        self._paused_until: datetime | None = None

    async def handle(self) -> None:
        """Process until none is due, or until there is an outage."""
        if self._paused_until is not None and self._clock.now() < self._paused_until:
            return
        while (worked := await self._process.handle()) is not None:
            self._observe(worked)
            if worked.is_outage:
                pause_s = min(PAUSE_MAX_S, 2 ** min(self._outages, 10))
                self._outages += 1
                self._paused_until = self._clock.now() + timedelta(seconds=pause_s)
                return
            self._outages, self._paused_until = 0, None
