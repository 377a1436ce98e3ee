"""The REST resources, one a module."""

from gateway.adapters.inbound.rest import (
    auth,
    billing,
    documentation,
    events,
    generations,
    ledger,
    me,
    models,
    operations,
    statement,
    webhooks,
)

ROUTERS = (
    auth.router,
    me.router,
    ledger.router,
    statement.router,
    models.router,
    generations.router,
    events.router,
    billing.router,
    webhooks.router,
    documentation.router,
    operations.router,
)
