"""Invitations, where inviting is rewarded."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.answers.referral import ClaimedReferral, Referral
from gateway.adapters.inbound.rest.bodies import Body
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.reasons import refuses
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1/referral", tags=["billing"], route_class=JsonRoute)


class ClaimBody(Body):
    """Whose invitation it was."""

    code: Annotated[str, Field(min_length=1, max_length=40, examples=["K7Q2MX4D"])]
    """The inviter's code, in capitals or not."""


@router.get("", dependencies=[per_user(Limit.READS)], responses=refuses({404: ("REFERRALS_OFF",)}))
async def read_referral(principal: CurrentPrincipal, deps: CurrentDeps) -> Referral:
    """Read the caller's code to invite by, and what came of it."""
    return Referral.of(await deps.billing.referral(principal.user_id), public_url=deps.web.public_url)


@router.post(
    "/claim",
    # As few as checkouts: nobody finds a code by trying.
    dependencies=[per_user(Limit.CHECKOUT)],
    responses=refuses(
        {
            404: ("REFERRALS_OFF", "UNKNOWN_REFERRAL_CODE"),
            409: ("REFERRAL_REFUSED", "REFERRAL_CLAIMED_BEFORE", "REFERRAL_TOO_LATE"),
        }
    ),
)
async def claim_referral(body: ClaimBody, principal: CurrentPrincipal, deps: CurrentDeps) -> ClaimedReferral:
    """Note by whose invitation the caller came.

    Once, and before the caller's first payment. The same code again is answered alike. Both get their credits
    once the first payment has stayed for a while; if any of it goes back before, nobody does.
    """
    return ClaimedReferral.of(await deps.billing.claim_referral(principal.user_id, code=body.code))
