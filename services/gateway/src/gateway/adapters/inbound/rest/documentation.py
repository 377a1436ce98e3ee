"""/openapi.json and /docs: the description for programs and for people."""

import json
import re
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape

from gateway.adapters.inbound.placed_route import PlacedRoute

router = APIRouter(include_in_schema=False, route_class=PlacedRoute)

_FILE = "application/octet-stream"
_STREAM = "text/event-stream"
_PAGE = "documentation_page"
_PAGES = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True)
_CODE = re.compile(r"`([^`]+)`")


def _marked(text: str) -> Markup:
    """Show what stands in backquotes as code, and everything as it is."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped


_PAGES.filters["marked"] = _marked


@router.get("/openapi.json")
async def openapi(request: Request) -> Response:
    """Return the description in OpenAPI 3.1."""
    return JSONResponse(request.app.openapi())


@router.get("/docs")
async def docs(request: Request) -> Response:
    """Return the description as one page that loads nothing from elsewhere."""
    described = request.app.openapi()
    # As much the same for everybody as the description is, and drawn once.
    if not hasattr(request.app.state, _PAGE):
        page = _PAGES.get_template("docs.html").render(
            api=described, groups=_groups(described), schemas=_schemas(described)
        )
        setattr(request.app.state, _PAGE, page)
    return HTMLResponse(getattr(request.app.state, _PAGE))


@router.get("/docs.js")
async def script() -> Response:
    """Return what sends the page's requests."""
    return Response(
        _PAGES.get_template("docs.js").render(),
        media_type="text/javascript",
        headers={"Cache-Control": "no-cache"},
    )


@router.get("/docs.css")
async def style() -> Response:
    """Return the page's style sheet: the content policy allows none inside the page."""
    return Response(_PAGES.get_template("docs.css").render(), media_type="text/css")


def _groups(described: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            tag = operation.get("tags", ["other"])[0]
            groups.setdefault(tag, []).append(
                {
                    "id": operation["operationId"],
                    "method": method.upper(),
                    "path": path,
                    "summary": operation["summary"],
                    "text": operation["description"],
                    "parameters": [_parameter(each) for each in operation.get("parameters", [])],
                    "body": _body(described, operation),
                    "example": _example(operation),
                    "takes_a_file": _FILE in operation.get("requestBody", {}).get("content", {}),
                    "is_a_stream": _STREAM in _answer_of(operation).get("content", {}),
                    "scopes": _scopes(operation),
                    "is_open": "security" not in operation,
                    "answers": _answers(operation["responses"]),
                    "refusals": _refusals(operation["responses"]),
                }
            )
    return groups


def _parameter(described: dict[str, Any]) -> dict[str, Any]:
    """Return what a field of the form needs: the values that there are, or one that might be."""
    schema = described.get("schema", {})
    kinds = [part for part in schema.get("anyOf", [schema]) if part.get("type") != "null"]
    values = kinds[0].get("enum", []) if kinds else []
    examples = described.get("examples") or schema.get("examples") or []
    return {
        "name": described["name"],
        "in": described["in"],
        "text": described.get("description", ""),
        "is_required": described.get("required", False),
        "choices": values,
        "example": next((str(example) for example in examples if example is not None), ""),
    }


def _example(operation: dict[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return json.dumps(content["example"], indent=2, ensure_ascii=False) if "example" in content else ""


def _answer_of(operation: dict[str, Any]) -> dict[str, Any]:
    return next((answer for status, answer in operation["responses"].items() if status[0] == "2"), {})


def _scopes(operation: dict[str, Any]) -> list[str] | None:
    """Return what a key needs for it; None where no key will do."""
    return next((way["api_key"] for way in operation.get("security", []) if "api_key" in way), None)


def _body(described: dict[str, Any], operation: dict[str, Any]) -> list[dict[str, Any]]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    schema = described["components"]["schemas"].get(name, {})
    required = schema.get("required", [])
    return [{"name": field, "is_required": field in required} for field in schema.get("properties", {})]


def _answers(responses: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "status": status,
            "kinds": [_kind(content["schema"]) for content in answer.get("content", {}).values()],
        }
        for status, answer in responses.items()
        if status.startswith("2")
    ]


def _refusals(responses: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"status": status, "reasons": list(content["examples"])}
        for status, answer in responses.items()
        for content in answer.get("content", {}).values()
        if status[0] in "45"
    ]


def _schemas(described: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "text": schema.get("description", ""),
            "words": schema.get("enum", []),
            "fields": [
                {"name": field, "kind": _kind(part), "text": _text(part)}
                for field, part in schema.get("properties", {}).items()
            ],
        }
        for name, schema in sorted(described["components"]["schemas"].items())
    ]


def _kind(schema: dict[str, Any]) -> str:
    """Name what a value is: a schema's name, or a type, or several."""
    match schema:
        case {"$ref": ref}:
            return str(ref).rpartition("/")[2]
        case {"anyOf": parts}:
            return " or ".join(_kind(part) for part in parts)
        case {"type": "array", "items": items}:
            return f"list of {_kind(items)}"
        case {"format": name}:
            return str(name)
        case _:
            return str(schema.get("type", "any"))


def _text(schema: dict[str, Any]) -> str:
    """Say what a value is: in its own words, or in those of one that it may be."""
    parts = (_text(part) for part in schema.get("anyOf", ()))
    return str(schema.get("description") or next(filter(None, parts), ""))
