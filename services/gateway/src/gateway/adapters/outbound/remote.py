"""Refusals of other services as refusals of ours: one place, by reason first and status second."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import ceil

import grpc
import structlog
from chassis.grpc_client import RemoteError, remote_error

from gateway.domain.errors import (
    Conflict,
    FieldProblem,
    Forbidden,
    GatewayError,
    IdempotencyKeyReused,
    InsufficientCredits,
    InternalFailure,
    InvalidRequest,
    MalformedRequest,
    NotFound,
    OutOfOrder,
    PriceChanged,
    RateLimited,
    SecondFactorRequired,
    TimedOut,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from gateway.domain.identifiers import GenerationId
from gateway.domain.price import Price

log = structlog.get_logger(__name__)

# Seconds for a question, and for a command that asks others or hashes a password.
READ_DEADLINE_S = 5.0
COMMAND_DEADLINE_S = 15.0
# A file comes as slowly as its sender sends it, which is bounded elsewhere, and is then looked at.
UPLOAD_DEADLINE_S = 3_900.0

_BY_REASON: Mapping[str, type[GatewayError]] = {
    "IDEMPOTENCY_KEY_REUSED": IdempotencyKeyReused,
    # No purchase helps.
    "KEY_LIMIT_REACHED": Forbidden,
    "UPLOAD_TOO_LARGE": TooLarge,
    "UPLOAD_BROKEN_OFF": MalformedRequest,
    "INVALID_SIGNATURE": MalformedRequest,
    "INVALID_WEBHOOK": MalformedRequest,
}
_OUT_OF_ORDER = frozenset({"PAYMENT_PROCESSOR_MISCONFIGURED"})
_BY_STATUS: Mapping[grpc.StatusCode, type[GatewayError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidRequest,
    grpc.StatusCode.OUT_OF_RANGE: InvalidRequest,
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
    grpc.StatusCode.PERMISSION_DENIED: Forbidden,
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.ALREADY_EXISTS: Conflict,
    grpc.StatusCode.FAILED_PRECONDITION: Conflict,
    grpc.StatusCode.ABORTED: Conflict,
}
# The names that the contracts use, as the public surface calls them.
_FIELDS = {
    "page_size": "limit",
    "page_token": "cursor",
    "model_id": "model",
    "model_ids": "models",
    "monthly_credits_max": "monthly_credit_limit",
    "pack_id": "pack",
    "kinds": "kind",
    "statuses": "status",
    "created_from": "from",
    "created_before": "to",
    "favourites_only": "favourite",
    "generation_ids": "generations",
    "idempotency_key": "Idempotency-Key",
    "credential_json": "passkey",
}


@contextmanager
def remote_calls(service: str) -> Iterator[None]:
    """Turn a failed call inside into a refusal of ours."""
    try:
        yield
    except grpc.aio.AioRpcError as failure:
        raise refusal(service, remote_error(failure)) from failure


def refusal(service: str, error: RemoteError) -> GatewayError:
    """Return what a failed call means to our caller."""
    match error.status:
        case grpc.StatusCode.UNAVAILABLE | grpc.StatusCode.CANCELLED:
            if error.reason in _OUT_OF_ORDER:
                return OutOfOrder(error.detail, reason=error.reason)
            # Without a reason the text is gRPC's own and names addresses.
            detail = error.detail if error.reason else f"The {service} service is not available right now."
            return Unavailable(detail, reason=error.reason or "SERVICE_UNAVAILABLE")
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return TimedOut(f"The {service} service took too long.")
    if not error.reason:
        # The service refused us, not our caller: a wrong token, a bug, a message too large.
        log.error("call failed", service=service, status=error.status.name, detail=error.detail)
        return InternalFailure()
    if error.reason == "INSUFFICIENT_CREDITS":
        return InsufficientCredits(
            error.detail,
            balance_credits=_whole(error.metadata.get("available")),
            required_credits=_whole(error.metadata.get("required")),
            generation_id=GenerationId(error.metadata.get("generation_id", "")),
            decided_at=error.metadata.get("decided_at"),
            replayed=error.metadata.get("replayed") == "true",
        )
    if error.reason == "SECOND_FACTOR_REQUIRED":
        return SecondFactorRequired(
            error.detail,
            challenge=error.metadata.get("challenge", ""),
            has_passkeys=error.metadata.get("has_passkeys") == "true",
        )
    if error.reason == "PRICE_CHANGED":
        return PriceChanged(error.detail, price=_price(error.metadata))
    if error.status is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return RateLimited(
            error.detail, retry_after_s=max(1, ceil(error.retry_after_s or 1)), reason=error.reason
        )
    kind = _BY_REASON.get(error.reason) or _BY_STATUS.get(error.status)
    if kind is None:
        log.error("call failed", service=service, status=error.status.name, reason=error.reason)
        return InternalFailure()
    return kind(_in_our_words(error.detail), reason=error.reason, fields=_fields(error))


def _fields(error: RemoteError) -> list[FieldProblem]:
    return [
        FieldProblem(_FIELDS.get(field, field), description.removeprefix(f"{field}: "))
        for field, description in error.field_violations
    ]


def _in_our_words(detail: str) -> str:
    for theirs, ours in _FIELDS.items():
        detail = detail.replace(f"{theirs}: ", f"{ours}: ")
    return detail


def _price(said: Mapping[str, str]) -> Price | None:
    """Return what it costs by now; None from a billing that does not say."""
    if not (said.get("price_minor") and said.get("currency")):
        return None
    return Price(price_minor=_whole(said["price_minor"]), currency=said["currency"])


def _whole(text: str | None) -> int:
    return int(text) if text and text.lstrip("-").isdigit() else 0
