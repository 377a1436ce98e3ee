"""The web application: routers, problems and the layers around them."""

from fastapi import APIRouter, FastAPI

from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.head import HeadAsGet
from gateway.adapters.inbound.middleware import (
    BODY_MAX_BYTES,
    UPLOAD_BODY_MAX_BYTES,
    WEBHOOK_BODY_MAX_BYTES,
    BodyLimit,
    Edge,
    security_headers,
)
from gateway.adapters.inbound.refusals import add_refusal_handlers
from gateway.adapters.inbound.rest.openapi import describe
from gateway.adapters.inbound.rest.routers import IN_ORDER_OF_USE, api_routes


def make_app(deps: Deps) -> FastAPI:
    """Make the public HTTP surface over these dependencies; the composition root mounts the console."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.deps = deps
    add_refusal_handlers(app)
    # The last one added is the outermost.
    app.add_middleware(HeadAsGet)
    app.add_middleware(
        BodyLimit,
        body_max_bytes=BODY_MAX_BYTES,
        webhook_body_max_bytes=WEBHOOK_BODY_MAX_BYTES,
        upload_body_max_bytes=UPLOAD_BODY_MAX_BYTES,
    )
    app.add_middleware(Edge, headers=security_headers(deps.web))
    for router in IN_ORDER_OF_USE:
        add_routes(app, router)
    describe(app, api_routes())
    return app


def add_routes(app: FastAPI, router: APIRouter) -> None:
    """Add a router's routes to the app as its own.

    FastAPI keeps a router that is included: it prepares each of its routes a second time, and asks it twice
    about a request that is for it.
    """
    app.router.routes.extend(router.routes)
