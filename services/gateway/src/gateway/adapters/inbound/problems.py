"""Every refusal as `application/problem+json` (RFC 9457): one table, one shape."""

import secrets
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from chassis.telemetry import current_trace_id
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from gateway.adapters.inbound.rest.answers.price import Price
from gateway.adapters.inbound.rest.answers.problem import (
    FIELDS_MAX,
    MEDIA_TYPE,
    ChangedPrice,
    CodeNeeded,
    InvalidField,
    Problem,
    TooFewCredits,
)
from gateway.domain import errors
from gateway.domain.errors import FieldProblem, GatewayError

log = structlog.get_logger(__name__)

# Where links lead: see console/shares.py.
SHARED = "/s/"
REPLAYED = "Idempotency-Replayed"

STATUSES: Mapping[type[GatewayError], int] = {
    errors.MalformedRequest: 400,
    errors.InvalidRequest: 422,
    errors.TooLarge: 413,
    errors.UnsupportedMediaType: 415,
    errors.RangeNotSatisfiable: 416,
    errors.Unauthenticated: 401,
    errors.SecondFactorRequired: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.InsufficientCredits: 402,
    errors.Conflict: 409,
    errors.PriceChanged: 409,
    errors.IdempotencyKeyReused: 422,
    errors.RateLimited: 429,
    errors.Unavailable: 503,
    errors.OutOfOrder: 503,
    errors.GenerationFailed: 502,
    errors.WaitOver: 504,
    errors.TimedOut: 504,
    errors.InternalFailure: 500,
}

# What the framework itself refuses.
_REASONS = {
    400: "MALFORMED_REQUEST",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "BODY_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
}


def problem(
    status: int,
    *,
    reason: str,
    detail: str,
    fields: Sequence[FieldProblem] = (),
    headers: Mapping[str, str] | None = None,
    kind: type[Problem] = Problem,
    **more: Any,
) -> JSONResponse:
    """One problem document; `more` are the members that its kind adds."""
    if fields:
        more["errors"] = [
            InvalidField(field=field.field, detail=field.detail) for field in fields[:FIELDS_MAX]
        ]
    # Without telemetry there is no trace; the id still ties the answer to the log line.
    trace_id = current_trace_id() or secrets.token_hex(16)
    body = kind.of(status, reason=reason, detail=detail, trace_id=trace_id, **more)
    told = body.model_dump(mode="json", exclude_unset=True)
    return JSONResponse(told, status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def problem_of(refusal: GatewayError) -> JSONResponse:
    """Return the problem document of a refusal."""
    kind: type[Problem] = Problem
    more: dict[str, Any] = {}
    headers = retry_headers(refusal)
    if isinstance(refusal, errors.InsufficientCredits):
        kind = TooFewCredits
        more = {
            "balance": refusal.balance_credits,
            "required": refusal.required_credits,
            "generation_id": refusal.generation_id or None,
            "decided_at": refusal.decided_at,
        }
        if refusal.replayed:
            headers[REPLAYED] = "true"
    if isinstance(refusal, errors.PriceChanged) and refusal.price is not None:
        kind, more = ChangedPrice, {"price": Price.of(refusal.price)}
    if isinstance(refusal, errors.SecondFactorRequired):
        kind, more = CodeNeeded, {"challenge": refusal.challenge}
    if isinstance(refusal, errors.RangeNotSatisfiable):
        headers["Content-Range"] = f"bytes */{refusal.size_bytes}"
    if isinstance(refusal, errors.Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return problem(
        status_of(refusal),
        reason=refusal.reason,
        detail=refusal.detail,
        fields=refusal.fields,
        headers=headers,
        kind=kind,
        **more,
    )


def status_of(refusal: GatewayError) -> int:
    """Return the HTTP status of a refusal."""
    return next(STATUSES[kind] for kind in type(refusal).__mro__ if kind in STATUSES)


def retry_headers(refusal: GatewayError) -> dict[str, str]:
    """When the same request may succeed; nothing where it may have been done after all."""
    if refusal.may_have_begun:
        return {}
    match refusal:
        case errors.RateLimited():
            return {"Retry-After": str(max(1, refusal.retry_after_s))}
        case errors.Unavailable() | errors.TimedOut():
            return {"Retry-After": "1"}
        case _:
            return {}


def record_bug(request_path: str, failure: BaseException) -> None:
    """Keep what went wrong on our side where we look for it."""
    log.error("unexpected error", path=loggable(request_path), exc_info=failure)


def loggable(path: str) -> str:
    """Return a path without what opens something: a link's token is nobody's but its holders'."""
    return f"{SHARED}{{token}}" if path.startswith(SHARED) else path


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every refusal of the app with its problem document."""
    app.add_exception_handler(GatewayError, _refused)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(HTTPException, _not_served)


async def _refused(_request: Request, refusal: Exception) -> JSONResponse:
    assert isinstance(refusal, GatewayError)  # noqa: S101 - as registered
    return problem_of(refusal)


async def _not_served(_request: Request, refusal: Exception) -> JSONResponse:
    assert isinstance(refusal, HTTPException)  # noqa: S101 - as registered
    status = refusal.status_code
    reason = _REASONS.get(status, HTTPStatus(status).name)
    detail = refusal.detail if refusal.detail != HTTPStatus(status).phrase else _DETAILS.get(status, "")
    return problem(
        status, reason=reason, detail=detail or HTTPStatus(status).phrase + ".", headers=refusal.headers
    )


_DETAILS = {
    404: "There is nothing at this address.",
    405: "This address does not know that method.",
}


async def _not_valid(_request: Request, refusal: Exception) -> JSONResponse:
    assert isinstance(refusal, RequestValidationError)  # noqa: S101 - as registered
    return problem_of(unreadable(refusal))


def unreadable(refusal: RequestValidationError) -> GatewayError:
    """Return what is wrong with a request, by place; never what it says there, which may be a secret."""
    if any(error["type"] == "json_invalid" for error in refusal.errors()):
        return errors.MalformedRequest("The body is no JSON.", reason="MALFORMED_JSON")
    fields = [FieldProblem(_place(error["loc"]), str(error["msg"])) for error in refusal.errors()]
    return errors.InvalidRequest("The request breaks a rule.", fields=fields)


def _place(location: Sequence[object]) -> str:
    parts = [str(part) for part in location]
    if parts and parts[0] in ("body", "query", "path", "header", "cookie"):
        parts = parts[1:]
    return ".".join(parts)[:200] or "body"
