"""Wires the mailbox together: SMTP in, JSON and pages out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from standins.mailbox.pages import Pages
from standins.mailbox.settings import MailboxSettings
from standins.mailbox.smtp import listen
from standins.mailbox.store import LetterStore


def create_app(settings: MailboxSettings) -> Starlette:
    """Build the application; mail is accepted while the server runs, on `app.state.smtp_port`."""
    store = LetterStore(settings.data_folder / "mailbox.sqlite3", kept_count=settings.kept_count)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        server = await listen(settings, store)
        app.state.smtp_port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()
            store.close()

    return Starlette(routes=[Route("/healthz", _healthz), *Pages(store).routes()], lifespan=lifespan)


async def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok\n")
