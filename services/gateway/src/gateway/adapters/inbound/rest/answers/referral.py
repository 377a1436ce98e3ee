"""Invitations."""

from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import Answer, Credits, Moment, shown
from gateway.domain import referral as domain

Code = Annotated[str, shown("K7Q2MX4D", says="A code to invite by.")]


class Referral(Answer):
    """What the caller invites by, and what came of it."""

    code: Code
    """The caller's own; it is the same for ever."""
    link: Annotated[str, shown("https://app.example/invite/K7Q2MX4D")]
    """Where whoever is invited signs up."""
    came: Annotated[int, shown(3, minimum=0)]
    """How many came by it."""
    rewarded: Annotated[int, shown(1, minimum=0)]
    """For how many of them there was a reward."""
    inviter_credits: Annotated[Credits, shown(300)]
    """What the caller gets for each."""
    invited_credits: Annotated[Credits, shown(200)]
    """What each of them gets."""
    hold_days: Annotated[int, shown(7, minimum=0)]
    """How many days the first payment has to stay before both get their credits."""

    @classmethod
    def of(cls, referral: domain.Referral, *, public_url: str) -> Self:
        """Show invitations."""
        return cls(
            code=referral.code,
            link=link_of(referral.code, public_url),
            came=referral.came,
            rewarded=referral.rewarded,
            inviter_credits=referral.inviter_credits,
            invited_credits=referral.invited_credits,
            hold_days=referral.hold_days,
        )


class ClaimedReferral(Answer):
    """By whose invitation the caller came."""

    code: Code
    """The inviter's."""
    claimed_at: Moment
    """When it was noted."""

    @classmethod
    def of(cls, claimed: domain.ClaimedReferral) -> Self:
        """Show it."""
        return cls(code=claimed.code, claimed_at=claimed.claimed_at)


def link_of(code: str, public_url: str) -> str:
    """Return where a code leads."""
    return f"{public_url}/invite/{code}"
