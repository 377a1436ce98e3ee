"""What tries came to."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from generation.domain.identifiers import AccountId, AttemptId
from generation.domain.margin import Margin, MarginGrouping
from generation.domain.model_statistics import RunCount
from generation.domain.usage import AttemptUsage, Grouping, UsageFilter, UsageGroup


class UsageLog(Protocol):
    """Every try of every job, those of deleted jobs too. One account's transaction sees its own only."""

    async def page(
        self, account_id: AccountId, *, wanted: UsageFilter, before: AttemptId | None, limit: int
    ) -> Sequence[AttemptUsage]:
        """Return this account's tries that `wanted` admits, newest first, made before `before`."""
        ...

    async def grouped(
        self, account_id: AccountId, *, wanted: UsageFilter, by: Collection[Grouping], limit: int
    ) -> Sequence[UsageGroup]:
        """Put this account's tries that `wanted` admits together: the newest day first, then by model, key.

        What was asked for without a key comes after the keys. By nothing they are one group, and none where
        there is no try.
        """
        ...

    async def margins(
        self,
        wanted: UsageFilter,
        *,
        by: Collection[MarginGrouping],
        credit_usd_micros: int,
        limit: int,
    ) -> Sequence[Margin]:
        """Put everybody's tries that `wanted` admits together, the newest day first, the least left first."""
        ...

    async def counts(self, *, since: datetime, newest: int) -> Sequence[RunCount]:
        """Count the `newest` of everybody's tries that ended since then and say something of their provider.

        By model and provider, and by model over all of them (`provider` None).
        """
        ...
