"""Who calls: an access token or an API key in the Authorization header, or the console's cookie session.

A request of the API with either never looks at the cookie. A page looks at nothing else: what comes beside
its cookie may be somebody else's. A key does what its scopes name (key_scopes.py). A cookie alone is not
enough for a method that changes something: it also needs the session's CSRF token and an Origin (or Referer)
that is ours.
"""

import hmac
from typing import Annotated

from fastapi import Depends, Request

from gateway.adapters.inbound.client import client_of
from gateway.adapters.inbound.deps import Deps, asked_deps
from gateway.adapters.inbound.key_scopes import require_scopes
from gateway.domain.console_session import ConsoleSession
from gateway.domain.errors import Forbidden, GatewayError, Unauthenticated
from gateway.domain.origin import origin
from gateway.domain.user import Principal

CSRF_HEADER = "x-csrf-token"
CSRF_FIELD = "csrf_token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
KEY_PREFIX = "tt_live_"
_SESSION = "console_session"
_TOKEN_LENGTH_MAX = 4_096
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_API = ("/v1/", "/openai/")


async def current_session(
    request: Request, deps: Annotated[Deps, Depends(asked_deps)]
) -> ConsoleSession | None:
    """Return the console session behind the request's cookie, or None; for the console's own pages."""
    # Asked by several parts of one request, looked up once.
    if not hasattr(request.state, _SESSION):
        cookie = request.cookies.get(deps.web.cookie_name)
        found = await deps.resume_session(cookie, client_of(request)) if cookie else None
        setattr(request.state, _SESSION, found)
    session: ConsoleSession | None = getattr(request.state, _SESSION)
    return session


async def current_principal(request: Request, deps: Annotated[Deps, Depends(asked_deps)]) -> Principal:
    """Whom the request speaks for. Raises Unauthenticated, and Forbidden for a forged form."""
    header = request.headers.get("authorization")
    if header is not None and request.url.path.startswith(_API):
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token or len(token) > _TOKEN_LENGTH_MAX:
            raise Unauthenticated("The Authorization header holds no bearer token.", reason="INVALID_TOKEN")
        if token.startswith(KEY_PREFIX):
            return await _keys_principal(request, deps, token.strip())
        principal = await deps.tokens.verify(token.strip())
        await deps.open_sessions.require(principal)
        return principal
    session = await current_session(request, deps)
    if session is None:
        raise Unauthenticated("Log in, or send an access token.")
    await require_csrf(request, deps, session)
    return session.principal()


async def _keys_principal(request: Request, deps: Deps, text: str) -> Principal:
    principal = await deps.known_keys.principal(text)
    if principal.key is not None:
        require_scopes(request, principal.key)
    return principal


async def principal_if_any(request: Request, deps: Annotated[Deps, Depends(asked_deps)]) -> Principal | None:
    """Whom a request for what is public anyway speaks for; None for nobody, and who can't be known now."""
    try:
        return await current_principal(request, deps)
    except GatewayError:
        return None


async def require_csrf(request: Request, deps: Deps, session: ConsoleSession) -> None:
    """Raise Forbidden unless a request that changes something comes from our own page."""
    if request.method in SAFE_METHODS:
        return
    require_own_origin(request, deps)
    presented = request.headers.get(CSRF_HEADER, "")
    # Of the API no form is read here: its bodies are for whoever answers, as they come.
    is_form = request.headers.get("content-type", "").startswith(_FORMS)
    if not presented and is_form and not request.url.path.startswith(_API):
        field = (await request.form()).get(CSRF_FIELD, "")
        presented = field if isinstance(field, str) else ""
    if not hmac.compare_digest(presented.encode(), session.csrf_token.encode()):
        raise Forbidden("The form has expired. Load the page again.", reason="CSRF_TOKEN_INVALID")


def require_own_origin(request: Request, deps: Deps) -> None:
    """Raise Forbidden unless the browser says that the request comes from our own origin.

    Also guards the forms that have no session yet: log-in and sign-up.
    """
    source = request.headers.get("origin") or request.headers.get("referer") or ""
    if origin(source) is None or origin(source) != origin(deps.web.public_url):
        raise Forbidden("The request comes from another site.", reason="FOREIGN_ORIGIN")


CurrentPrincipal = Annotated[Principal, Depends(current_principal)]
PrincipalIfAny = Annotated[Principal | None, Depends(principal_if_any)]
CurrentSession = Annotated[ConsoleSession | None, Depends(current_session)]
CurrentDeps = Annotated[Deps, Depends(asked_deps)]
