"""What stands behind the ids that a person selected."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.application.side_by_side import side_by_side
from gateway.domain.errors import NotFound
from gateway.domain.generation import Generation
from gateway.domain.identifiers import AccountId, GenerationId
from gateway.ports.generation import Generations


@dataclass(frozen=True)
class ReadSelectedHandler:
    """Reads several generations side by side."""

    generations: Generations

    async def __call__(
        self, account_id: AccountId, generation_ids: Sequence[GenerationId]
    ) -> Sequence[Generation]:
        """Return them in the order of the ids, each once; what is not theirs or not there is left out."""

        async def read(generation_id: GenerationId) -> Generation | None:
            try:
                return await self.generations.generation(account_id, generation_id)
            except NotFound:
                return None

        found = await side_by_side(read, dict.fromkeys(generation_ids))
        return [generation for generation in found if generation is not None]
