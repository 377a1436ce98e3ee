"""Asks a job to stop."""

from dataclasses import dataclass

from generation.application.finish_attempt import end_without_delivery
from generation.application.read_generations import visible
from generation.domain.attempt import Outcome
from generation.domain.generation import Generation, Status
from generation.domain.identifiers import AccountId, GenerationId
from generation.ports.clock import Clock
from generation.ports.meter import Meter
from generation.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class CancelGenerationHandler:
    """A queued job ends at once, and so does one between two attempts; a running one as soon as its
    worker hears. From the moment that this is kept, the job is not charged.

    Idempotent. Raises GenerationNotFound, and GenerationFinished when it had ended otherwise.
    """

    units: UnitsOfWork
    clock: Clock
    meter: Meter

    async def __call__(self, account_id: AccountId, generation_id: GenerationId) -> Generation:
        async with self.units.of(account_id) as work:
            current = visible(await work.generations.lock(generation_id), account_id)
            now = self.clock.now()
            cancelled = current.cancel(now=now)
            attempt = await work.attempts.running(generation_id)
            if attempt and attempt.not_before:
                # Nobody has it: there is no worker to hear.
                cancelled = current.cancelled(now=now)
                attempt = attempt.ended(Outcome.CANCELLED, now=now)
            if cancelled == current:
                return current
            if cancelled.status is Status.CANCELLED:
                await end_without_delivery(work, cancelled, attempt, now=now)
            else:
                await work.generations.save(cancelled)
        if cancelled.is_terminal:
            self.meter.ended(cancelled)
        return cancelled
