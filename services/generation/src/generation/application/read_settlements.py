"""Tells the ledger and the auditor how jobs ended."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from generation.domain.errors import GenerationNotFound
from generation.domain.generation import Generation
from generation.domain.identifiers import GenerationId
from generation.domain.settlement import Settlement, settlement_of
from generation.ports.unit_of_work import UnitsOfWork

PAGE_SIZE = 500


@dataclass(frozen=True)
class ReadSettlements:
    """Sees every account."""

    units: UnitsOfWork

    async def of(self, generation_id: GenerationId) -> Settlement:
        """Return what should become of the job's reservation. Raises GenerationNotFound."""
        async with self.units.of_system() as work:
            generation = await work.generations.get(generation_id)
        if generation is None:
            raise GenerationNotFound("no such generation")
        return settlement_of(generation)

    async def all(self) -> AsyncIterator[Generation]:
        """Every ended job that reserved credits, oldest first, a short transaction a page."""
        after: GenerationId | None = None
        while True:
            async with self.units.of_system() as work:
                page = await work.generations.settled(after=after, limit=PAGE_SIZE)
            for generation in page:
                yield generation
            if len(page) < PAGE_SIZE:
                return
            after = page[-1].generation_id
