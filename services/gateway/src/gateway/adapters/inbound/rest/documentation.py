"""/openapi.json and /docs: the description for programs and for people."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from jinja2 import Environment, FileSystemLoader

router = APIRouter(include_in_schema=False)

_PAGES = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True)


@router.get("/openapi.json")
async def openapi(request: Request) -> Response:
    """Return the description in OpenAPI 3.1."""
    return JSONResponse(request.app.openapi())


@router.get("/docs")
async def docs(request: Request) -> Response:
    """Return the description as one page that loads nothing from elsewhere."""
    described = request.app.openapi()
    page = _PAGES.get_template("docs.html").render(
        api=described, groups=_groups(described), schemas=_schemas(described)
    )
    return HTMLResponse(page)


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
                    "method": method.upper(),
                    "path": path,
                    "summary": operation["summary"],
                    "text": operation["description"],
                    "parameters": operation.get("parameters", []),
                    "body": _body(described, operation),
                    "is_open": "security" not in operation,
                    "answers": _answers(operation["responses"]),
                    "refusals": _refusals(operation["responses"]),
                }
            )
    return groups


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
