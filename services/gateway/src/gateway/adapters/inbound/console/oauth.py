"""`/login/with/...`: a person is sent to a provider that vouches for them, and comes back.

The callback of the API leads back here what began here, so that people read pages and programs read JSON.
"""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import RedirectResponse, Response

from gateway.adapters.inbound.auth import CurrentDeps, CurrentSession
from gateway.adapters.inbound.client import client_of
from gateway.adapters.inbound.console.devices import remember_device
from gateway.adapters.inbound.console.next_page import HOME
from gateway.adapters.inbound.console.page import HtmlRoute, Session, go, local_path, set_session, show
from gateway.adapters.inbound.console.sign_in_methods import METHODS_PAGE, options_of, show_methods, words
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.limited import per_address
from gateway.adapters.inbound.sign_in_cookie import forget_flow, keep_flow, keep_link, kept_flow
from gateway.application.complete_sign_in import CompleteSignIn
from gateway.domain.console_session import ConsoleSession
from gateway.domain.errors import GatewayError, SecondFactorRequired
from gateway.domain.identifiers import ProviderId, UserId
from gateway.domain.sign_in import LinkWaits
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=HtmlRoute)
ProviderName = Annotated[str, Path(pattern="^[a-z][a-z0-9-]{0,31}$")]
Told = Annotated[str, Query(max_length=4_096)]


@router.get("/login/with/{provider}", dependencies=[per_address(Limit.AUTH)])
async def begin(
    request: Request,
    deps: CurrentDeps,
    session: CurrentSession,
    provider: ProviderName,
    next: str = HOME,  # noqa: A002
) -> Response:
    """Send the browser to the provider; whoever is signed in already is where they wanted to be."""
    wanted = local_path(next, otherwise=HOME)
    if session is not None:
        return go(wanted)
    return await _away(request, deps, None, ProviderId(provider), wanted)


@router.get("/account/sign-in/with/{provider}", dependencies=[per_address(Limit.AUTH)])
async def begin_link(
    request: Request, deps: CurrentDeps, session: Session, provider: ProviderName
) -> Response:
    """Send whoever is signed in to a provider, for another way in."""
    return await _away(request, deps, session, ProviderId(provider), METHODS_PAGE)


async def _away(
    request: Request, deps: Deps, session: ConsoleSession | None, provider_id: ProviderId, wanted: str
) -> Response:
    user_id: UserId | None = session.user_id if session else None
    try:
        begun = await deps.sign_in.begin(provider_id, user_id=user_id)
    except GatewayError as refusal:
        return await _refused(request, deps, session, refusal, wanted)
    response = RedirectResponse(begun.authorization_url, status_code=303)
    keep_flow(response, deps, begun.browser_secret, wanted=wanted)
    return response


@router.get("/login/with/{provider}/back", dependencies=[per_address(Limit.AUTH)])
async def back(
    request: Request,
    deps: CurrentDeps,
    session: CurrentSession,
    provider: ProviderName,
    state: Told = "",
    code: Told = "",
    error: Told = "",
) -> Response:
    """Open a session, or keep what is to be linked until its person has signed in, and go on."""
    secret, kept = kept_flow(request, deps)
    wanted = local_path(kept or HOME, otherwise=HOME)
    try:
        completed = await deps.complete_sign_in(
            CompleteSignIn(
                provider_id=ProviderId(provider),
                state=state,
                code=None if error else code or None,
                browser_secret=secret,
                client=client_of(request),
            )
        )
    except SecondFactorRequired as needed:
        page = await show(
            request,
            "login_code.html",
            challenge=needed.challenge,
            has_passkeys=needed.has_passkeys,
            next=wanted,
            options=await options_of(deps),
        )
        forget_flow(page, deps)
        return page
    except GatewayError as refusal:
        response = await _refused(request, deps, session, refusal, wanted)
        forget_flow(response, deps)
        return response
    if isinstance(completed, LinkWaits):
        # Who is signed in is there already; everybody else comes by the log-in.
        response = go(METHODS_PAGE if session else f"/login?next={quote(METHODS_PAGE)}")
        keep_link(response, deps, completed)
    else:
        response = go(wanted)
        set_session(response, deps, completed.cookie)
        remember_device(request, response, deps, completed.device_token)
    forget_flow(response, deps)
    return response


async def _refused(
    request: Request, deps: Deps, session: ConsoleSession | None, refusal: GatewayError, wanted: str
) -> Response:
    """Show why, where the person can begin again."""
    if session is not None:
        return await show_methods(request, deps, session, refusal=refusal)
    return await show(
        request,
        "login.html",
        refusal=refusal,
        problem=words(request, refusal),
        errors={},
        next=wanted,
        email="",
        options=await options_of(deps),
        waiting_email="",
    )
