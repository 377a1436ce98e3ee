"""Takes back that a job was deleted, while there is time."""

from dataclasses import dataclass

from generation.application.discard_generation import own
from generation.domain.generation import Generation
from generation.domain.identifiers import AccountId, GenerationId
from generation.ports.clock import Clock
from generation.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class RestoreGenerationHandler:
    """Shows a discarded job again, with all that it had. Idempotent.

    Raises GenerationNotFound for one that is gone for good, or was never there.
    """

    units: UnitsOfWork
    clock: Clock

    async def __call__(self, account_id: AccountId, generation_id: GenerationId) -> Generation:
        async with self.units.of(account_id) as work:
            found = own(await work.generations.lock(generation_id), account_id)
            restored = found.restored(now=self.clock.now())
            await work.generations.save(restored)
        return restored
