"""Refusals as FastAPI words them, which ComfyDeploy is made of."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response

WORDS = {
    401: "Invalid or expired token",
    402: "Insufficient credit: please top up your account",
    404: "Run not found",
    429: "Too many requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def problem(status: int, retry_after_s: int | None = None, detail: Any = None) -> Response:
    """Render a refusal of this status."""
    headers = {} if retry_after_s is None else {"retry-after": str(retry_after_s)}
    return JSONResponse({"detail": detail or WORDS.get(status, "Error")}, status, headers=headers)


def invalid(place: str, message: str) -> Response:
    """Render the refusal of a body, naming the place in it."""
    return problem(422, detail=[{"type": "value_error", "loc": ["body", *place.split(".")], "msg": message}])
