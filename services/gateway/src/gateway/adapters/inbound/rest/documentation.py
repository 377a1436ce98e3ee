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
    """The description in OpenAPI 3.1."""
    return JSONResponse(request.app.openapi())


@router.get("/docs")
async def docs(request: Request) -> Response:
    """The description as one page that loads nothing from elsewhere."""
    described = request.app.openapi()
    page = _PAGES.get_template("docs.html").render(api=described, groups=_groups(described))
    return HTMLResponse(page)


@router.get("/docs.css")
async def style() -> Response:
    """The page's style sheet: the content policy allows none inside the page."""
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
                    "statuses": [status for status in operation["responses"] if status != "default"],
                }
            )
    return groups


def _body(described: dict[str, Any], operation: dict[str, Any]) -> list[dict[str, Any]]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    schema = described["components"]["schemas"].get(name, {})
    required = schema.get("required", [])
    return [{"name": field, "is_required": field in required} for field in schema.get("properties", {})]
