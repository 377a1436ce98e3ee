"""What the hosted pages share: templates, headers, forms."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from standins.stripe.money import money

FORM_BYTES_MAX = 64 * 1024
TEXT_LENGTH_MAX = 500
FIELDS_MAX = 30
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
}


def day(moment: int) -> str:
    """Write a moment's day as a person reads it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%d %b %Y")


class Pages:
    """The templates of the hosted pages."""

    def __init__(self) -> None:
        self.templates = Environment(
            loader=PackageLoader("standins.stripe.hosted", "pages"),
            autoescape=True,
            undefined=StrictUndefined,
        )
        self.templates.filters |= {"money": money, "day": day}

    def show(self, name: str, context: dict[str, Any], *, status: int = 200) -> Response:
        """Answer with a page."""
        body = self.templates.get_template(name).render(context)
        return HTMLResponse(body, status_code=status, headers=HEADERS)

    def missing(self, what: str) -> Response:
        """Answer that there is nothing at this address."""
        return self.show(
            "notice.html", {"title": "Page not found", "words": f"There is no {what} here."}, status=404
        )


async def read_form(request: Request) -> dict[str, str] | None:
    """Return the form's fields; None when it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES_MAX:
            return None
    fields = parse_qs(body.decode(errors="replace"), max_num_fields=FIELDS_MAX)
    return {name: values[-1].strip()[:TEXT_LENGTH_MAX] for name, values in fields.items()}


def too_large() -> Response:
    """Refuse a form."""
    return HTMLResponse("The form is too large.", status_code=413, headers=HEADERS)
