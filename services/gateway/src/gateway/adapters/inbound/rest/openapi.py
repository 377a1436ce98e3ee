"""The API described: /openapi.json (3.1) and /docs, a page of our own that loads nothing from elsewhere."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

VERSION = "1.0.0"


def describe(app: FastAPI) -> None:
    """Serve the description."""
    app.openapi = lambda: _schema(app)  # type: ignore[method-assign]


def _schema(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = get_openapi(
            title="Tintype", version=VERSION, openapi_version="3.1.0", routes=app.routes
        )
    return app.openapi_schema
