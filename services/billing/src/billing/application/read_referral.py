"""Use case: show a person the code that they invite by, and what came of it."""

import base64
import hashlib
from dataclasses import dataclass

from billing.application.require_staying import require_standing
from billing.domain.errors import ReferralsOff
from billing.domain.identifiers import ReferralCode, UserId
from billing.domain.referral import ReferralTerms
from billing.ports.clock import Clock
from billing.ports.id_source import IdSource
from billing.ports.unit_of_work import UnitsOfWork

CODE_LENGTH = 8
_TRIES_MAX = 5


@dataclass(frozen=True, kw_only=True)
class ReferralStanding:
    """A person's code, how many came by it, for how many there was a reward, and what that is."""

    code: ReferralCode
    came: int
    rewarded: int
    terms: ReferralTerms


@dataclass(frozen=True)
class ReadReferralHandler:
    """Makes the code when it is first asked for."""

    units: UnitsOfWork
    terms: ReferralTerms
    clock: Clock
    ids: IdSource

    async def __call__(self, user_id: UserId) -> ReferralStanding:
        """Return it; the code is the same for ever. Raises ReferralsOff, AccountGone."""
        if not self.terms.is_on:
            raise ReferralsOff("nobody is rewarded for inviting here")
        # Every account's: whether a code is taken is no secret of one.
        async with self.units.of_system() as work:
            await require_standing(work, user_id)
            for _ in range(_TRIES_MAX):
                code = await work.add_referral_code(user_id, self._new_code(), now=self.clock.now())
                if code is not None:
                    came, rewarded = await work.referral_counts(user_id)
                    return ReferralStanding(code=code, came=came, rewarded=rewarded, terms=self.terms)
        raise RuntimeError(f"no code was free in {_TRIES_MAX} tries")

    def _new_code(self) -> ReferralCode:
        """Return a code that says nothing of the account."""
        digest = hashlib.sha256(self.ids.new("inv").encode()).digest()
        return ReferralCode(base64.b32encode(digest).decode()[:CODE_LENGTH])
