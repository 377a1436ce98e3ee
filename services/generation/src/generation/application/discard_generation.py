"""Deletes a job for the time being."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from generation.domain.errors import GenerationNotFound
from generation.domain.generation import Generation
from generation.domain.identifiers import AccountId, GenerationId
from generation.ports.clock import Clock
from generation.ports.unit_of_work import UnitsOfWork

GRACE = timedelta(minutes=10)


@dataclass(frozen=True)
class DiscardGenerationHandler:
    """Hides a job at once and keeps its outputs until the answered moment, in case its user thinks again.

    Idempotent. Raises GenerationNotFound, also for one that is gone for good, and GenerationRunning.
    """

    units: UnitsOfWork
    clock: Clock

    async def __call__(self, account_id: AccountId, generation_id: GenerationId) -> datetime:
        async with self.units.of(account_id) as work:
            found = own(await work.generations.lock(generation_id), account_id)
            now = self.clock.now()
            discarded = found.discarded(now=now, purge_at=now + GRACE)
            await work.generations.save(discarded)
        if discarded.purge_at is None:
            raise GenerationNotFound("no such generation")
        return discarded.purge_at


def own(generation: Generation | None, account_id: AccountId) -> Generation:
    """Return the job, if it is there and this account's, deleted or not. Raises GenerationNotFound."""
    if generation is None or generation.account_id != account_id:
        raise GenerationNotFound("no such generation")
    return generation
