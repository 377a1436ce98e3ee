"""`/account/sign-in`: how a person signs in, and by whose word they could too."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.console.languages import language_of
from gateway.adapters.inbound.console.page import HtmlRoute, Session, go, show
from gateway.adapters.inbound.console.page import words as words_of
from gateway.adapters.inbound.console.sign_in_words import SIGN_IN_WORDS
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
    own = SIGN_IN_WORDS.get(refusal.reason)
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
    own = await deps.passkeys.of_user(session.user_id)
    linked = {link.provider_id for link in methods.links}
    problem: dict[str, Any] = {"problem": words(request, refusal), "errors": {}} if refusal else {}
    return await show(
        request,
        "sign_in_methods.html",
        session=session,
        refusal=refusal,
        methods=methods,
        passkeys=own.passkeys,
        last_link=None if own.passkeys else methods.last_link,
        providers=[each for each in await providers_of(deps) if each.provider_id not in linked],
        **problem,
    )
