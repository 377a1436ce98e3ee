"""What tries came to, as the generation service keeps it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from gateway.domain.administration import Actor
from gateway.domain.identifiers import AccountId
from gateway.domain.margin import Margin, MarginGrouping
from gateway.domain.page import Page
from gateway.domain.provider_pause import PauseReport
from gateway.domain.usage import AttemptUsage, UsageFilter, UsageGroup, UsageGrouping


class UsageLog(Protocol):
    """Every method has a deadline and raises errors of `gateway.domain.errors`."""

    async def tries(
        self, account_id: AccountId, wanted: UsageFilter, *, cursor: str | None, limit: int
    ) -> Page[AttemptUsage]:
        """Return a part of this account's tries that `wanted` admits, newest first, deleted jobs' too.

        Raises InvalidRequest for a cursor of a list with other filters.
        """
        ...

    async def grouped(
        self, account_id: AccountId, wanted: UsageFilter, *, by: Collection[UsageGrouping]
    ) -> Sequence[UsageGroup]:
        """Return them put together and summed: the newest day first, then by model, then by key."""
        ...

    async def margins(
        self,
        actor: Actor,
        *,
        since: datetime | None,
        until: datetime | None,
        by: Collection[MarginGrouping],
    ) -> Sequence[Margin]:
        """Return everybody's tries put together, the newest day first, then where least is left.

        Raises Forbidden (NOT_STAFF).
        """
        ...

    async def pauses(self, actor: Actor) -> PauseReport:
        """Return the providers that workers leave alone. Raises Forbidden (NOT_STAFF)."""
        ...
