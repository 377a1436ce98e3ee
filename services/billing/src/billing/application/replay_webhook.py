"""Use case: work a stored webhook out anew, by hand."""

from dataclasses import dataclass

from billing.domain.identifiers import EventId
from billing.ports.clock import Clock
from billing.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class ReplayWebhookHandler:
    """What a webhook does is idempotent, so that it may be worked out again at any time."""

    units: UnitsOfWork
    clock: Clock

    async def __call__(self, event_id: EventId) -> bool:
        """Have a webhook worked out anew, with no failures counted.

        False, and nothing is changed, when there is none, or it names nothing to ask the processor about.
        """
        async with self.units.of_system() as work:
            return await work.wake_webhook(event_id, now=self.clock.now())
