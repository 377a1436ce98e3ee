"""Replicate's refusals: problem documents."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response

NO_CREDIT = (
    "You have insufficient credit to run this model. Go to https://replicate.com/account/billing#billing "
    "to purchase credit."
)
WORDS = {
    401: ("Unauthenticated", "You did not pass a valid authentication token"),
    402: ("Insufficient credit", NO_CREDIT),
    404: ("Not found", "The requested resource could not be found."),
    429: (None, "Request was throttled. Expected available in 1 second."),
    500: ("Internal server error", "Internal server error"),
    503: ("Service unavailable", "Service is temporarily unavailable."),
}


def problem(
    status: int, retry_after_s: int | None = None, detail: str | None = None, **more: Any
) -> Response:
    """Return a refusal as Replicate words it."""
    title, words = WORDS.get(status, (None, "Unexpected error"))
    body: dict[str, Any] = {"detail": detail or words, "status": status, **more}
    if title:
        body["title"] = title
    headers = {}
    if retry_after_s is not None:
        body["retry_after"] = retry_after_s
        headers["retry-after"] = str(retry_after_s)
    return JSONResponse(body, status, headers=headers)


def invalid(field: str, kind: str, words: str) -> Response:
    """Return the refusal of an input that a model does not take."""
    return problem(
        422,
        detail=f"- {field}: {words}\n",
        title="Input validation failed",
        invalid_fields=[{"field": field, "type": kind, "description": words}],
    )
