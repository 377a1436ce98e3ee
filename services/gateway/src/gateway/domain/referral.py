"""Invitations: what somebody invites by, and what came of it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Referral:
    """Somebody's code, how many came by it, for how many there was a reward, and what that is.

    `hold_days` is how long the invited's first payment has to stay before.
    """

    code: str
    came: int
    rewarded: int
    inviter_credits: int
    invited_credits: int
    hold_days: int


@dataclass(frozen=True, kw_only=True)
class ClaimedReferral:
    """By which code somebody came, and since when that is noted."""

    code: str
    claimed_at: datetime
