"""Use case: hear that an account is erased."""

from dataclasses import dataclass

from billing.domain.identifiers import UserId
from billing.ports.clock import Clock
from billing.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class BeginErasureHandler:
    """Notes it, for good: from then on nothing new is made of the account."""

    units: UnitsOfWork
    clock: Clock

    async def __call__(self, user_id: UserId) -> bool:
        """Return whether that is news."""
        async with self.units.of(user_id) as work:
            return await work.begin_erasure(user_id, now=self.clock.now())
