"""Cookies of a sign-in by a provider's word: what binds its answer to the browser, and what waits.

Neither opens anything by itself. Both come along when another site sends the browser here (SameSite=Lax).
"""

from urllib.parse import quote, unquote

from fastapi import Request
from fastapi.responses import Response

from gateway.adapters.inbound.deps import Deps
from gateway.domain.sign_in import LinkWaits

_FLOW_S, _LINK_S = 600, 3_600
# Never in a secret, nor in what is quoted.
_APART = "|"


def keep_flow(response: Response, deps: Deps, browser_secret: str, *, wanted: str | None) -> None:
    """Keep what an answer is bound to, with the console's page that it ends at, or None for a program."""
    kept = browser_secret if wanted is None else f"{browser_secret}{_APART}{quote(wanted, safe='')}"
    _set(response, deps, deps.web.sign_in_cookie_name, kept, _FLOW_S)


def kept_flow(request: Request, deps: Deps) -> tuple[str, str | None]:
    """Return the secret, empty where there is none, and the page; whose page it is has to be looked at."""
    secret, apart, wanted = request.cookies.get(deps.web.sign_in_cookie_name, "").partition(_APART)
    return secret, unquote(wanted) if apart else None


def forget_flow(response: Response, deps: Deps) -> None:
    """Forget it: an answer counts once."""
    _delete(response, deps, deps.web.sign_in_cookie_name)


def keep_link(response: Response, deps: Deps, waits: LinkWaits) -> None:
    """Keep what waits while its person signs in."""
    _set(
        response,
        deps,
        deps.web.link_cookie_name,
        f"{waits.token}{_APART}{quote(waits.email or '', safe='')}",
        _LINK_S,
    )


def kept_link(request: Request, deps: Deps) -> tuple[str | None, str]:
    """Return the token of what waits, or None, and the address of the account that it fits."""
    token, _, email = request.cookies.get(deps.web.link_cookie_name, "").partition(_APART)
    return token or None, unquote(email)


def forget_link(response: Response, deps: Deps) -> None:
    """Forget what waited."""
    _delete(response, deps, deps.web.link_cookie_name)


def _set(response: Response, deps: Deps, name: str, value: str, max_age_s: int) -> None:
    response.set_cookie(
        name, value, max_age=max_age_s, httponly=True, secure=deps.web.is_https, samesite="lax", path="/"
    )


def _delete(response: Response, deps: Deps, name: str) -> None:
    # Browsers take a change of a __Host- cookie only with all that it was set with.
    response.delete_cookie(name, httponly=True, secure=deps.web.is_https, samesite="lax", path="/")
