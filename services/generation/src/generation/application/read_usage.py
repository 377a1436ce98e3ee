"""Reads what tries came to."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from generation.domain.identifiers import AccountId, AttemptId
from generation.domain.usage import AttemptUsage, Grouping, ModelUsage, UsageFilter, UsageGroup
from generation.ports.unit_of_work import UnitsOfWork

# More than a year of days with a dozen models.
GROUPS_MAX = 5_000


@dataclass(frozen=True)
class ReadUsage:
    """Sees one account at a time, and jobs that were deleted too."""

    units: UnitsOfWork

    async def page(
        self, account_id: AccountId, *, wanted: UsageFilter, before: AttemptId | None, limit: int
    ) -> tuple[Sequence[AttemptUsage], AttemptId | None]:
        """Return the newest tries made before `before`, and where the next page starts."""
        async with self.units.of(account_id) as work:
            tries = await work.usage_log.page(account_id, wanted=wanted, before=before, limit=limit + 1)
        shown = tries[:limit]
        return shown, shown[-1].attempt_id if len(tries) > limit else None

    async def grouped(
        self, account_id: AccountId, *, wanted: UsageFilter, by: Collection[Grouping]
    ) -> Sequence[UsageGroup]:
        """Return tries put together, the newest GROUPS_MAX groups."""
        async with self.units.of(account_id) as work:
            return await work.usage_log.grouped(account_id, wanted=wanted, by=by, limit=GROUPS_MAX)

    async def by_period(self, account_id: AccountId, *, bounds: Sequence[datetime]) -> Sequence[ModelUsage]:
        """Sum jobs by the period in which they ended, at what they were charged."""
        async with self.units.of(account_id) as work:
            return await work.generations.usage(account_id, bounds=bounds)
