"""Use cases over stored webhooks: work them out anew by hand, and forget what they carried."""

from datetime import timedelta

from billing.ports.clock import Clock
from billing.ports.unit_of_work import UnitsOfWork

BATCH_MAX = 500


class ReplayWebhookHandler:
    """What a webhook does is idempotent, so that it may be worked out again at any time."""

    def __init__(self, units: UnitsOfWork, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    async def handle(self, event_id: str) -> bool:
        """Have a webhook worked out anew, with no failures counted.

        False, and nothing is changed, when there is none, or it names nothing to ask the processor about.
        """
        async with self._units.of_system() as work:
            return await work.wake_webhook(event_id, now=self._clock.now())


class ForgetBodiesHandler:
    """Bodies name people; what a webhook was about, and what came of it, is kept."""

    def __init__(self, units: UnitsOfWork, clock: Clock, *, after_days: int) -> None:
        self._units = units
        self._clock = clock
        self._after = timedelta(days=after_days)

    async def handle(self) -> int:
        """Empty up to a batch of bodies of webhooks that were done or ignored so long ago."""
        async with self._units.of_system() as work:
            return await work.forget_bodies(before=self._clock.now() - self._after, limit=BATCH_MAX)
