"""The part of the unit of work about accounts that are erased, in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from billing.adapters.outbound.memory.store import MemoryBilling
from billing.domain.identifiers import UserId


class MemoryErasures:
    """Implements Erasures on what is stored."""

    _billing: MemoryBilling

    async def begin_erasure(self, user_id: UserId, *, now: datetime) -> bool:
        """Note that an account is to be erased."""
        if user_id in self._billing.erasures:
            return False
        self._billing.erasures[user_id] = None
        return True

    async def is_erased(self, user_id: UserId) -> bool:
        """Whether an account is erased, or about to be."""
        return user_id in self._billing.erasures

    async def unfinished_erasures(self, *, after: UserId | None = None, limit: int) -> Sequence[UserId]:
        """Return accounts of which something may be left."""
        left = (known for known, finished_at in self._billing.erasures.items() if finished_at is None)
        return sorted(known for known in left if after is None or known > after)[:limit]

    async def erase_customer(self, user_id: UserId) -> None:
        """Delete what joins the account to a person."""
        billing = self._billing
        billing.customers.pop(user_id, None)
        for checkout_id, checkout in billing.checkouts.items():
            if checkout.user_id == user_id:
                billing.checkouts[checkout_id] = replace(checkout, url=None, idempotency_key=checkout_id)
        billing.auto_top_ups.pop(user_id, None)
        billing.departures.pop(user_id, None)
        billing.referral_codes.pop(user_id, None)

    async def finish_erasure(self, user_id: UserId, *, now: datetime) -> bool:
        """Note that nothing is left."""
        if self._billing.erasures[user_id] is not None:
            return False
        self._billing.erasures[user_id] = now
        return True
