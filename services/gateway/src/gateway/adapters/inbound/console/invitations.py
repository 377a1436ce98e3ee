"""`/invite/<code>`: where an invitation leads, and what somebody invites by."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps, CurrentSession
from gateway.adapters.inbound.console.languages import gettext_noop, language_of
from gateway.adapters.inbound.console.page import HtmlRoute, Session, go, show
from gateway.adapters.inbound.console.sign_in_methods import options_of
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.limited import count, per_address
from gateway.adapters.inbound.rest.answers.referral import link_of
from gateway.domain.errors import GatewayError, InvalidRequest, NotFound
from gateway.domain.identifiers import UserId
from gateway.domain.referral import Referral
from gateway.domain.sign_in import SignUpMode
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=HtmlRoute)
CODE_LENGTH_MAX = 40
PROBLEMS = {
    "UNKNOWN_REFERRAL_CODE": gettext_noop("Nobody invites by this code. Was the link cut off?"),
    "REFERRALS_OFF": gettext_noop("Invitations are over. You can use everything else."),
    "REFERRAL_REFUSED": gettext_noop("This is your own invitation, or comes from somebody you invited."),
    "REFERRAL_CLAIMED_BEFORE": gettext_noop("You have accepted another invitation before."),
    "REFERRAL_TOO_LATE": gettext_noop("Invitations are for people who have not bought anything yet."),
}


@router.get("/invite/{code}", dependencies=[per_address(Limit.READS)])
async def invitation(request: Request, deps: CurrentDeps, code: str, session: CurrentSession) -> Response:
    """Show the invitation; who is not signed in opens an account first, and comes back here."""
    # Nothing but letters and digits is in a code, or reaches an address.
    if not (code.isascii() and code.isalnum()) or len(code) > CODE_LENGTH_MAX:
        raise NotFound("There is no such page.")
    if session is None:
        # Who is invited to sign up has a link of another kind, and comes by this one afterwards.
        opens = (await options_of(deps)).sign_up is SignUpMode.OPEN
        return go(f"/{'signup' if opens else 'login'}?next=/invite/{code}")
    return await show(request, "invite.html", session=session, code=code)


@router.post("/invite")
async def accept(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    code: Annotated[str, Form(max_length=CODE_LENGTH_MAX)] = "",
) -> Response:
    """Accept an invitation; what is wrong with it is said in its place."""
    try:
        await count(request, deps.limits, Limit.CHECKOUT, session.user_id)
        await deps.billing.claim_referral(session.user_id, code=code)
    except GatewayError as refusal:
        said = PROBLEMS.get("UNKNOWN_REFERRAL_CODE" if refusal.fields else refusal.reason)
        if said is not None:
            refusal = InvalidRequest(language_of(request).say(said))
        return await show(request, "invite.html", session=session, refusal=refusal, code=code)
    return go("/billing", note="invited")


async def invitation_of(deps: Deps, user_id: UserId) -> tuple[Referral, str] | None:
    """Return what somebody invites by, with its link; None where nobody is rewarded, or nobody can say."""
    try:
        referral = await deps.billing.referral(user_id)
    except GatewayError:
        return None
    return referral, link_of(referral.code, deps.web.public_url)
