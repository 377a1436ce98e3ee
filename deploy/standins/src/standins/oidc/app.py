"""`oidc-provider-mock` as one of the stand-ins: with a page that says what it is, and without a debugger."""

from __future__ import annotations

import os
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import authlib.deprecate
import flask
from a2wsgi import WSGIMiddleware
from jinja2 import ChoiceLoader, FileSystemLoader
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from standins.oidc.settings import OidcSettings

# Authlib has its users read, whenever they start, what it will change one day; the library is one of them.
warnings.simplefilter("ignore", authlib.deprecate.AuthlibDeprecationWarning)
oidc_provider_mock: Any = import_module("oidc_provider_mock")

PAGES = Path(__file__).parent / "pages"
# Whoever is called so is not vouched for.
UNVERIFIED = "unverified"
_AUTHORIZE = "oidc-provider-mock.authorize"
_DISCOVERY = "oidc-provider-mock.openid_config"


def create_app(settings: OidcSettings) -> Starlette:
    """Build the application; people are forgotten when it ends."""
    # The library insists on TLS otherwise, which nobody has on their own machine.
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    provider: Any = oidc_provider_mock.app(require_nonce=True)
    # It comes with a debugger, in which whoever reaches it could run code.
    provider.debug = False
    provider.wsgi_app = provider.wsgi_app.app
    provider.jinja_loader = ChoiceLoader([FileSystemLoader(PAGES), provider.jinja_loader])
    provider.before_request(_introduce)
    provider.after_request(_with_state)
    if settings.public_url:
        provider.after_request(_for_browsers(settings.public_url))
    pages: Any = WSGIMiddleware(provider)
    return Starlette(routes=[Route("/healthz", _healthz), Mount("/", app=pages)])


def _introduce() -> None:
    """Know whoever comes for the first time by their address, and vouch for it."""
    if flask.request.endpoint != _AUTHORIZE or flask.request.method != "POST":
        return
    email = flask.request.form.get("sub", "").strip()
    people = flask.g.oidc_provider_mock_storage
    if email and people.get_user(email) is None:
        name = email.partition("@")[0].replace(".", " ").title()
        claims = {"email": email, "email_verified": not email.startswith(UNVERIFIED), "name": name}
        people.store_user(oidc_provider_mock.User(sub=email, claims=claims))


def _with_state(response: flask.Response) -> flask.Response:
    """Send the state along with a refusal (RFC 6749, section 4.1.2.1), which the library forgets."""
    back, state = response.headers.get("Location", ""), flask.request.args.get("state")
    if flask.request.endpoint == _AUTHORIZE and "error=" in back and "state=" not in back and state:
        response.headers["Location"] = f"{back}&{urlencode({'state': state})}"
    return response


def _for_browsers(public_url: str) -> Any:
    """Return what sends browsers to an address that they can reach."""

    def rewritten(response: flask.Response) -> flask.Response:
        if flask.request.endpoint == _DISCOVERY:
            about = response.get_json()
            about["authorization_endpoint"] = f"{public_url}/oauth2/authorize"
            response.set_data(flask.json.dumps(about))
        return response

    return rewritten


async def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok\n")
