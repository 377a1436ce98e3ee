"""fal's errors: of the platform a sentence and a kind, of a model a list of what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

LOCKED = "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."
WORDS = {
    401: "Cannot access application. Authentication is required to access this application.",
    403: LOCKED,
    404: "Request not found",
    405: "Method Not Allowed",
    429: "Too many requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


@dataclass(frozen=True)
class RunError:
    """How a request failed: what its result is answered with."""

    status: int
    body: Mapping[str, Any]
    retryable: bool = False
    # Set where the platform failed, and not the model.
    error_type: str | None = None

    @property
    def words(self) -> str:
        """What its status, and its webhook, say."""
        detail = self.body["detail"]
        return detail if isinstance(detail, str) else f"Invalid status code: {self.status}"

    def answer(self) -> Response:
        """Return the answer to whoever asks for the result."""
        headers = {"x-fal-retryable": str(self.retryable).lower()}
        if self.error_type:
            headers["x-fal-error-type"] = self.error_type
        return JSONResponse(self.body, self.status, headers=headers)


def problem(status: int, retry_after_s: int | None = None) -> Response:
    """Return a refusal as the queue words it; who has no money there is locked out."""
    status = 403 if status == 402 else status
    headers = {} if retry_after_s is None else {"retry-after": str(retry_after_s)}
    return JSONResponse({"detail": WORDS.get(status, "Bad Request")}, status, headers=headers)


def model_error(status: int, kind: str, words: str, *, field: str | None = None) -> RunError:
    """Return the error of a model: of one field, or of the whole body."""
    place = ["body"] if field is None else ["body", field]
    wrong = {"loc": place, "msg": words, "type": kind, "url": f"https://docs.fal.ai/errors#{kind}"}
    return RunError(status, {"detail": [wrong]}, retryable=status >= 500)


FAILED = model_error(500, "internal_server_error", "Internal server error")
REFUSED = model_error(
    422, "content_policy_violation", "The content was flagged by a content checker.", field="prompt"
)
CANCELLED = RunError(
    499,
    {"detail": "The request was cancelled", "error_type": "client_cancelled"},
    error_type="client_cancelled",
)
