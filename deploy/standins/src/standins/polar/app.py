"""Wires the stand-in together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from standins.polar import control
from standins.polar.api import route_of
from standins.polar.courier import Courier
from standins.polar.faults import Faults
from standins.polar.organization import Organization
from standins.polar.page import CheckoutPage
from standins.polar.portal import PortalPage
from standins.polar.resources import (
    checkouts,
    customer_sessions,
    customers,
    discounts,
    disputes,
    orders,
    products,
    refunds,
)
from standins.polar.settings import PolarSettings
from standins.polar.store import Store

RESOURCES = (customers, customer_sessions, products, discounts, checkouts, orders, refunds, disputes)


def create_app(settings: PolarSettings) -> Starlette:
    """Build the application; its data folder is opened and its courier started with the server."""
    store = Store(settings.data_folder / "polar.sqlite3")
    wake = asyncio.Event()
    organization = Organization(store, settings, changed=wake.set)
    faults = Faults()
    operations = [operation for module in RESOURCES for operation in module.resource.operations]
    operations += control.operations(faults, organization.deliveries)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        courier = asyncio.create_task(Courier(organization, wake).run())
        app.state.courier = courier
        try:
            yield
        finally:
            courier.cancel()
            with suppress(asyncio.CancelledError):
                await courier
            store.close()

    return Starlette(
        routes=[
            Route("/healthz", _healthz),
            *(route_of(operation, organization, faults) for operation in operations),
            *CheckoutPage(organization).routes(),
            *PortalPage(organization).routes(),
        ],
        lifespan=lifespan,
        exception_handlers={404: _unknown, 405: _unknown, 500: _broken},
    )


async def _healthz(request: Request) -> Response:
    """Healthy as long as webhooks and timers are being worked on."""
    if request.app.state.courier.done():
        return PlainTextResponse("the webhook courier has stopped\n", status_code=503)
    return PlainTextResponse("ok\n")


async def _unknown(_request: Request, _error: Exception) -> Response:
    return JSONResponse({"detail": "Not Found"}, status_code=404)


async def _broken(_request: Request, _error: Exception) -> Response:
    return JSONResponse({"error": "InternalServerError", "detail": "Internal Server Error"}, status_code=500)
