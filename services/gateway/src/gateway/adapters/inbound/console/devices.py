"""The cookie by which identity knows a browser again (OWASP, "device cookies"): one token for each person.

It opens nothing. It outlives the session, so that strangers who guess the password don't keep its owner out.
"""

import re

from fastapi import Request
from fastapi.responses import Response

from gateway.adapters.inbound.deps import Deps

# People who share a browser; who signed in longest ago is forgotten first.
TOKENS_MAX = 4
_KEPT_S = 365 * 24 * 3600
_TOKEN = re.compile(r"[A-Za-z0-9._-]{1,800}")


def device_tokens(request: Request, deps: Deps) -> list[str]:
    """Return the tokens that the browser was given, newest first."""
    kept = request.cookies.get(deps.web.device_cookie_name, "")[:4_096].split("~")
    return [token for token in kept if _TOKEN.fullmatch(token)][:TOKENS_MAX]


def remember_device(request: Request, response: Response, deps: Deps, device_token: str | None) -> None:
    """Hand a new token to the browser beside those that it has; without a new one nothing changes."""
    if not device_token:
        return
    tokens = [device_token, *device_tokens(request, deps)][:TOKENS_MAX]
    response.set_cookie(
        deps.web.device_cookie_name,
        "~".join(tokens),
        max_age=_KEPT_S,
        httponly=True,
        secure=deps.web.is_https,
        samesite="strict",
        path="/",
    )
