"""Stripe's error object and the refusals that several resources share."""

from __future__ import annotations

from typing import Any

from standins.stripe.cards import Refusal

DOCS = "https://stripe.com/docs/error-codes/"


class StripeError(Exception):
    """A refusal as the API phrases it.

    `executed` says whether the endpoint had begun to run: only then does an idempotency key remember it.
    `kept` says whether what it did before it refused stays done.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        executed: bool = True,
        kept: bool = False,
        more: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.executed = executed
        self.kept = kept
        self.fields = {"type": kind, "code": code, "param": param, "message": message, **(more or {})}

    def body(self, request_id: str) -> dict[str, Any]:
        """Render the `{"error": ...}` object; absent fields are left out."""
        error = {name: value for name, value in self.fields.items() if value is not None}
        if code := self.fields["code"]:
            error["doc_url"] = DOCS + code.replace("_", "-")
        error["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}"
        return {"error": error}


def no_such(kind: str, object_id: str, *, param: str = "id", status: int = 400) -> StripeError:
    """Say that the object named by a parameter (400) or by the path (404) does not exist."""
    message = f"No such {kind}: '{object_id}'"
    return StripeError(message, status=status, code="resource_missing", param=param)


def invalid(message: str, param: str | None = None, code: str | None = None) -> StripeError:
    """Refuse a parameter that parses but cannot be accepted."""
    return StripeError(message, code=code, param=param)


def card_error(refusal: Refusal, *, kept: bool = False, **more: Any) -> StripeError:
    """Say that a bank refused a card: 402, and what was being paid in `payment_intent`."""
    fields = {"decline_code": refusal.decline_code, **more}
    return StripeError(
        refusal.message, status=402, kind="card_error", code=refusal.code, kept=kept, more=fields
    )
