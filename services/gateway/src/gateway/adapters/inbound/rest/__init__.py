"""The REST resources, one a module."""

from gateway.adapters.inbound.rest import operations

ROUTERS = (operations.router,)
