"""Stored referrals, and the codes that people invite by."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from billing.domain.identifiers import PurchaseId, ReferralCode, UserId
from billing.domain.purchase_standing import PurchaseStanding
from billing.domain.referral import Referral


class Referrals(Protocol):
    """The part of a unit of work about referrals."""

    async def lock_referrals(self) -> None:
        """Have everybody who claims a referral take turns until the end: no two close a circle."""

    async def add_referral_code(
        self, user_id: UserId, code: ReferralCode, *, now: datetime
    ) -> ReferralCode | None:
        """Return the user's code, this one unless there was one; None when it is somebody else's."""

    async def inviter_of(self, code: ReferralCode) -> UserId | None:
        """Return whose code it is."""

    async def has_paid(self, user_id: UserId) -> bool:
        """Return whether a user made a purchase that cost anything."""

    async def referral(self, invited_id: UserId) -> Referral | None:
        """Return by whom a user was invited, locked until the end."""

    async def add_referral(self, referral: Referral) -> None:
        """Store a referral; who claims takes turns, so there is none of this user yet."""

    async def save_referral(self, referral: Referral) -> None:
        """Write what may change of a referral: its payment, its next look and its end."""

    async def claim_rewards(
        self, *, paid_before: datetime, now: datetime, until: datetime, limit: int
    ) -> Sequence[UserId]:
        """Return invited users whose reward is due for longest; nobody else gets them before `until`."""

    async def referral_counts(self, inviter_id: UserId) -> tuple[int, int]:
        """Return how many came by a user's code, and for how many of them there was a reward."""

    async def purchase_standing(self, purchase_id: PurchaseId) -> PurchaseStanding | None:
        """Return a purchase, locked until the end, with its disputes."""
