"""Sums what an account's jobs cost, by period and by model."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from generation.domain.identifiers import AccountId
from generation.domain.usage import ModelUsage
from generation.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class SummarizeUsageHandler:
    """Counts a job when it ended, deleted or not, at what it was charged."""

    units: UnitsOfWork

    async def __call__(self, account_id: AccountId, *, bounds: Sequence[datetime]) -> Sequence[ModelUsage]:
        async with self.units.of(account_id) as work:
            return await work.generations.usage(account_id, bounds=bounds)
