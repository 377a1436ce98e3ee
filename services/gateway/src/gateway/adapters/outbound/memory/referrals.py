"""The part of billing in memory about who invited whom."""

import base64
import hashlib

from gateway.adapters.outbound.memory.billing_state import MemoryBillingState
from gateway.domain.errors import Conflict, FieldProblem, InvalidRequest, NotFound
from gateway.domain.identifiers import UserId
from gateway.domain.referral import ClaimedReferral, Referral

_CODE_LENGTH = 8


class MemoryReferrals(MemoryBillingState):
    """Everybody's code, and who came by it."""

    async def referral(self, user_id: UserId) -> Referral:
        """See Billing."""
        if not self.has_referrals:
            raise NotFound("nobody is rewarded for inviting here", reason="REFERRALS_OFF")
        self.inviters.setdefault(_code_of(user_id), user_id)
        came = [invited for invited, (inviter, _) in self.invited_by.items() if inviter == user_id]
        return Referral(
            code=_code_of(user_id),
            came=len(came),
            rewarded=len([invited for invited in came if self.paid.get(invited)]),
            inviter_credits=300,
            invited_credits=200,
            hold_days=7,
        )

    async def claim_referral(self, user_id: UserId, *, code: str) -> ClaimedReferral:
        """See Billing."""
        if not self.has_referrals:
            raise NotFound("nobody is rewarded for inviting here", reason="REFERRALS_OFF")
        code = code.strip().upper()
        if len(code) != _CODE_LENGTH:
            raise InvalidRequest("That is no code.", fields=[FieldProblem("code", "must be 8 letters")])
        inviter = self.inviters.get(code)
        if inviter is None:
            raise NotFound("nobody invites by this code", reason="UNKNOWN_REFERRAL_CODE")
        if user_id in self.invited_by:
            if self.invited_by[user_id][0] != inviter:
                raise Conflict("you came by another before", reason="REFERRAL_CLAIMED_BEFORE")
            return self.invited_by[user_id][1]
        if inviter == user_id or (inviter in self.invited_by and self.invited_by[inviter][0] == user_id):
            raise Conflict("nobody invites themselves", reason="REFERRAL_REFUSED")
        if self.paid.get(user_id):
            raise Conflict("you have paid before", reason="REFERRAL_TOO_LATE")
        claimed = ClaimedReferral(code=code, claimed_at=self.clock.now())
        self.invited_by[user_id] = (inviter, claimed)
        return claimed


def _code_of(user_id: UserId) -> str:
    return base64.b32encode(hashlib.sha256(user_id.encode()).digest()).decode()[:_CODE_LENGTH]
