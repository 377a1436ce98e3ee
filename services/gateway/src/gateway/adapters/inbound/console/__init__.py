"""The web console: server-rendered pages over the same ports as the REST resources."""

from pathlib import Path

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from gateway.adapters.inbound.console import (
    access,
    account,
    billing,
    checkout,
    errors,
    generate,
    landing,
    library,
    mailed_links,
)
from gateway.adapters.inbound.deps import Deps

_STATIC = Path(__file__).parent / "static"


def mount_console(app: FastAPI, deps: Deps) -> None:
    """Add the console's pages and static files to the app."""
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    for page in (landing, access, mailed_links, generate, library, billing, checkout, account):
        app.include_router(page.router, include_in_schema=False)
    errors.show_pages_to_people(app)
