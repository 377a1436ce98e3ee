"""Use case: forget what old webhooks carried."""

from dataclasses import dataclass
from datetime import timedelta

from billing.ports.clock import Clock
from billing.ports.unit_of_work import UnitsOfWork

BATCH_MAX = 500


@dataclass(frozen=True)
class ForgetWebhookBodiesHandler:
    """Bodies name people; what a webhook was about, and what came of it, is kept."""

    units: UnitsOfWork
    clock: Clock
    after_days: int

    async def __call__(self) -> int:
        """Empty up to a batch of bodies of webhooks that were done or ignored so long ago."""
        before = self.clock.now() - timedelta(days=self.after_days)
        async with self.units.of_system() as work:
            return await work.forget_bodies(before=before, limit=BATCH_MAX)
