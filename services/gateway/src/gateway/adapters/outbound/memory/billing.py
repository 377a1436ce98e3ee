"""Billing in memory: one processor that everybody pays at once."""

import hashlib
from collections.abc import Mapping

from gateway.adapters.outbound.memory.checkouts import MemoryCheckouts
from gateway.adapters.outbound.memory.promotions import MemoryPromotions
from gateway.adapters.outbound.memory.purchases import MemoryPurchases
from gateway.adapters.outbound.memory.referrals import MemoryReferrals
from gateway.adapters.outbound.memory.subscriptions import MemorySubscriptions
from gateway.domain.auto_top_up import AutoTopUp, AutoTopUpWish
from gateway.domain.credits import Balance
from gateway.domain.errors import MalformedRequest
from gateway.domain.identifiers import UserId


class MemoryBilling(MemoryCheckouts, MemoryPromotions, MemoryPurchases, MemoryReferrals, MemorySubscriptions):
    """Implements Billing; a webhook's signature is right when it is the body's sha256."""

    async def auto_top_up(self, user_id: UserId) -> AutoTopUp:
        """See Billing."""
        return self.auto_top_ups.of(user_id)

    async def set_auto_top_up(
        self, user_id: UserId, wish: AutoTopUpWish, *, balance: Balance | None
    ) -> AutoTopUp:
        """See Billing."""
        return self.auto_top_ups.want(user_id, wish, balance=balance)

    async def receive_webhook(self, *, body: bytes, headers: Mapping[str, str]) -> bool:
        """See Billing."""
        if headers.get("stripe-signature") != hashlib.sha256(body).hexdigest():
            raise MalformedRequest("The signature does not fit.", reason="INVALID_SIGNATURE")
        self.webhooks[body] = self.webhooks.get(body, 0) + 1
        return self.webhooks[body] > 1
