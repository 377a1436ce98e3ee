"""Delete for good what was discarded and not taken back."""

from dataclasses import dataclass

import structlog

from generation.domain.identifiers import GenerationId
from generation.ports.clock import Clock
from generation.ports.unit_of_work import Discarded, UnitsOfWork

PAGE_SIZE = 100
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class PurgeDiscardedHandler:
    """Forgets outputs, queues their objects for removal, and takes the job out of collections.

    No restore finds it from then on. Each job in a transaction of its own, so that one that can't be done
    stops no other.
    """

    units: UnitsOfWork
    clock: Clock
    page_size: int = PAGE_SIZE

    async def __call__(self) -> None:
        after: Discarded | None = None
        while True:
            async with self.units.of_system() as work:
                page = await work.generations.discarded(
                    by=self.clock.now(), after=after, limit=self.page_size
                )
            for _, generation_id in page:
                try:
                    await self._purge(generation_id)
                except Exception:
                    log.exception("job can't be purged", generation_id=generation_id)
            if len(page) < self.page_size:
                return
            after = page[-1]

    async def _purge(self, generation_id: GenerationId) -> None:
        async with self.units.of_system() as work:
            current, now = await work.generations.lock(generation_id), self.clock.now()
            # It may have been restored, or purged by another, since it was found.
            if current is None or not current.is_over(now):
                return
            await work.generations.save(current.deleted(now=now))
            outputs = await work.outputs.remove(generation_id)
            await work.collections.forget(generation_id)
            await work.media_uses.remove(generation_id)
            keys = [key for output in outputs for key in output.object_keys]
            await work.deletions.schedule(keys, due_at=now)
