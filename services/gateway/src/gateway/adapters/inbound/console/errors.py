"""Errors outside any page (no such address) as HTML for browsers, as problems for programs."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from gateway.adapters.inbound.console.languages import gettext_noop
from gateway.adapters.inbound.console.page import error_page

_API = ("/v1/", "/openai/", "/webhooks/")
_SAID = {
    404: gettext_noop("There is nothing at this address."),
    405: gettext_noop("This page can't be used that way."),
}


def show_pages_to_people(app: FastAPI) -> None:
    """Wrap the handler of framework errors: a person's browser gets a page."""
    problem: Callable[[Request, Exception], Awaitable[Response]] = app.exception_handlers[HTTPException]  # type: ignore[assignment]

    async def handle(request: Request, failure: Any) -> Response:
        wants_html = "text/html" in request.headers.get("accept", "")
        if wants_html and not request.url.path.startswith(_API):
            detail = _SAID.get(failure.status_code, str(failure.detail))
            return await error_page(request, detail, status=failure.status_code, headers=failure.headers)
        return await problem(request, failure)

    app.add_exception_handler(HTTPException, handle)
