"""Wires the stand-in together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from standins.stripe.account import Account
from standins.stripe.actions import actions
from standins.stripe.control import Control
from standins.stripe.control_people import PeopleControl
from standins.stripe.endpoint import Endpoint
from standins.stripe.errors import StripeError
from standins.stripe.faults import Faults
from standins.stripe.hosted.authenticate import AuthenticationPage
from standins.stripe.hosted.checkout import CheckoutPage
from standins.stripe.hosted.invoice import InvoicePage
from standins.stripe.hosted.pages import Pages
from standins.stripe.hosted.people import PeoplePage
from standins.stripe.hosted.portal import PortalPage
from standins.stripe.ids import new_id
from standins.stripe.operations import OPERATIONS
from standins.stripe.settings import StripeSettings
from standins.stripe.store import Store
from standins.stripe.webhooks.courier import Courier


def create_app(settings: StripeSettings) -> Starlette:
    """Build the application; its data folder is opened and its courier started with the server."""
    store = Store(settings.data_folder / "stripe.sqlite3")
    wake = asyncio.Event()
    account = Account(store, settings, changed=wake.set)
    faults = Faults()
    pages = Pages()
    in_progress: set[str] = set()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        courier = asyncio.create_task(Courier(account, actions(), wake).run())
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
            *(Endpoint(operation, account, faults, in_progress).route() for operation in OPERATIONS),
            *CheckoutPage(account, pages).routes(),
            *InvoicePage(account, pages).routes(),
            *PortalPage(account, pages).routes(),
            *AuthenticationPage(account, pages).routes(),
            *PeoplePage(account, pages).routes(),
            *Control(account, faults).routes(),
            *PeopleControl(account).routes(),
        ],
        lifespan=lifespan,
        exception_handlers={404: _unrecognized, 405: _unrecognized, 500: _broken},
    )


async def _healthz(request: Request) -> Response:
    """Healthy as long as webhooks and timers are being worked on."""
    if request.app.state.courier.done():
        return PlainTextResponse("the webhook courier has stopped\n", status_code=503)
    return PlainTextResponse("ok\n")


async def _unrecognized(request: Request, _error: Exception) -> Response:
    return _error_response(
        StripeError(
            f"Unrecognized request URL ({request.method}: {request.url.path}). Please see "
            "https://stripe.com/docs or we can help at https://support.stripe.com/.",
            status=404,
        )
    )


async def _broken(_request: Request, _error: Exception) -> Response:
    return _error_response(StripeError("An unknown error occurred.", status=500, kind="api_error"))


def _error_response(error: StripeError) -> Response:
    request_id = new_id("req")
    return JSONResponse(error.body(request_id), status_code=error.status, headers={"Request-Id": request_id})
