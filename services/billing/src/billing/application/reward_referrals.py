"""Use case: reward inviter and invited once the invited has paid, and kept what they paid for."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from billing.domain.checkout import Purchase
from billing.domain.events import ReferralRewarded
from billing.domain.identifiers import RewardId, UserId
from billing.domain.referral import Referral, ReferralState, ReferralTerms, Reward
from billing.ports.clock import Clock
from billing.ports.id_source import IdSource
from billing.ports.unit_of_work import UnitOfWork, UnitsOfWork

BATCH_MAX = 50
# Whoever took one and died leaves it to the others after this.
_LEASE = timedelta(minutes=1)

log = structlog.get_logger(__name__)


async def note_payment(work: UnitOfWork, purchase: Purchase, now: datetime) -> None:
    """Write down the first payment of somebody who was invited; of anybody else, or a later one, nothing."""
    referral = await work.referral(purchase.user_id)
    if referral is not None and (paid := referral.paid(purchase, now)) != referral:
        await work.save_referral(paid)


@dataclass(frozen=True)
class RewardReferralsHandler:
    """Rewards and the referral's end are one transaction: nobody is rewarded twice, whoever dies when."""

    units: UnitsOfWork
    terms: ReferralTerms
    clock: Clock
    ids: IdSource

    async def __call__(self) -> int:
        """Look at one batch of those whose first payment is old enough; return how many there were."""
        if not self.terms.is_on:
            return 0
        now = self.clock.now()
        async with self.units.of_system() as work:
            due = await work.claim_rewards(
                paid_before=now - self.terms.hold, now=now, until=now + _LEASE, limit=BATCH_MAX
            )
        for invited_id in due:
            try:
                await self._end(invited_id)
            except Exception as failure:  # noqa: BLE001 - the database, perhaps: the lease brings it back
                log.warning("a referral can't be ended", invited_id=invited_id, error=repr(failure))
        return len(due)

    async def _end(self, invited_id: UserId) -> None:
        now = self.clock.now()
        async with self.units.of_system() as work:
            referral = await work.referral(invited_id)
            if (
                referral is None
                or referral.state is not ReferralState.CLAIMED
                or referral.purchase_id is None
            ):
                return
            standing = await work.purchase_standing(referral.purchase_id)
            if standing is None:
                raise RuntimeError(f"purchase {referral.purchase_id} was committed and is gone")
            ended = referral.ended(standing, now)
            await work.save_referral(ended)
            if ended.state is ReferralState.REWARDED:
                for reward in self._rewards(ended):
                    await work.publish(ReferralRewarded(reward=reward, occurred_at=now))

    def _rewards(self, referral: Referral) -> list[Reward]:
        """Return what each of the two gets, if that is anything."""
        both = (
            (referral.inviter_id, self.terms.inviter_credits),
            (referral.invited_id, self.terms.invited_credits),
        )
        return [
            Reward(reward_id=RewardId(self.ids.new("rwd")), user_id=user_id, credits=amount)
            for user_id, amount in both
            if amount > 0
        ]
