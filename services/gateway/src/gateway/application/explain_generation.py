"""Where the credits of a generation came from and where they went."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.domain.credits import PinnedLot, Reservation
from gateway.domain.generation import Generation
from gateway.domain.identifiers import AccountId, GenerationId
from gateway.ports.generation import Generations
from gateway.ports.ledger import Ledger


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A generation, what was held for it, and the lots that the credits came from."""

    generation: Generation
    reservation: Reservation | None
    lots: Sequence[PinnedLot]


@dataclass(frozen=True)
class ExplainGenerationHandler:
    """Puts together what generation and the ledger know."""

    generations: Generations
    ledger: Ledger

    async def __call__(self, account_id: AccountId, generation_id: GenerationId) -> Explanation:
        """Explain one generation of this account. Raises NotFound."""
        generation, reservation = await asyncio.gather(
            self.generations.generation(account_id, generation_id),
            self.ledger.reservation(account_id, generation_id),
        )
        lots: Sequence[PinnedLot] = ()
        if reservation is not None:
            lots = await self.ledger.reservation_lots(account_id, reservation.reservation_id)
        return Explanation(generation=generation, reservation=reservation, lots=lots)
