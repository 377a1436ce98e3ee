"""The API described in OpenAPI 3.1: what FastAPI finds out, plus problems and ways to authenticate."""

from typing import Any

from chassis.version import version
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from gateway.adapters.inbound.problems import MEDIA_TYPE

_PUBLIC = ("/v1/auth/", "/v1/packs", "/v1/models", "/webhooks/")
_DESCRIPTION = (
    "Images and video for credits. Errors are problem documents (RFC 9457) with `reason` and `trace_id`. "
    "Lists are `{data, next_cursor}`. Times are RFC 3339 in UTC, credits are whole numbers."
)

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "reason", "trace_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "reason": {"type": "string", "description": "A stable word for programs."},
        "trace_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
        "balance": {"type": "integer", "description": "With 402: credits available at `decided_at`."},
        "required": {"type": "integer", "description": "With 402: credits needed."},
        "generation_id": {"type": ["string", "null"], "description": "With 402: the rejected one."},
        "decided_at": {
            "type": ["string", "null"],
            "format": "date-time",
            "description": "With 402: when it was refused. A repeated key gets the first decision again.",
        },
    },
}
SECURITY_SCHEMES: dict[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "tintype_session",
        "description": "The console's session; what changes something also needs X-CSRF-Token.",
    },
}


def describe(app: FastAPI) -> None:
    """Let `app.openapi()` answer the whole description, made once."""
    app.openapi = lambda: _description(app)  # type: ignore[method-assign]


def _description(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        described = get_openapi(
            title="Tintype",
            version=version(),
            description=_DESCRIPTION,
            openapi_version="3.1.0",
            routes=app.routes,
        )
        components = described.setdefault("components", {})
        components.setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
        components["securitySchemes"] = SECURITY_SCHEMES
        for path, operations in described["paths"].items():
            for operation in operations.values():
                _complete(path, operation)
        app.openapi_schema = described
    return app.openapi_schema


def _complete(path: str, operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    # FastAPI's own shape of a 422 is never sent.
    answers.pop("422", None)
    answers["default"] = {
        "description": "A problem (RFC 9457).",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if not path.startswith(_PUBLIC):
        operation["security"] = [{"bearer": []}, {"session": []}]
