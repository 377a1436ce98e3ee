"""Hears of a run from its provider."""

from dataclasses import dataclass

from generation.domain.attempt import Outcome
from generation.domain.errors import RunNotFound
from generation.ports.nudges import Nudges
from generation.ports.provider_webhooks import ProviderWebhooks, ReceivedWebhook
from generation.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class ReceiveProviderWebhookHandler:
    """A hint that decides nothing: whoever follows the run looks at it now and not at its next turn.

    So a webhook that is lost, late, doubled or out of order changes nothing but when that is. One that comes
    before the submit's answer was written down finds no run yet, and is refused as if there were none.
    """

    units: UnitsOfWork
    webhooks: ProviderWebhooks
    nudges: Nudges

    async def __call__(self, provider: str, received: ReceivedWebhook) -> None:
        """Wake the run's worker. Raises RunNotFound, InvalidSignature, InvalidWebhook; changes nothing."""
        run_id = await self.webhooks.run_of(provider, received)
        async with self.units.of_system() as work:
            attempt = await work.attempts.of_run(provider, run_id)
        if attempt is None:
            raise RunNotFound("no such run is waited for")
        if attempt.outcome is Outcome.RUNNING:
            await self.nudges.nudge(attempt.attempt_id)
