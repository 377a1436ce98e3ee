"""The web console: server-rendered pages over the same ports as the REST resources."""

from fastapi import FastAPI

from gateway.adapters.inbound.console import (
    access,
    account,
    assets,
    billing,
    checkout,
    collections,
    compare,
    components,
    errors,
    generate,
    invitations,
    landing,
    library,
    mailed_links,
    receipt,
    selection,
    shares,
)
from gateway.adapters.inbound.deps import Deps


def mount_console(app: FastAPI, deps: Deps) -> None:
    """Add the console's pages and static files to the app."""
    for page in (
        assets,
        landing,
        access,
        mailed_links,
        generate,
        # Before the pages of single generations, whose addresses begin alike.
        selection,
        compare,
        collections,
        library,
        shares,
        billing,
        receipt,
        checkout,
        invitations,
        account,
    ):
        app.include_router(page.router, include_in_schema=False)
    if deps.web.shows_components:
        app.include_router(components.router, include_in_schema=False)
    errors.show_pages_to_people(app)
