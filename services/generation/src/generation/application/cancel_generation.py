"""Asks a job to stop."""

from dataclasses import dataclass

from generation.application.read_generations import visible
from generation.domain.events import released
from generation.domain.generation import Generation, Status
from generation.domain.identifiers import AccountId, GenerationId
from generation.ports.clock import Clock
from generation.ports.meter import Meter
from generation.ports.unit_of_work import Transactions


@dataclass(frozen=True)
class CancelGeneration:
    """A queued job ends at once; a running one as soon as its worker hears.

    Idempotent. Raises GenerationNotFound, and GenerationFinished when it had ended otherwise.
    """

    transactions: Transactions
    clock: Clock
    meter: Meter

    async def __call__(self, account_id: AccountId, generation_id: GenerationId) -> Generation:
        async with self.transactions.of_account(account_id) as work:
            current = visible(await work.generations.lock(generation_id), account_id)
            cancelled = current.cancel(now=self.clock.now())
            if cancelled == current:
                return current
            await work.generations.save(cancelled)
            if cancelled.status is Status.CANCELLED:
                await work.publish(released(cancelled, now=self.clock.now()))
        if cancelled.is_terminal:
            self.meter.ended(cancelled)
        return cancelled
