"""Refusals as OpenAI writes its errors, so that its clients know them."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from gateway.adapters.inbound.problems import REPLAYED, retry_headers, status_of
from gateway.adapters.inbound.rest.answers.answer import Answer, shown
from gateway.domain.errors import (
    GatewayError,
    InsufficientCredits,
    MalformedRequest,
    NotFound,
    TooLarge,
    Unauthenticated,
    UnsupportedMediaType,
    WaitOver,
)

OPENAI = "/openai/"


def is_openai(route: APIRoute) -> bool:
    """Whether a route is for programs that speak OpenAI."""
    return route.path.startswith(OPENAI)


# Words that clients compare with; every other code is our reason in small letters.
CODES: Mapping[str, str] = MappingProxyType(
    {
        "INSUFFICIENT_CREDITS": "insufficient_quota",
        "INVALID_TOKEN": "invalid_api_key",
        "UNKNOWN_MODEL": "model_not_found",
        "RATE_LIMITED": "rate_limit_exceeded",
        "CONTENT_REFUSED": "content_policy_violation",
    }
)
# What asking again can't mend. OpenAI's clients repeat 409 and 5xx unless they are told.
_FINAL = frozenset({402, 409})


class OpenaiErrorDetail(Answer):
    """What was wrong."""

    message: Annotated[str, shown("There is no such model.")]
    """For people."""
    type: Annotated[str, shown("invalid_request_error")]
    """`invalid_request_error`, `insufficient_quota`, `rate_limit_error` or `server_error`."""
    param: Annotated[str | None, shown(None, "model")]
    """The field that it is about."""
    code: Annotated[str, shown("model_not_found")]
    """A stable word."""


class OpenaiError(Answer):
    """A refusal, as OpenAI writes it."""

    error: OpenaiErrorDetail


def openai_status(status: int) -> int:
    """Return the status that OpenAI's clients expect in place of one of ours."""
    return 400 if status == 422 else status


def openai_code(reason: str) -> str:
    """Return the word of a reason."""
    return CODES.get(reason, reason.lower())


def openai_type(status: int) -> str:
    """Return the kind of error that a status is."""
    match status:
        case 402:
            return "insufficient_quota"
        case 429:
            return "rate_limit_error"
        case _:
            return "invalid_request_error" if status < 500 else "server_error"


# What the form adds to the place of a value that may be of several kinds.
_KIND = re.compile(r"\.(str|(list|dict)\[.*\])$")


def error_body(refusal: GatewayError) -> OpenaiError:
    """Return what a refusal says, for an answer or for the last event of a stream."""
    field = refusal.fields[0] if refusal.fields else None
    param = _KIND.sub("", field.field) if field else _PARAMS.get(refusal.reason)
    said = f"{param}: {field.detail}" if field else refusal.detail
    return OpenaiError(
        error=OpenaiErrorDetail(
            message=said,
            type=openai_type(openai_status(status_of(refusal))),
            param=param,
            code=openai_code(refusal.reason),
        )
    )


_PARAMS = {"UNKNOWN_MODEL": "model", "MODEL_NOT_ALLOWED": "model", "ENTITLEMENT_REQUIRED": "model"}


def not_read(refusal: HTTPException) -> GatewayError:
    """Return what the framework refuses as a refusal of ours."""
    match refusal.status_code:
        case 404:
            return NotFound("There is nothing at this address.")
        case 405:
            return NotFound("This address does not know that method.")
        case 413:
            return TooLarge(refusal.detail)
        case 415:
            return UnsupportedMediaType(refusal.detail)
        case _:
            return MalformedRequest(refusal.detail)


def error_of(refusal: GatewayError) -> JSONResponse:
    """Return the answer to a request that is refused."""
    status = openai_status(status_of(refusal))
    headers = retry_headers(refusal)
    is_final = status in _FINAL and refusal.reason != "GENERATION_RUNNING"
    if is_final or isinstance(refusal, WaitOver) or refusal.may_have_begun:
        headers["x-should-retry"] = "false"
    if isinstance(refusal, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(refusal, InsufficientCredits):
        headers["x-tintype-balance"] = str(refusal.balance_credits)
        if refusal.replayed:
            headers[REPLAYED] = "true"
    return JSONResponse(error_body(refusal).model_dump(mode="json"), status_code=status, headers=headers)
