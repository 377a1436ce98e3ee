"""Refusals as they are described: a response a status, and an example a reason."""

from collections.abc import Collection, Iterable
from http import HTTPStatus
from typing import Any

from fastapi.routing import APIRoute

from gateway.adapters.inbound.rest.answers.price import Price
from gateway.adapters.inbound.rest.answers.problem import (
    MEDIA_TYPE,
    ChangedPrice,
    CodeNeeded,
    InvalidField,
    Problem,
    TooFewCredits,
)
from gateway.adapters.inbound.rest.answers.reasons import DETAILS
from gateway.adapters.inbound.rest.headers import headers_of
from gateway.adapters.inbound.rest.reasons import reasons_of

_TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


def problem_responses(route: APIRoute) -> dict[str, Any]:
    """Every refusal of a route by status, and what anything else would look like."""
    responses: dict[str, Any] = {}
    for status, reasons in reasons_of(route).items():
        kind = _kind(status, reasons)
        examples = {reason: {"$ref": f"#/components/examples/{_name(status, reason)}"} for reason in reasons}
        responses[str(status)] = {
            "description": f"{HTTPStatus(status).phrase}: {', '.join(reasons)}.",
            "headers": headers_of(route, status),
            "content": {MEDIA_TYPE: {"schema": _ref(kind), "examples": examples}},
        }
    responses["default"] = {
        "description": "A problem (RFC 9457).",
        "content": {MEDIA_TYPE: {"schema": _ref(Problem)}},
    }
    return responses


def problem_examples(routes: Iterable[APIRoute]) -> dict[str, Any]:
    """Return an example of each problem that one of the routes may answer with."""
    told = {
        (status, reason)
        for route in routes
        for status, reasons in reasons_of(route).items()
        for reason in reasons
    }
    return {
        _name(status, reason): {
            "summary": DETAILS[reason],
            "value": _example(status, reason).model_dump(mode="json", exclude_unset=True),
        }
        for status, reason in sorted(told)
    }


def _kind(status: int, reasons: Collection[str]) -> type[Problem]:
    if status == 402:
        return TooFewCredits
    if "SECOND_FACTOR_REQUIRED" in reasons:
        return CodeNeeded
    return ChangedPrice if "PRICE_CHANGED" in reasons else Problem


def _example(status: int, reason: str) -> Problem:
    said: dict[str, Any] = {"reason": reason, "detail": DETAILS[reason], "trace_id": _TRACE_ID}
    if status == 402:
        said |= {"balance": 30, "required": 75, "generation_id": None, "decided_at": "2026-01-31T12:00:00Z"}
        return TooFewCredits.of(status, **said)
    if reason == "SECOND_FACTOR_REQUIRED":
        return CodeNeeded.of(status, **said, challenge="Yk3vEjRWeJq83v8TVnearA")
    if reason == "PRICE_CHANGED":
        return ChangedPrice.of(status, **said, price=Price(price_minor=1200, currency="usd"))
    if reason.startswith("INVALID_") and status == 422:
        said["errors"] = [InvalidField(field="prompt", detail="is too long")]
    return Problem.of(status, **said)


def _name(status: int, reason: str) -> str:
    return f"{status}.{reason}"


def _ref(kind: type[Problem]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{kind.__name__}"}
