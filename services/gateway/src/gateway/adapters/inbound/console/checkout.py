"""What became of a checkout, for whoever comes back from its page."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.console.languages import gettext_noop, language_of
from gateway.adapters.inbound.console.page import HtmlRoute, Session, fragment
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.parameters import checkout_id
from gateway.domain.console_session import ConsoleSession
from gateway.domain.errors import GatewayError, NotFound, PriceChanged
from gateway.domain.price import Price
from gateway.domain.purchase import Checkout
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=HtmlRoute)
_PRICE_CHANGED = gettext_noop(
    "The price has just changed, and nothing was charged. This page shows what it costs now."
)
_PRICE_IS_NOW = gettext_noop(
    "The price has just changed to %(price)s, and nothing was charged. Press the button again if you still "
    "want it."
)


def seen_price(price_minor: str, currency: str) -> Price | None:
    """Return the price that a page said; None of one that is older than that field."""
    if not (price_minor.isascii() and price_minor.isdigit() and currency):
        return None
    return Price(price_minor=int(price_minor), currency=currency)


async def _beside_the_button(
    price_minor: Annotated[str, Form(max_length=18)] = "", currency: Annotated[str, Form(max_length=3)] = ""
) -> Price | None:
    return seen_price(price_minor, currency)


SeenPrice = Annotated[Price | None, Depends(_beside_the_button)]


@router.get("/console/checkout/{checkout}", dependencies=[per_user(Limit.READS)])
async def checkout(request: Request, checkout: str, deps: CurrentDeps, session: Session) -> Response:
    """Show what became of it: a fragment that asks again until it is known."""
    found = await deps.billing.checkout(session.user_id, checkout_id(checkout))
    return fragment(request, "checkout.html", checkout=found)


def for_buyers(request: Request, refusal: GatewayError) -> GatewayError:
    """Return a refusal to sell in a person's words."""
    if not isinstance(refusal, PriceChanged):
        return refusal
    language = language_of(request)
    if (price := refusal.price) is None:
        return PriceChanged(language.say(_PRICE_CHANGED), price=None)
    said = language.say(_PRICE_IS_NOW) % {"price": language.money(price.price_minor, price.currency)}
    return PriceChanged(said, price=price)


async def returned_from(checkout: str | None, deps: Deps, session: ConsoleSession) -> Checkout | None:
    """Return the checkout that an address names; None for one that is not this person's."""
    if checkout is None:
        return None
    try:
        return await deps.billing.checkout(session.user_id, checkout_id(checkout))
    except NotFound:
        return None
