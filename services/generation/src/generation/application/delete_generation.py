"""Deletes a job's outputs and hides it."""

from dataclasses import dataclass

from generation.domain.errors import GenerationNotFound
from generation.domain.identifiers import AccountId, GenerationId
from generation.ports.clock import Clock
from generation.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class DeleteGenerationHandler:
    """Hides the job, queues its objects for removal, ends its links, takes it out of collections.

    What it cost stays on record.

    Idempotent. Raises GenerationNotFound, and GenerationRunning before it ended.
    """

    units: UnitsOfWork
    clock: Clock

    async def __call__(self, account_id: AccountId, generation_id: GenerationId) -> None:
        async with self.units.of(account_id) as work:
            current = await work.generations.lock(generation_id)
            if current is None or current.account_id != account_id:
                raise GenerationNotFound("no such generation")
            now = self.clock.now()
            await work.generations.save(current.deleted(now=now))
            outputs = await work.outputs.remove(generation_id)
            await work.shares.remove(generation_id)
            await work.collections.forget(generation_id)
            await work.media_uses.remove(generation_id)
            await work.deletions.schedule(
                [key for output in outputs for key in output.object_keys], due_at=now
            )
