"""What stands behind the ids that a person selected."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.domain.errors import NotFound
from gateway.domain.generation import Generation
from gateway.domain.identifiers import AccountId, GenerationId
from gateway.ports.generation import Generations

AT_ONCE_MAX = 8


@dataclass(frozen=True)
class ReadSelectedHandler:
    """Reads several generations side by side."""

    generations: Generations

    async def __call__(
        self, account_id: AccountId, generation_ids: Sequence[GenerationId]
    ) -> Sequence[Generation]:
        """Return them in the order of the ids, each once; what is not theirs or not there is left out."""
        places = asyncio.Semaphore(AT_ONCE_MAX)

        async def read(generation_id: GenerationId) -> Generation | None:
            async with places:
                try:
                    return await self.generations.generation(account_id, generation_id)
                except NotFound:
                    return None

        found = await asyncio.gather(*(read(each) for each in dict.fromkeys(generation_ids)))
        return [generation for generation in found if generation is not None]
