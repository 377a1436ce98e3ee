"""Errors of OpenAI's shape as they are described: a response a status, and an example a reason."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from fastapi.routing import APIRoute

from gateway.adapters.inbound.openai.errors import (
    OpenaiError,
    OpenaiErrorDetail,
    openai_code,
    openai_status,
    openai_type,
)
from gateway.adapters.inbound.rest.answers.reasons import DETAILS
from gateway.adapters.inbound.rest.headers import headers_of
from gateway.adapters.inbound.rest.reasons import reasons_of

_SCHEMA = {"$ref": "#/components/schemas/OpenaiError"}
_JSON = "application/json"


def error_responses(route: APIRoute) -> dict[str, Any]:
    """Return every refusal of a route by status, and what anything else would look like."""
    responses: dict[str, Any] = {}
    for status, reasons in _reasons(route).items():
        codes = list(dict.fromkeys(openai_code(reason) for reason in reasons))
        responses[str(status)] = {
            "description": f"{HTTPStatus(status).phrase}: {', '.join(codes)}.",
            "headers": headers_of(route, status),
            "content": {
                _JSON: {
                    "schema": _SCHEMA,
                    "examples": {
                        reason: {"$ref": f"#/components/examples/{_name(status, reason)}"}
                        for reason in reasons
                    },
                }
            },
        }
    responses["default"] = {"description": "An error.", "content": {_JSON: {"schema": _SCHEMA}}}
    return responses


def error_examples(routes: Iterable[APIRoute]) -> dict[str, Any]:
    """Return an example of each error that one of the routes may answer with."""
    told = {
        (status, reason)
        for route in routes
        for status, reasons in _reasons(route).items()
        for reason in reasons
    }
    return {
        _name(status, reason): {"summary": DETAILS[reason], "value": _example(status, reason)}
        for status, reason in sorted(told)
    }


def _reasons(route: APIRoute) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for status, reasons in reasons_of(route).items():
        known = found.setdefault(openai_status(status), [])
        known += [reason for reason in reasons if reason not in known]
    return dict(sorted(found.items()))


def _example(status: int, reason: str) -> dict[str, Any]:
    detail = OpenaiErrorDetail(
        message=DETAILS[reason], type=openai_type(status), param=None, code=openai_code(reason)
    )
    return OpenaiError(error=detail).model_dump(mode="json")


def _name(status: int, reason: str) -> str:
    return f"openai_{status}.{reason}"
