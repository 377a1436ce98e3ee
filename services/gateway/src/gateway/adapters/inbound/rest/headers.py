"""The headers of answers, as they are described."""

from typing import Any

from fastapi.routing import APIRoute

from gateway.adapters.inbound.openai.errors import is_openai
from gateway.adapters.inbound.problems import REPLAYED
from gateway.adapters.inbound.rest.parameters import own_idempotency_key
from gateway.adapters.inbound.rest.prefer import PREFERENCE_APPLIED, preferred_wait_s
from gateway.adapters.inbound.rest.reasons import asks, is_counted

_OPENAI = (
    "x-request-id",
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
)
_BALANCE, _SHOULD_RETRY = "x-tintype-balance", "x-should-retry"
_CHARGED = ("x-tintype-generation", "x-tintype-credits-charged", _BALANCE)
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
    "x-request-id": _header(
        "The request's trace, by which support finds it.", "4bf92f3577b34da6a3ce929d0e0e4736"
    ),
    "x-ratelimit-limit-requests": _header("The limit, as OpenAI's clients look for it.", "120"),
    "x-ratelimit-remaining-requests": _header("What is left of it.", "119"),
    "x-ratelimit-reset-requests": _header("When it begins anew.", "60s"),
    _CHARGED[0]: _header("The generation that was run.", "gen_019324a1b2c37def8a9b0c1d2e3f4a5b"),
    _CHARGED[1]: _header("Credits that it cost; absent where that is not known yet.", "5"),
    _BALANCE: _header("Credits that are left.", "95"),
    _SHOULD_RETRY: _header(
        "That asking again does not help, or may cost a second time.", "false", const="false"
    ),
    "Content-Disposition": _header("By which name to save it.", 'attachment; filename="a.csv"'),
}


def headers_of(route: APIRoute, status: int) -> dict[str, Any]:
    """Return the headers that an answer with this status may have."""
    names = list(_RATE_LIMIT) if is_counted(route) else []
    if asks(route, own_idempotency_key):
        if status < 300:
            names += [REPLAYED] if is_openai(route) else [REPLAYED, "Location"]
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
    if is_openai(route):
        names += [*_OPENAI, *(_CHARGED if status < 300 and asks(route, own_idempotency_key) else ())]
        names += [_BALANCE] if status == 402 else []
        may_cost_twice = status in (429, 500, 503) and asks(route, own_idempotency_key)
        names += [_SHOULD_RETRY] if status in (402, 409, 504) or may_cost_twice else []
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
