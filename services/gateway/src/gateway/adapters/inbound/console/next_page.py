"""Where a person wanted to be before signing in: kept in forms and links, and in a cookie across mails."""

from urllib.parse import quote, unquote

from fastapi import Request
from fastapi.responses import Response

from gateway.adapters.inbound.console.page import local_path
from gateway.adapters.inbound.deps import Deps

HOME = "/generate"
_COOKIE = "tintype_next"
_KEPT_S = 3_600


def remember_next(response: Response, deps: Deps, page: str) -> None:
    """Keep a page for an hour: a mailed link is followed in the same browser, and can't say it itself."""
    page = local_path(page, otherwise=HOME)
    if page != HOME:
        response.set_cookie(
            _COOKIE, quote(page), max_age=_KEPT_S, httponly=True, secure=deps.web.is_https, samesite="lax"
        )


def remembered_next(request: Request, *, otherwise: str) -> str:
    """Return the page that was kept, which is always one of ours."""
    return local_path(unquote(request.cookies.get(_COOKIE, "")), otherwise=otherwise)


def forget_next(response: Response) -> None:
    """Forget the page: the person has been led there."""
    response.delete_cookie(_COOKIE)
