"""Deleting many at once, each as one alone is deleted."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from gateway.application.side_by_side import side_by_side
from gateway.domain.errors import Conflict, GatewayError
from gateway.domain.identifiers import AccountId, GenerationId
from gateway.ports.generation import Generations

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Discarded:
    """Which are hidden now, how many stay because they still run, and how many for another reason."""

    hidden: tuple[GenerationId, ...]
    running_count: int
    failed_count: int


@dataclass(frozen=True)
class DiscardSelectedHandler:
    """Discards several; one that can't be discarded stops no other."""

    generations: Generations

    async def __call__(self, account_id: AccountId, generation_ids: Sequence[GenerationId]) -> Discarded:
        """Discard each once and return what became of them. Refusals are counted, not raised."""

        async def discard(generation_id: GenerationId) -> GatewayError | None:
            try:
                await self.generations.discard(account_id, generation_id)
            except GatewayError as refusal:
                log.info("a selected one stays", generation=generation_id, reason=refusal.reason)
                return refusal
            return None

        asked = tuple(dict.fromkeys(generation_ids))
        refusals = await side_by_side(discard, asked)
        running = sum(isinstance(refusal, Conflict) for refusal in refusals)
        return Discarded(
            hidden=tuple(each for each, refusal in zip(asked, refusals, strict=True) if refusal is None),
            running_count=running,
            failed_count=sum(refusal is not None for refusal in refusals) - running,
        )
