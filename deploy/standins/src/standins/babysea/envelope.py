"""BabySea's two envelopes, with the headers that every answer has."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse, Response


class BabySeaError(Exception):
    """A refusal as the API phrases it; `kind` is what it calls the type."""

    def __init__(
        self, status: int, code: str, kind: str, message: str, *, retryable: bool = False, **more: Any
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"code": code, "type": kind, "message": message, "retryable": retryable, **more}

    def response(self, headers: Mapping[str, str] | None = None) -> Response:
        """Render the envelope."""
        body = {"status": "error", "request_id": _request_id(), "error": self.error}
        return JSONResponse(body, self.status, headers=dict(headers or {}))


def success(told: Any, message: str, *, status: int = 200, **more: Any) -> Response:
    """Render the envelope of an answer."""
    body = {"status": "success", "request_id": _request_id(), "message": message, "timestamp": now(), **more}
    return JSONResponse({**body, "data": told}, status)


def problem(status: int, retry_after_s: int | None = None) -> Response:
    """Render an error of this status that has nothing to do with what was asked."""
    error = ORDERED.get(status) or BabySeaError(
        status, "BSE5000", "internal_error", "Something went wrong.", retryable=True
    )
    return error.response({} if retry_after_s is None else {"retry-after": str(retry_after_s)})


def now() -> str:
    """Return the time as BabySea writes it."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def not_found(what: str) -> BabySeaError:
    """Return the refusal of what is not there."""
    return BabySeaError(404, "BSE3001", "not_found", f"{what} not found.")


def invalid(message: str) -> BabySeaError:
    """Return the refusal of a body."""
    return BabySeaError(400, "BSE2001", "validation_error", message)


def unpaid() -> BabySeaError:
    """Return the refusal of an account without credits."""
    message = "Insufficient credits. Add credits to continue."
    return BabySeaError(402, "BSE1004", "insufficient_credits", message)


def _request_id() -> str:
    return f"req_{secrets.token_hex(12)}"


ORDERED = {
    401: BabySeaError(401, "BSE1001", "unauthorized", "Invalid API key."),
    402: unpaid(),
    429: BabySeaError(429, "BSE1003", "rate_limit_exceeded", "Too many requests.", retryable=True),
    503: BabySeaError(503, "BSE5003", "service_unavailable", "Try again shortly.", retryable=True),
}


@dataclass
class Window:
    """Requests of the minute that it is."""

    limit: int
    minute: int = 0
    taken: int = 0

    def take(self, at: float) -> dict[str, str]:
        """Count a request and return the headers that say so; there may be none left."""
        minute = int(at // 60)
        if minute != self.minute:
            self.minute, self.taken = minute, 0
        self.taken += 1
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(max(0, self.limit - self.taken)),
            "x-ratelimit-reset": str((minute + 1) * 60),
        }
