"""`/account/sign-in`: how a person signs in, and by whose word they could too."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.console.languages import gettext_noop, language_of
from gateway.adapters.inbound.console.page import HtmlRoute, Session, go, show
from gateway.adapters.inbound.console.page import words as words_of
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.fresh_proof import FRESH_PROOF
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.sign_in_cookie import forget_link, kept_link
from gateway.domain.console_session import ConsoleSession
from gateway.domain.errors import Conflict, Forbidden, GatewayError, NotFound
from gateway.domain.identifiers import LinkId
from gateway.domain.sign_in import SignInOptions, SignInProvider
from gateway.ports.rate_limits import Limit

METHODS_PAGE = "/account/sign-in"
router = APIRouter(prefix=METHODS_PAGE, route_class=HtmlRoute)
_ID_LENGTH_MAX = 64
WORDS: Mapping[str, str] = {
    "EMAIL_NOT_CONFIRMED": gettext_noop("Confirm your email address first: a mail has the link."),
    "SIGN_IN_PROVIDER_NOT_FOUND": gettext_noop("There is no such way to sign in."),
    "SIGN_IN_PROVIDER_UNAVAILABLE": gettext_noop(
        "The service that you sign in with does not answer at the moment. Try again soon."
    ),
    "SIGN_IN_STATE_INVALID": gettext_noop(
        "This sign-in took too long, was finished before or began in another browser. Start again."
    ),
    "SIGN_IN_DECLINED": gettext_noop("The sign-in was cancelled. Nothing was changed."),
    "SIGN_IN_REFUSED": gettext_noop("It could not be confirmed who you are. Start again."),
    "PROVIDER_EMAIL_UNVERIFIED": gettext_noop(
        "The service that you sign in with has not confirmed your email address. Confirm it there, "
        "or create an account with a password."
    ),
    "IDENTITY_LINKED_ELSEWHERE": gettext_noop("This sign-in is linked with another account already."),
    "PROVIDER_LINKED_ALREADY": gettext_noop(
        "Your account is linked with another sign-in of the same service. Remove that first."
    ),
    "LINK_EXPIRED": gettext_noop("There is nothing to link any more. Start again."),
    "LAST_WAY_TO_SIGN_IN": gettext_noop("This is the only way into your account. Set a password first."),
    "SIGN_UP_CLOSED": gettext_noop("No new accounts can be opened here."),
    "INVITATION_REQUIRED": gettext_noop(
        "Accounts are by invitation. Use the link in the mail that you got, at the address it went to."
    ),
    "CAPTCHA_FAILED": gettext_noop("It could not be checked that you are a person. Try again."),
    "CAPTCHA_UNAVAILABLE": gettext_noop(
        "It can't be checked at the moment that you are a person. Try again soon."
    ),
    "EMAIL_DOMAIN_NOT_ALLOWED": gettext_noop("No account can be opened with an address of this domain."),
    "USER_DISABLED": gettext_noop("This account is disabled."),
}


async def options_of(deps: Deps) -> SignInOptions:
    """Return what is offered; nothing beside the form while nobody can say."""
    try:
        return await deps.sign_in_options.now()
    except GatewayError:
        return SignInOptions()


async def providers_of(deps: Deps) -> tuple[SignInProvider, ...]:
    """Return whose buttons a page has."""
    return (await options_of(deps)).providers


def words(request: Request, refusal: GatewayError) -> str:
    """Return what a person reads about a refusal, in their language."""
    own = WORDS.get(refusal.reason)
    return language_of(request).say(own) if own else words_of(request, refusal)


@router.get("", dependencies=[per_user(Limit.READS)])
async def methods(request: Request, deps: CurrentDeps, session: Session) -> Response:
    """Show them."""
    return await show_methods(request, deps, session)


@router.post("/link", dependencies=[per_user(Limit.CHANGES), FRESH_PROOF])
async def link(request: Request, deps: CurrentDeps, session: Session) -> Response:
    """Link what waits: whoever is signed in says that it is theirs."""
    token, _ = kept_link(request, deps)
    try:
        await deps.sign_in.link(session.user_id, token or "")
    except (Conflict, Forbidden, NotFound) as refusal:
        response = await show_methods(request, deps, session, refusal=refusal)
    else:
        response = go(METHODS_PAGE, note="linked")
    forget_link(response, deps)
    return response


@router.post("/discard", dependencies=[per_user(Limit.CHANGES)])
async def discard(deps: CurrentDeps, session: Session) -> Response:
    """Leave what waits unlinked."""
    response = go(METHODS_PAGE)
    forget_link(response, deps)
    return response


@router.post("/{link_id}/remove", dependencies=[per_user(Limit.CHANGES), FRESH_PROOF])
async def remove(request: Request, deps: CurrentDeps, session: Session, link_id: str) -> Response:
    """Let it open the account no longer; the last way in stays."""
    try:
        await deps.sign_in.unlink(session.user_id, LinkId(link_id[:_ID_LENGTH_MAX]))
    except Conflict as refusal:
        return await show_methods(request, deps, session, refusal=refusal)
    return go(METHODS_PAGE, note="unlinked")


async def show_methods(
    request: Request, deps: Deps, session: ConsoleSession, *, refusal: GatewayError | None = None
) -> Response:
    """Show how the person signs in, what waits to be linked, and whose word would do too."""
    token, _ = kept_link(request, deps)
    methods = await deps.sign_in.methods(session.user_id, link_token=token)
    linked = {link.provider_id for link in methods.links}
    problem: dict[str, Any] = {"problem": words(request, refusal), "errors": {}} if refusal else {}
    return await show(
        request,
        "sign_in_methods.html",
        session=session,
        refusal=refusal,
        methods=methods,
        providers=[each for each in await providers_of(deps) if each.provider_id not in linked],
        **problem,
    )
