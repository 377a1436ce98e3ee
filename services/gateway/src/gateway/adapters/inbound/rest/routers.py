"""Every router of the REST resources."""

from fastapi.routing import APIRoute

from gateway.adapters.inbound.openai import chat, images, responses, speech
from gateway.adapters.inbound.openai import models as openai_models
from gateway.adapters.inbound.rest import (
    account_export,
    admin_audit,
    admin_dead_letters,
    admin_lists_of_users,
    admin_purchases,
    admin_usage,
    admin_users,
    api_keys,
    auth,
    auto_top_up,
    avatar,
    billing,
    collections,
    documentation,
    events,
    generations,
    ledger,
    me,
    models,
    oauth,
    operations,
    outputs,
    passkeys,
    promotions,
    referral,
    second_factor,
    sessions,
    shares,
    statement,
    subscriptions,
    uploads,
    usage,
    webhook_deliveries,
    webhook_endpoints,
    webhooks,
)

ROUTERS = (
    auth.router,
    oauth.router,
    me.router,
    avatar.router,
    account_export.router,
    sessions.router,
    second_factor.router,
    passkeys.router,
    api_keys.router,
    ledger.router,
    statement.router,
    models.router,
    generations.router,
    shares.router,
    outputs.router,
    collections.router,
    uploads.router,
    usage.router,
    events.router,
    billing.router,
    subscriptions.router,
    promotions.router,
    referral.router,
    auto_top_up.router,
    admin_users.router,
    admin_lists_of_users.router,
    admin_purchases.router,
    admin_audit.router,
    admin_usage.router,
    webhook_endpoints.router,
    webhook_deliveries.router,
    openai_models.router,
    chat.router,
    responses.router,
    images.router,
    speech.router,
    admin_dead_letters.router,
    webhooks.router,
    documentation.router,
    operations.router,
)

# A request is compared with one router after the other: what programs ask for all the time comes first.
_FIRST = (generations.router, events.router)
IN_ORDER_OF_USE = (*_FIRST, *(router for router in ROUTERS if router not in _FIRST))


def api_routes() -> list[APIRoute]:
    """Return every route of them, in order."""
    return [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
