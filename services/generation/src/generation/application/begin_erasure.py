"""Hears that an account is erased."""

from dataclasses import dataclass

from generation.domain.identifiers import AccountId, EventId
from generation.ports.clock import Clock
from generation.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class BeginErasureHandler:
    """Notes it together with the fact; from then on nothing new is made of the account."""

    units: UnitsOfWork
    clock: Clock

    async def __call__(self, account_id: AccountId, event_id: EventId) -> bool:
        """Return whether that is news."""
        async with self.units.of(account_id) as work:
            if not await work.first_time(event_id):
                return False
            return await work.erasures.begin(account_id, now=self.clock.now())
