"""The headers of answers, as they are described."""

from typing import Any

from fastapi.routing import APIRoute

from gateway.adapters.inbound.problems import REPLAYED
from gateway.adapters.inbound.rest.parameters import idempotency_key
from gateway.adapters.inbound.rest.prefer import PREFERENCE_APPLIED, preferred_wait_s
from gateway.adapters.inbound.rest.reasons import asks, is_counted

_RATE_LIMIT = ("RateLimit", "RateLimit-Policy")


def _header(description: str, example: str, **schema: Any) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string", **schema}, "example": example}


HEADERS: dict[str, dict[str, Any]] = {
    "RateLimit": _header(
        "What is left of the limit: `r` calls, and `t` seconds until it begins anew.", '"reads";r=2999;t=60'
    ),
    "RateLimit-Policy": _header("The limit: `q` calls in `w` seconds.", '"reads";q=3000;w=60'),
    "Retry-After": {
        "description": "Seconds after which the same request may succeed.",
        "schema": {"type": "integer", "minimum": 1},
        "example": 1,
    },
    REPLAYED: _header("The answer is that of an earlier request with the same key.", "true", const="true"),
    PREFERENCE_APPLIED: _header("How many seconds the answer was waited for, at most.", "wait=30"),
    "Location": _header(
        "Where what was made is read, or where the browser is sent.", "/v1/generations/gen_019324a1"
    ),
    "WWW-Authenticate": _header("How to say who is calling.", "Bearer", const="Bearer"),
    "Content-Disposition": _header("By which name to save it.", 'attachment; filename="a.csv"'),
}


def headers_of(route: APIRoute, status: int) -> dict[str, Any]:
    """Return the headers that an answer with this status may have."""
    names = list(_RATE_LIMIT) if is_counted(route) else []
    if asks(route, idempotency_key):
        if status < 300:
            names += [REPLAYED, "Location"]
        elif status == 402:
            names.append(REPLAYED)
    if status < 300 and asks(route, preferred_wait_s):
        names.append(PREFERENCE_APPLIED)
    if status == 303:
        names.append("Location")
    if status == 401:
        names.append("WWW-Authenticate")
    if status in (429, 503, 504):
        names.append("Retry-After")
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
