"""Taking back that many were deleted at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.application.side_by_side import side_by_side
from gateway.domain.errors import NotFound
from gateway.domain.generation import Generation
from gateway.domain.identifiers import AccountId, GenerationId
from gateway.ports.generation import Generations


@dataclass(frozen=True)
class RestoreSelectedHandler:
    """Restores several; one that is gone stops no other."""

    generations: Generations

    async def __call__(self, account_id: AccountId, generation_ids: Sequence[GenerationId]) -> None:
        """Show each of them again. Raises NotFound where none of them is left."""

        async def restore(generation_id: GenerationId) -> Generation | None:
            try:
                return await self.generations.restore(account_id, generation_id)
            except NotFound:
                return None

        shown = await side_by_side(restore, dict.fromkeys(generation_ids))
        if not any(shown):
            raise NotFound("There is no such generation.")
