"""The part of the unit of work about referrals, in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from billing.adapters.outbound.memory.store import MemoryBilling
from billing.domain.identifiers import PurchaseId, ReferralCode, UserId
from billing.domain.purchase_standing import PurchaseStanding
from billing.domain.referral import Referral, ReferralState


class MemoryReferrals:
    """Referrals of one open transaction."""

    def __init__(self, billing: MemoryBilling) -> None:
        self._billing = billing

    async def lock_referrals(self) -> None:
        """Do nothing: transactions in memory take turns."""

    async def add_referral_code(
        self, user_id: UserId, code: ReferralCode, *, now: datetime
    ) -> ReferralCode | None:
        """Return the user's code, this one unless there was one; None when it is somebody else's."""
        codes = self._billing.referral_codes
        if user_id not in codes and code in codes.values():
            return None
        return codes.setdefault(user_id, code)

    async def inviter_of(self, code: ReferralCode) -> UserId | None:
        """Return whose code it is."""
        return next((user for user, known in self._billing.referral_codes.items() if known == code), None)

    async def has_paid(self, user_id: UserId) -> bool:
        """Return whether a user made a purchase that cost anything."""
        bought = self._billing.purchases.values()
        return any(purchase.user_id == user_id and purchase.amount_minor > 0 for purchase in bought)

    async def referral(self, invited_id: UserId) -> Referral | None:
        """Return by whom a user was invited."""
        return self._billing.referrals.get(invited_id)

    async def add_referral(self, referral: Referral) -> None:
        """Store a referral."""
        self._billing.referrals[referral.invited_id] = referral

    async def save_referral(self, referral: Referral) -> None:
        """Write a referral."""
        self._billing.referrals[referral.invited_id] = referral

    async def claim_rewards(
        self, *, paid_before: datetime, now: datetime, until: datetime, limit: int
    ) -> Sequence[UserId]:
        """Return invited users whose reward is due for longest."""
        due = [
            (referral.due_at, referral)
            for referral in self._billing.referrals.values()
            if referral.state is ReferralState.CLAIMED
            and referral.paid_at is not None
            and referral.paid_at <= paid_before
            and referral.due_at is not None
            and referral.due_at <= now
        ]
        due.sort(key=lambda pair: pair[0])
        for _, referral in due[:limit]:
            await self.save_referral(replace(referral, due_at=until))
        return [referral.invited_id for _, referral in due[:limit]]

    async def referral_counts(self, inviter_id: UserId) -> tuple[int, int]:
        """Return how many came by a user's code, and for how many of them there was a reward."""
        mine = [known for known in self._billing.referrals.values() if known.inviter_id == inviter_id]
        return len(mine), len([known for known in mine if known.state is ReferralState.REWARDED])

    async def purchase_standing(self, purchase_id: PurchaseId) -> PurchaseStanding | None:
        """Return a purchase with its disputes."""
        found = self._billing.purchases.get(purchase_id)
        return self._billing.standing(found) if found else None
