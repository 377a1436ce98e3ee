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
    own_plan,
    pricing,
    receipt,
    selection,
    shares,
    subscriber_pages,
)
from gateway.adapters.inbound.deps import Deps


def mount_console(app: FastAPI, deps: Deps) -> None:
    """Add the console's pages and static files to the app."""
    for page in (
        assets,
        landing,
        pricing,
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
        own_plan,
        receipt,
        checkout,
        invitations,
        subscriber_pages,
        account,
    ):
        app.include_router(page.router, include_in_schema=False)
    if deps.web.shows_components:
        app.include_router(components.router, include_in_schema=False)
    errors.show_pages_to_people(app)
