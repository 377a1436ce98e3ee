"""The web console: server-rendered pages over the same ports as the REST resources."""

from fastapi import FastAPI

from gateway.adapters.inbound.app import add_routes
from gateway.adapters.inbound.console import (
    access,
    account,
    account_avatar,
    addresses,
    admin,
    admin_dead_letters,
    admin_lists,
    admin_overview,
    admin_person,
    admin_providers,
    api_keys,
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
    model_page,
    oauth,
    own_data,
    own_plan,
    passkeys,
    pricing,
    receipt,
    second_factor,
    selection,
    sessions,
    shares,
    sign_in_methods,
    step_up,
    subscriber_pages,
    usage_log,
    webhooks,
)
from gateway.adapters.inbound.deps import Deps


def mount_console(app: FastAPI, deps: Deps) -> None:
    """Add the console's pages and static files to the app."""
    for page in (
        assets,
        landing,
        pricing,
        model_page,
        access,
        oauth,
        mailed_links,
        generate,
        # Before the pages of single generations, whose addresses begin alike.
        selection,
        compare,
        collections,
        library,
        shares,
        billing,
        usage_log,
        own_plan,
        receipt,
        checkout,
        invitations,
        subscriber_pages,
        account,
        account_avatar,
        addresses,
        sessions,
        sign_in_methods,
        passkeys,
        second_factor,
        step_up,
        api_keys,
        webhooks,
        admin,
        admin_person,
        admin_lists,
        admin_dead_letters,
        own_data,
        admin_overview,
        admin_providers,
    ):
        add_routes(app, page.router)
    if deps.web.shows_components:
        add_routes(app, components.router)
    errors.show_pages_to_people(app)
