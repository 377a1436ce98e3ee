"""Sign-in by a provider's word: there, back, and the links that it leaves."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal, PrincipalIfAny
from gateway.adapters.inbound.client import client_of
from gateway.adapters.inbound.fresh_proof import FRESH_PROOF
from gateway.adapters.inbound.limited import per_address, per_user
from gateway.adapters.inbound.rest.answers.session import Session
from gateway.adapters.inbound.rest.answers.sign_in import (
    BegunSignIn,
    SignInLink,
    SignInMethods,
    SignInOptions,
    WaitingLink,
)
from gateway.adapters.inbound.rest.bodies import Body, Token
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.reasons import Reasons, refuses
from gateway.adapters.inbound.sign_in_cookie import forget_flow, keep_flow, kept_flow
from gateway.domain.errors import Unauthenticated
from gateway.domain.identifiers import LinkId, ProviderId
from gateway.domain.sign_in import LinkWaits
from gateway.ports.rate_limits import Limit

router = APIRouter(tags=["auth"], route_class=JsonRoute)

_TEXT_LENGTH_MAX = 4_096
_ID_LENGTH_MAX = 64
# Where the console finishes for people: see console/oauth.py.
CONSOLE_BACK = "/login/with/{provider}/back"
ProviderName = Annotated[
    str, Path(description="A provider's name.", examples=["google"], pattern="^[a-z][a-z0-9-]{0,31}$")
]
LinkPath = Annotated[str, Path(description="A link's id.", examples=["lnk_019324a1b2c37def8a9b0c1d2e3f4a66"])]
Told = Annotated[str | None, Query(max_length=_TEXT_LENGTH_MAX, description="As the provider tells it.")]
_ON: dict[int | str, dict[str, Any]] = {303: {"description": "On to where the browser is sent."}}
_AWAY: Reasons = {404: ("SIGN_IN_PROVIDER_NOT_FOUND",), 503: ("SIGN_IN_PROVIDER_UNAVAILABLE",)}
_REFUSED: Reasons = {
    **_AWAY,
    401: ("SIGN_IN_REFUSED", "SECOND_FACTOR_REQUIRED"),
    403: (
        "SIGN_IN_DECLINED",
        "PROVIDER_EMAIL_UNVERIFIED",
        "USER_DISABLED",
        "SIGN_UP_CLOSED",
        "INVITATION_REQUIRED",
    ),
    409: ("IDENTITY_LINKED_ELSEWHERE",),
    422: ("SIGN_IN_STATE_INVALID", "EMAIL_DOMAIN_NOT_ALLOWED"),
    429: ("TOO_MANY_ATTEMPTS",),
}


@router.get("/v1/auth/options", dependencies=[per_address(Limit.AUTH)], responses=refuses({}))
async def read_options(deps: CurrentDeps) -> SignInOptions:
    """Say by whose word people sign in here, and who may sign up."""
    return SignInOptions.of(await deps.sign_in_options.now())


@router.get(
    "/v1/auth/oauth/{provider}/start",
    dependencies=[per_address(Limit.AUTH)],
    response_model=BegunSignIn,
    responses={**_ON, **refuses({**_AWAY, 401: ("UNAUTHENTICATED",)})},
)
async def start_oauth(
    response: Response,
    provider: ProviderName,
    deps: CurrentDeps,
    principal: PrincipalIfAny,
    redirect: Annotated[bool, Query(description="Whether to send the browser on, or only say where.")] = True,
    link: Annotated[bool, Query(description="Whether the caller, signed in, wants another way in.")] = False,
) -> Any:
    """Send the browser to a provider: authorization code, PKCE (S256), state and nonce.

    It sets a cookie, without which the provider's answer counts for nothing; both are good for ten minutes.
    """
    if link and (principal is None or principal.key is not None):
        raise Unauthenticated("Log in, or send an access token.")
    user_id = principal.user_id if link and principal else None
    begun = await deps.sign_in.begin(ProviderId(provider), user_id=user_id)
    url = begun.authorization_url
    answer = RedirectResponse(url, status_code=303) if redirect else response
    keep_flow(answer, deps, begun.browser_secret, wanted=None)
    return answer if redirect else BegunSignIn(authorization_url=url)


@router.get(
    "/v1/auth/oauth/{provider}/callback",
    dependencies=[per_address(Limit.AUTH)],
    response_model=Session,
    responses={202: {"model": WaitingLink, "description": "To be linked."}, **_ON, **refuses(_REFUSED)},
)
async def finish_oauth(
    request: Request,
    response: Response,
    provider: ProviderName,
    deps: CurrentDeps,
    state: Told = None,
    code: Told = None,
    error: Told = None,
) -> Any:
    """Open a session by what a provider says, once, in the browser that began.

    Somebody new gets an account with the address that the provider vouches for. Where the address has an
    account, 202: its owner signs in as before, and links. What the console began ends in the console.
    """
    secret, wanted = kept_flow(request, deps)
    if wanted is not None or (not secret and "text/html" in request.headers.get("accept", "")):
        path = CONSOLE_BACK.format(provider=quote(provider))
        return RedirectResponse(f"{path}?{request.url.query}", status_code=303)
    completed = await deps.sign_in.complete(
        ProviderId(provider),
        state=state or "",
        code=None if error else code,
        browser_secret=secret,
        client=client_of(request),
    )
    if isinstance(completed, LinkWaits):
        waits = WaitingLink(link_token=completed.token, email=completed.email)
        # Of another schema than the answer that FastAPI makes.
        told = JSONResponse(waits.model_dump(mode="json"), status_code=202)
        forget_flow(told, deps)
        return told
    forget_flow(response, deps)
    return Session.of(completed)


class Link(Body):
    """What waits to be linked."""

    link_token: Token


@router.get(
    "/v1/me/sign-in",
    tags=["account"],
    dependencies=[per_user(Limit.READS)],
    responses=refuses({404: ("USER_NOT_FOUND",)}),
)
async def read_methods(principal: CurrentPrincipal, deps: CurrentDeps) -> SignInMethods:
    """Say how the caller signs in."""
    return SignInMethods.of(await deps.sign_in.methods(principal.user_id))


@router.post(
    "/v1/me/sign-in/links",
    tags=["account"],
    status_code=201,
    dependencies=[per_user(Limit.CHANGES), FRESH_PROOF],
    responses=refuses(
        {
            403: ("USER_DISABLED",),
            404: ("LINK_EXPIRED",),
            409: ("IDENTITY_LINKED_ELSEWHERE", "PROVIDER_LINKED_ALREADY", "EMAIL_NOT_CONFIRMED"),
        }
    ),
)
async def create_link(body: Link, principal: CurrentPrincipal, deps: CurrentDeps) -> SignInLink:
    """Let what waits open the caller's account from now on, which a mail tells of.

    It takes a sign-in or a step-up (`POST /v1/auth/step-up`) within the last ten minutes.
    """
    return SignInLink.of(await deps.sign_in.link(principal.user_id, body.link_token))


@router.delete(
    "/v1/me/sign-in/links/{link}",
    tags=["account"],
    status_code=204,
    dependencies=[per_user(Limit.CHANGES), FRESH_PROOF],
    responses=refuses({404: ("LINK_NOT_FOUND",), 409: ("LAST_WAY_TO_SIGN_IN",)}),
)
async def delete_link(link: LinkPath, principal: CurrentPrincipal, deps: CurrentDeps) -> Response:
    """Let it open the account no longer, which a mail tells of; never the last way in.

    It takes a sign-in or a step-up (`POST /v1/auth/step-up`) within the last ten minutes.
    """
    await deps.sign_in.unlink(principal.user_id, LinkId(link[:_ID_LENGTH_MAX]))
    return Response(status_code=204)
