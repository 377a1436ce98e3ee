"""Lets go of files that were kept for as long as was promised."""

from dataclasses import dataclass

import structlog

from generation.domain.identifiers import GenerationId
from generation.ports.clock import Clock
from generation.ports.unit_of_work import UnitsOfWork

PAGE_SIZE = 100
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ExpireOutputsHandler:
    """The job stays, with what it was asked and what it cost; its files go, and links show none.

    Each job in a transaction of its own, so that one that can't be done stops no other.
    """

    units: UnitsOfWork
    clock: Clock
    page_size: int = PAGE_SIZE

    async def __call__(self) -> None:
        after: GenerationId | None = None
        while True:
            async with self.units.of_system() as work:
                page = await work.generations.expiring(by=self.clock.now(), after=after, limit=self.page_size)
            for generation_id in page:
                try:
                    await self._expire(generation_id)
                except Exception:
                    log.exception("outputs can't be let go of", generation_id=generation_id)
            if len(page) < self.page_size:
                return
            after = page[-1]

    async def _expire(self, generation_id: GenerationId) -> None:
        async with self.units.of_system() as work:
            current, now = await work.generations.lock(generation_id), self.clock.now()
            if current is None or not current.is_expiring(now):
                return
            await work.generations.save(current.expired(now=now))
            outputs = await work.outputs.expire(generation_id, now=now)
            await work.deletions.schedule(
                [key for output in outputs for key in output.object_keys], due_at=now
            )
