"""`/_test/customers/`: the card and the time of one customer, for tests."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.routing import Route

from standins.stripe import people, portal
from standins.stripe.account import Account
from standins.stripe.answering import answering
from standins.stripe.cards import KEPT
from standins.stripe.control import Order, order_in
from standins.stripe.errors import StripeError
from standins.stripe.idempotency import Answer

DAY_S = 86_400


class CardOrder(Order):
    """The test card that pays from now on."""

    card: str


class AdvanceOrder(Order):
    """How far the customer's time goes: to a moment, or by some days."""

    to: Annotated[int, Field(ge=0, le=7_258_118_400)] | None = None
    days: Annotated[float, Field(gt=0, le=3_650)] | None = None


class PeopleControl:
    """The control endpoints that are about one customer."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def routes(self) -> list[Route]:
        """Return the routes to mount."""
        table = [
            ("/_test/customers/{id}/card", self.set_card),
            ("/_test/customers/{id}/card/renewed", self.renew_card),
            ("/_test/customers/{id}/clock", self.set_clock),
            ("/_test/customers/{id}/advance", self.advance),
        ]
        return [Route(path, answering(work, self.account), methods=["POST"]) for path, work in table]

    async def set_card(self, request: Request, request_id: str) -> Answer:
        """Have the customer keep a test card and pay everything by it."""
        order = await order_in(request, CardOrder)
        if order.card not in KEPT:
            raise StripeError(f"Customers can keep one of: {', '.join(KEPT)}.", param="card", executed=False)
        with self.account.change() as change:
            change.require("customer", request.path_params["id"], status=404)
            customer_id = request.path_params["id"]
            method = portal.use_card(change.at_time_of(customer_id), customer_id, order.card)
        return Answer(200, {"payment_method": method["id"]}, request_id)

    async def renew_card(self, request: Request, request_id: str) -> Answer:
        """Have the customer's bank send them a new card, of which Stripe hears by itself."""
        await order_in(request, Order)
        with self.account.change() as change:
            customer = change.require("customer", request.path_params["id"], status=404)
            kept = change.store.find("payment_method", customer=customer["id"], type="card")
            if not kept:
                raise StripeError("The customer keeps no card.", param="id")
            card = {**kept[-1]["card"], "exp_year": kept[-1]["card"]["exp_year"] + 3, "last4": "9999"}
            method = change.update(kept[-1], "payment_method.automatically_updated", card=card)
        return Answer(200, {"payment_method": method["id"]}, request_id)

    async def set_clock(self, request: Request, request_id: str) -> Answer:
        """Put the customer on a test clock that stands at the present, unless they are on one."""
        await order_in(request, Order)
        with self.account.change() as change:
            customer = change.require("customer", request.path_params["id"], status=404)
            clock = people.put_on_clock(change, customer)
        return Answer(200, clock, request_id)

    async def advance(self, request: Request, request_id: str) -> Answer:
        """Have the customer's clock go on; it is there once the clock is `ready`."""
        order = await order_in(request, AdvanceOrder)
        if (order.to is None) == (order.days is None):
            raise StripeError("Say either `to` or `days`.", param="to", executed=False)
        with self.account.change() as change:
            customer = change.require("customer", request.path_params["id"], status=404)
            stands = people.put_on_clock(change, customer)["frozen_time"]
            customer = change.require("customer", customer["id"])
            to = order.to if order.to is not None else stands + round((order.days or 0) * DAY_S)
            clock = people.advance(change, customer, to=to)
        return Answer(200, clock, request_id)
