"""Delete for good what was discarded and not taken back."""

from dataclasses import dataclass

from generation.ports.clock import Clock
from generation.ports.unit_of_work import UnitsOfWork

BATCH_MAX = 100


@dataclass(frozen=True)
class PurgeDiscardedHandler:
    """Forgets outputs, queues their objects for removal, and takes the job out of collections.

    No restore finds it from then on.
    """

    units: UnitsOfWork
    clock: Clock

    async def __call__(self) -> None:
        now = self.clock.now()
        async with self.units.of_system() as work:
            for generation in await work.generations.lock_discarded(until=now, limit=BATCH_MAX):
                await work.generations.save(generation.deleted(now=now))
                outputs = await work.outputs.remove(generation.generation_id)
                await work.collections.forget(generation.generation_id)
                keys = [key for output in outputs for key in output.object_keys]
                await work.deletions.schedule(keys, due_at=now)
