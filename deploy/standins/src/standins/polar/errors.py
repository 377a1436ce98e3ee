"""Refusals, in the shape of Polar's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError


class PolarError(Exception):
    """An answer other than what was asked for."""

    def __init__(self, status: int, error: str, detail: Any) -> None:
        super().__init__(error)
        self.status = status
        self.body = {"error": error, "detail": detail}


def not_found() -> PolarError:
    """Say that there is no such object."""
    return PolarError(404, "ResourceNotFound", "Not found")


def unauthorized() -> PolarError:
    """Say that the token is not the organization's."""
    return PolarError(401, "Unauthorized", "Unauthorized")


def invalid(loc: Sequence[str | int], message: str, given: object, kind: str = "value_error") -> PolarError:
    """Refuse one field of a request."""
    problem = {"type": kind, "loc": list(loc), "msg": message, "input": given}
    return PolarError(422, "PolarRequestValidationError", [problem])


def invalid_body(error: ValidationError) -> PolarError:
    """Refuse a body that is not of the shape that was asked for."""
    problems = [
        {"type": found["type"], "loc": ["body", *found["loc"]], "msg": found["msg"], "input": None}
        for found in error.errors()
    ]
    return PolarError(422, "RequestValidationError", problems)
