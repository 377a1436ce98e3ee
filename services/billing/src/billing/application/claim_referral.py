"""Use case: note by whose invitation a new person came."""

import re
from dataclasses import dataclass

from billing.application.read_referral import CODE_LENGTH
from billing.domain.errors import (
    InvalidField,
    ReferralClaimedBefore,
    ReferralRefused,
    ReferralsOff,
    ReferralTooLate,
    UnknownReferralCode,
)
from billing.domain.identifiers import ReferralCode, UserId
from billing.domain.referral import Referral, ReferralTerms
from billing.ports.clock import Clock
from billing.ports.unit_of_work import UnitOfWork, UnitsOfWork

# Whoever invited the inviter, and so on; a chain that is longer is of nobody's friends.
CHAIN_MAX = 50
_CODE = re.compile(rf"[A-Z2-7]{{{CODE_LENGTH}}}")


@dataclass(frozen=True)
class ClaimReferralHandler:
    """Who claims takes turns: no two close a circle, and nobody is invited twice."""

    units: UnitsOfWork
    terms: ReferralTerms
    clock: Clock

    async def __call__(self, user_id: UserId, code: str) -> Referral:
        """Note it; the same code again returns what is noted.

        Raises ReferralsOff, InvalidField, UnknownReferralCode, ReferralRefused for oneself and for a circle,
        ReferralClaimedBefore under another code, and ReferralTooLate for who has paid before.
        """
        if not self.terms.is_on:
            raise ReferralsOff("nobody is rewarded for inviting here")
        read = ReferralCode(code.strip().upper())
        if not _CODE.fullmatch(read):
            raise InvalidField("code", f"must be {CODE_LENGTH} letters of A to Z or digits of 2 to 7")
        async with self.units.of_system() as work:
            await work.lock_referrals()
            inviter_id = await work.inviter_of(read)
            if inviter_id is None:
                raise UnknownReferralCode("nobody invites by this code")
            known = await work.referral(user_id)
            if known is not None:
                if known.code == read:
                    return known
                raise ReferralClaimedBefore("you came by another invitation before")
            await self._require_no_circle(work, user_id, inviter_id)
            if await work.has_paid(user_id):
                raise ReferralTooLate("you have paid before: only who is new can be invited")
            referral = Referral(
                invited_id=user_id, inviter_id=inviter_id, code=read, claimed_at=self.clock.now()
            )
            await work.add_referral(referral)
        return referral

    async def _require_no_circle(self, work: UnitOfWork, user_id: UserId, inviter_id: UserId) -> None:
        above: UserId | None = inviter_id
        for _ in range(CHAIN_MAX):
            if above is None:
                return
            if above == user_id:
                raise ReferralRefused("nobody invites themselves, nor whoever they were invited by")
            referral = await work.referral(above)
            above = None if referral is None else referral.inviter_id
        raise ReferralRefused("this chain of invitations is too long")
