"""Every router of the REST resources."""

from fastapi.routing import APIRoute

from gateway.adapters.inbound.rest import (
    admin_purchases,
    auth,
    auto_top_up,
    billing,
    collections,
    documentation,
    events,
    generations,
    ledger,
    me,
    models,
    operations,
    promotions,
    referral,
    shares,
    statement,
    subscriptions,
    webhooks,
)

ROUTERS = (
    auth.router,
    me.router,
    ledger.router,
    statement.router,
    models.router,
    generations.router,
    shares.router,
    collections.router,
    events.router,
    billing.router,
    subscriptions.router,
    promotions.router,
    referral.router,
    auto_top_up.router,
    admin_purchases.router,
    webhooks.router,
    documentation.router,
    operations.router,
)


def api_routes() -> list[APIRoute]:
    """Return every route of them, in order."""
    return [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
