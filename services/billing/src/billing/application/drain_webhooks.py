"""Use case: work out every webhook that is due."""

from collections.abc import Callable
from dataclasses import dataclass, field

from billing.application.outage_pause import OutagePause
from billing.application.process_webhook import ProcessWebhookHandler, Worked
from billing.ports.clock import Clock


@dataclass(frozen=True)
class DrainWebhooksHandler:
    """While the processor is away it is asked ever more seldom, with one webhook, and not with all of them.

    One that works again is asked about all that waits, at once. Several may run side by side: then a slow
    webhook keeps nobody waiting.
    """

    process: ProcessWebhookHandler
    clock: Clock
    observe: Callable[[Worked], None]
    pause: OutagePause = field(default_factory=OutagePause)

    async def __call__(self) -> None:
        """Process until none is due, or until there is an outage."""
        if self.pause.lasts(self.clock.now()):
            return
        while (worked := await self.process()) is not None:
            self.observe(worked)
            if worked.is_outage:
                self.pause.prolong(self.clock.now())
                return
            self.pause.end()
