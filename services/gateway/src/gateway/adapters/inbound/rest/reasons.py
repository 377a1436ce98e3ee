"""Which refusals an operation may answer with: its own, and those that follow from what it takes."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from gateway.adapters.inbound.acting import current_admin, current_staff
from gateway.adapters.inbound.auth import SAFE_METHODS, current_principal
from gateway.adapters.inbound.fresh_proof import fresh_proof
from gateway.adapters.inbound.key_scopes import SCOPES
from gateway.adapters.inbound.rest.parameters import own_idempotency_key

Reasons = Mapping[int, tuple[str, ...]]
"""The words of each status."""

UNKNOWN_USER: Reasons = {404: ("USER_NOT_FOUND",)}
"""Of what names a person."""
PASSKEY_ANSWERS: Reasons = {
    409: ("PASSKEYS_UNAVAILABLE",),
    422: (
        "PASSKEY_MALFORMED",
        "PASSKEY_CHALLENGE_ENDED",
        "PASSKEY_WRONG_ORIGIN",
        "PASSKEY_WRONG_SITE",
        "PASSKEY_USER_NOT_VERIFIED",
        "PASSKEY_REFUSED",
    ),
}
"""Of what takes an authenticator's answer."""
PASSKEY_USES: Reasons = {
    403: ("PASSKEY_COPIED", "USER_DISABLED"),
    409: PASSKEY_ANSWERS[409],
    422: (*PASSKEY_ANSWERS[422], "PASSKEY_UNKNOWN"),
}
"""Of what takes a use of a passkey."""

# The key under which FastAPI carries an operation's own reasons into its description.
OWN = "x-reasons"
_ALWAYS: Reasons = {
    413: ("BODY_TOO_LARGE",),
    415: ("UNSUPPORTED_CONTENT_ENCODING",),
    500: ("INTERNAL",),
    503: ("SERVICE_UNAVAILABLE",),
    504: ("TIMED_OUT",),
}
_COUNTED: Reasons = {429: ("RATE_LIMITED",), 503: ("RATE_LIMITS_UNAVAILABLE",)}
_WITH_BODY: Reasons = {
    400: ("MALFORMED_JSON", "NUMBER_OUT_OF_RANGE"),
    415: ("UNSUPPORTED_MEDIA_TYPE",),
    422: ("INVALID_REQUEST", "INVALID_FIELD"),
}
_WITH_PARAMETERS: Reasons = {422: ("INVALID_REQUEST", "INVALID_FIELD")}
_SIGNED_IN: Reasons = {
    401: ("UNAUTHENTICATED", "INVALID_TOKEN", "TOKEN_EXPIRED", "SESSION_ENDED", "INVALID_API_KEY"),
    503: ("SESSION_STATE_UNKNOWN", "API_KEY_STATE_UNKNOWN"),
}
_CHANGES_SIGNED_IN: Reasons = {403: ("CSRF_TOKEN_INVALID", "FOREIGN_ORIGIN")}
_STAFFS: Reasons = {403: ("NOT_STAFF",)}
_PROVEN: Reasons = {403: ("STEP_UP_REQUIRED",), 404: ("SESSION_NOT_FOUND",)}
_AN_ADMINS: Reasons = {403: ("NOT_AN_ADMIN",)}
_WITH_KEY: Reasons = {422: ("INVALID_IDEMPOTENCY_KEY", "IDEMPOTENCY_KEY_REUSED")}


def refuses(reasons: Reasons) -> dict[int | str, dict[str, Any]]:
    """Say which refusals an operation has beside those that follow from what it takes; for `responses`."""
    return {status: {"description": "", OWN: list(words)} for status, words in reasons.items()}


def reasons_of(route: APIRoute) -> Reasons:
    """All reasons that a route may refuse for, by status."""
    own = {int(status): tuple(said[OWN]) for status, said in route.responses.items() if OWN in said}
    parts: list[Reasons] = [own, _ALWAYS]
    if is_counted(route):
        parts.append(_COUNTED)
    if route.body_field is not None:
        parts.append(_WITH_BODY)
    if asks(route, current_principal):
        parts.append(_SIGNED_IN)
        parts.append({403: ("SCOPE_REQUIRED" if route.name in SCOPES else "KEYS_NOT_ADMITTED",)})
        if set(route.methods or ()) - SAFE_METHODS:
            parts.append(_CHANGES_SIGNED_IN)
    if asks(route, current_staff):
        parts.append(_STAFFS)
    if asks(route, fresh_proof):
        parts.append(_PROVEN)
    if asks(route, current_admin):
        parts.append(_AN_ADMINS)
    if asks(route, own_idempotency_key):
        parts.append(_WITH_KEY)
    if any(part.query_params or part.header_params for part in _dependants(route.dependant)):
        parts.append(_WITH_PARAMETERS)
    merged: dict[int, tuple[str, ...]] = {}
    for part in parts:
        for status, words in part.items():
            known = merged.get(status, ())
            merged[status] = (*known, *(word for word in words if word not in known))
    return dict(sorted(merged.items()))


def is_counted(route: APIRoute) -> bool:
    """Whether calls have a limit, which is told in headers: all but the payment processor's."""
    return route.path != "/webhooks/stripe"


def asks(route: APIRoute, dependency: Any) -> bool:
    """Whether a route's handler, or what it depends on, asks for this dependency."""
    return any(part.call is dependency for part in _dependants(route.dependant))


def _dependants(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for part in dependant.dependencies:
        yield from _dependants(part)
