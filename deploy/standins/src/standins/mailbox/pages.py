"""The JSON API and the pages."""

from __future__ import annotations

from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from standins.mailbox.letter import Letter
from standins.mailbox.store import LetterStore

LIST_LIMIT_DEFAULT = 50
LIST_LIMIT_MAX = 500
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'"
# A mail's HTML runs nothing and loads nothing from the network; its links open in a new, ordinary window.
MAIL_SANDBOX = "sandbox allow-popups allow-popups-to-escape-sandbox"
MAIL_POLICY = f"{MAIL_SANDBOX}; default-src 'none'; style-src 'unsafe-inline'; img-src data:"


class Pages:
    """Shows the stored mails."""

    def __init__(self, store: LetterStore) -> None:
        self.store = store
        self.pages = Environment(
            loader=PackageLoader("standins.mailbox", "pages"), autoescape=True, undefined=StrictUndefined
        )
        self.pages.filters["moment"] = lambda at: datetime.fromtimestamp(at, UTC).strftime(
            "%Y-%m-%d %H:%M:%S UTC"
        )

    def routes(self) -> list[Route]:
        """Return the routes to mount."""
        return [
            Route("/messages", self.list_json, methods=["GET"]),
            Route("/messages", self.clear, methods=["DELETE"]),
            Route("/messages/{id:int}", self.get_json),
            Route("/", self.list_page),
            Route("/view/{id:int}", self.letter_page),
            Route("/view/{id:int}/html", self.html_part),
        ]

    async def list_json(self, request: Request) -> Response:
        """`GET /messages?to=&limit=`: summaries, newest first."""
        found = self.store.list(to=request.query_params.get("to"), limit=_limit(request))
        return JSONResponse({"data": [summary.as_json() for summary in found]})

    async def get_json(self, request: Request) -> Response:
        """`GET /messages/{id}`: one mail with text, html and headers."""
        return JSONResponse(self._letter(request).as_json())

    async def clear(self, _request: Request) -> Response:
        """`DELETE /messages`: forget everything."""
        self.store.clear()
        return Response(status_code=204)

    async def list_page(self, request: Request) -> Response:
        """Answer with the list, which refreshes itself."""
        to = request.query_params.get("to") or None
        letters = self.store.list(to=to, limit=_limit(request))
        return self._page("list.html", {"letters": letters, "to": to})

    async def letter_page(self, request: Request) -> Response:
        """One mail."""
        letter = self._letter(request)
        return self._page("letter.html", {"summary": letter.summary, "letter": letter})

    async def html_part(self, request: Request) -> Response:
        """Answer with the HTML part alone, for the sandboxed frame."""
        html = self._letter(request).html() or ""
        headers = {"Content-Security-Policy": MAIL_POLICY, "Referrer-Policy": "no-referrer"}
        return HTMLResponse(f'<base target="_blank">{html}', headers=headers)

    def _letter(self, request: Request) -> Letter:
        letter = self.store.get(request.path_params["id"])
        if letter is None:
            raise HTTPException(404, "no such message")
        return letter

    def _page(self, name: str, context: dict[str, object]) -> Response:
        html = self.pages.get_template(name).render(context)
        return HTMLResponse(
            html, headers={"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-store"}
        )


def _limit(request: Request) -> int:
    given = request.query_params.get("limit", str(LIST_LIMIT_DEFAULT))
    if not (given.isascii() and given.isdigit() and 1 <= int(given) <= LIST_LIMIT_MAX):
        raise HTTPException(400, f"limit is a number from 1 to {LIST_LIMIT_MAX}")
    return int(given)
