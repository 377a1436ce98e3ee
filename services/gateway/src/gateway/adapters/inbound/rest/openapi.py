"""The API described in OpenAPI 3.1: what FastAPI finds out, plus refusals, headers, events and examples."""

from collections.abc import Sequence
from typing import Any

from chassis.version import version
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema
from starlette.routing import BaseRoute

from gateway.adapters.inbound.auth import current_principal, principal_if_any
from gateway.adapters.inbound.key_scopes import SCOPES
from gateway.adapters.inbound.openai.described_errors import error_examples, error_responses
from gateway.adapters.inbound.openai.errors import OpenaiError, is_openai
from gateway.adapters.inbound.rest.answers.answer import Answer
from gateway.adapters.inbound.rest.answers.event import NAMES
from gateway.adapters.inbound.rest.answers.problem import ChangedPrice, CodeNeeded, Problem, TooFewCredits
from gateway.adapters.inbound.rest.answers.webhook_event import EVENTS, type_of
from gateway.adapters.inbound.rest.described_problems import problem_examples, problem_responses
from gateway.adapters.inbound.rest.example import example_of
from gateway.adapters.inbound.rest.headers import HEADERS, headers_of
from gateway.adapters.inbound.rest.reasons import asks

_DESCRIPTION = (
    "Images, video, text and speech for credits. "
    "Errors are problem documents (RFC 9457) with `reason` and `trace_id`; under `/openai/v1`, which is for "
    "clients of OpenAI's, they are as OpenAI writes them. "
    "Lists are `{data, next_cursor}`. Times are RFC 3339 in UTC, credits are whole numbers. "
    "Fields may be added to any answer: a client passes over those that it does not know."
)
_SCHEMAS = "#/components/schemas/{model}"
_JSON = "application/json"
# As Standard Webhooks has it (standardwebhooks.com).
_SIGNED = {
    "webhook-id": "The same each time that it is sent: whoever gets it twice knows it by that.",
    "webhook-timestamp": "When it was sent, in seconds since 1970.",
    "webhook-signature": "`v1,` and an HMAC-SHA256 of id, timestamp and body in base64; several with spaces.",
}

SECURITY_SCHEMES: dict[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "api_key": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "tt_live_...",
        "description": "An API key, for what its scopes name.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "tintype_session",
        "description": "The console's session; what changes something also needs X-CSRF-Token.",
    },
}


def describe(app: FastAPI, routes: list[APIRoute]) -> None:
    """Let `app.openapi()` answer the whole description of these routes, made once.

    They stand in it as the app has them by now; the console's, which come after, are not in it.
    """
    shown = list(app.routes)
    app.openapi = lambda: _description(app, routes, shown)  # type: ignore[method-assign]


def _description(app: FastAPI, routes: list[APIRoute], shown: Sequence[BaseRoute]) -> dict[str, Any]:
    if app.openapi_schema is None:
        described = get_openapi(
            title="Tintype",
            version=version(),
            description=_DESCRIPTION,
            openapi_version="3.1.0",
            routes=shown,
        )
        components = described.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        schemas |= _schemas_beside()
        # FastAPI's own shape of a 422 is never sent.
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        components["headers"] = HEADERS
        described_routes = [route for route in routes if route.include_in_schema]
        components["examples"] = problem_examples(
            route for route in described_routes if not is_openai(route)
        ) | error_examples(route for route in described_routes if is_openai(route))
        components["securitySchemes"] = SECURITY_SCHEMES
        for route in routes:
            if route.include_in_schema:
                for method in route.methods or ():
                    _complete(route, described["paths"][route.path][method.lower()], schemas)
        described["webhooks"] = {type_of(event): _webhook(event, schemas) for event in EVENTS}
        app.openapi_schema = described
    return app.openapi_schema


def _schemas_beside() -> dict[str, Any]:
    """Return what no route is declared to: problems, and what events and webhooks carry."""
    models: list[type[Answer]] = [
        Problem,
        TooFewCredits,
        ChangedPrice,
        CodeNeeded,
        OpenaiError,
        *NAMES,
        *EVENTS,
    ]
    _, found = models_json_schema([(model, "serialization") for model in models], ref_template=_SCHEMAS)
    schemas: dict[str, Any] = found["$defs"]
    return schemas


def _complete(route: APIRoute, operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    operation["operationId"] = route.name
    summary, _, more = route.description.partition("\n\n")
    operation["summary"] = summary.removesuffix(".")
    operation["description"] = more.strip()
    signed_in: list[dict[str, list[str]]] = [{"bearer": []}, {"session": []}]
    if needed := SCOPES.get(route.name):
        signed_in.append({"api_key": sorted(needed)})
    if asks(route, current_principal):
        operation["security"] = signed_in
    elif asks(route, principal_if_any):
        operation["security"] = [{}, *signed_in]
    succeeded = {status: answer for status, answer in operation["responses"].items() if status < "4"}
    for status, answer in succeeded.items():
        headers = headers_of(route, int(status))
        if headers:
            answer["headers"] = headers | answer.get("headers", {})
        _add_example(answer, schemas)
    _add_example(operation.get("requestBody", {}), schemas)
    refused = error_responses(route) if is_openai(route) else problem_responses(route)
    operation["responses"] = succeeded | refused


def _webhook(event: type[Answer], schemas: dict[str, Any]) -> dict[str, Any]:
    """Describe a request that is sent to whoever asked for it; docs/webhooks.md says how it is signed."""
    body = {"content": {_JSON: {"schema": {"$ref": _SCHEMAS.format(model=event.__name__)}}}}
    _add_example(body, schemas)
    name = type_of(event)
    return {
        "post": {
            "tags": ["webhooks"],
            "operationId": f"receive_{name.replace('.', '_')}",
            "summary": (event.__doc__ or name).splitlines()[0].removesuffix("."),
            "description": "Sent by us to your endpoint.",
            "parameters": [
                {
                    "name": header,
                    "in": "header",
                    "required": True,
                    "description": says,
                    "schema": {"type": "string"},
                }
                for header, says in _SIGNED.items()
            ],
            "requestBody": body | {"required": True},
            "responses": {"2XX": {"description": "It arrived. Anything else has it sent again later."}},
        }
    }


def _add_example(part: dict[str, Any], schemas: dict[str, Any]) -> None:
    content = part.get("content", {}).get(_JSON)
    if content is not None and content.get("schema"):
        content["example"] = example_of(content["schema"], schemas)
