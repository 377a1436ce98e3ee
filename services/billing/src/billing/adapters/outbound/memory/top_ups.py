"""The part of the unit of work about buying packs by themselves, in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from billing.adapters.outbound.memory.constraints import check_top_up
from billing.adapters.outbound.memory.store import MemoryBilling
from billing.domain.auto_top_up import AutoTopUp, TopUp
from billing.domain.identifiers import CheckoutId, UserId


class MemoryTopUps:
    """Implements TopUps for one open transaction."""

    def __init__(self, billing: MemoryBilling) -> None:
        self._billing = billing

    async def auto_top_up(self, user_id: UserId) -> AutoTopUp | None:
        """Return what a user asked for."""
        return self._billing.auto_top_ups.get(user_id)

    async def add_auto_top_up(self, auto_top_up: AutoTopUp) -> bool:
        """Store what a user asks for for the first time."""
        if auto_top_up.user_id in self._billing.auto_top_ups:
            return False
        self._billing.auto_top_ups[auto_top_up.user_id] = auto_top_up
        return True

    async def save_auto_top_up(self, auto_top_up: AutoTopUp) -> None:
        """Write what a user asked for, and where it stands."""
        self._billing.auto_top_ups[auto_top_up.user_id] = auto_top_up

    async def claim_auto_top_ups(self, *, now: datetime, until: datetime, limit: int) -> Sequence[UserId]:
        """Return users who are due for longest."""
        due = [
            (known.due_at, known)
            for known in self._billing.auto_top_ups.values()
            if known.due_at is not None and known.due_at <= now
        ]
        due.sort(key=lambda pair: pair[0])
        for _, known in due[:limit]:
            await self.save_auto_top_up(replace(known, due_at=until))
        return [known.user_id for _, known in due[:limit]]

    async def add_top_up(self, top_up: TopUp) -> None:
        """Store a top-up."""
        check_top_up(self._billing, top_up)
        self._billing.top_ups[top_up.checkout_id] = top_up

    async def top_up(self, checkout_id: CheckoutId) -> TopUp | None:
        """Return a top-up."""
        return self._billing.top_ups.get(checkout_id)

    async def save_top_up(self, top_up: TopUp) -> None:
        """Write what became of a top-up."""
        self._billing.top_ups[top_up.checkout_id] = top_up

    async def count_top_ups(self, user_id: UserId, *, since: datetime) -> int:
        """Return how many are paid or still open."""
        return self._billing.counted_top_ups(user_id, since)
