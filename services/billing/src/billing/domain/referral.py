"""Referrals: who invited whom, and what both get once the invited has paid. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from billing.domain.checkout import Purchase
from billing.domain.dispute import DisputeState
from billing.domain.identifiers import PurchaseId, ReferralCode, RewardId, UserId
from billing.domain.purchase_standing import PurchaseStanding


class ReferralState(StrEnum):
    """CLAIMED until the invited has paid and kept it; VOID when the first payment went back before."""

    CLAIMED = "claimed"
    REWARDED = "rewarded"
    VOID = "void"


@dataclass(frozen=True, kw_only=True)
class ReferralTerms:
    """What inviter and invited get, and how long the first payment has to stay; all 0 is off."""

    inviter_credits: int
    invited_credits: int
    hold: timedelta

    @property
    def is_on(self) -> bool:
        """Whether anybody gets anything."""
        return self.inviter_credits > 0 or self.invited_credits > 0


@dataclass(frozen=True, kw_only=True)
class Referral:
    """One person who came by another's code. `purchase_id` is the invited's first that cost anything."""

    invited_id: UserId
    inviter_id: UserId
    code: ReferralCode
    claimed_at: datetime
    state: ReferralState = ReferralState.CLAIMED
    purchase_id: PurchaseId | None = None
    paid_at: datetime | None = None
    # When it is looked at, once it is paid.
    due_at: datetime | None = None
    ended_at: datetime | None = None

    def paid(self, purchase: Purchase, now: datetime) -> "Referral":
        """Return it with the payment that counts: the first of any money."""
        if (
            self.purchase_id is not None
            or self.state is not ReferralState.CLAIMED
            or not purchase.amount_minor
        ):
            return self
        return replace(self, purchase_id=purchase.purchase_id, paid_at=now, due_at=now)

    def ended(self, standing: PurchaseStanding, now: datetime) -> "Referral":
        """Return its end: a reward, unless something of the payment went back or is disputed."""
        is_disputed = any(dispute.state is not DisputeState.WON for dispute in standing.disputes)
        went_back = is_disputed or standing.purchase.refunded_minor > 0
        state = ReferralState.VOID if went_back else ReferralState.REWARDED
        return replace(self, state=state, ended_at=now)


@dataclass(frozen=True, kw_only=True)
class Reward:
    """What one person gets for a referral."""

    reward_id: RewardId
    user_id: UserId
    credits: int
