"""Keeps what billing tells of an account's plan."""

from dataclasses import dataclass

from generation.domain.entitlements import Entitlements
from generation.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class KeepEntitlementsHandler:
    """The revision is its inbox: what comes twice, late or in another order changes nothing."""

    units: UnitsOfWork

    async def __call__(self, told: Entitlements) -> bool:
        """Keep a copy; False for one that is no newer than what is kept, or of an account that is erased."""
        async with self.units.of(told.account_id) as work:
            if await work.erasures.is_begun(told.account_id):
                return False
            return await work.entitlements.keep(told)
