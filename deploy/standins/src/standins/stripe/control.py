"""`/_test/`: what a test asks of the stand-in and nobody could ask of Stripe."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.routing import Route

from standins.stripe.account import Account
from standins.stripe.amounts import TAX
from standins.stripe.answering import answering
from standins.stripe.billing.dunning import MODE
from standins.stripe.errors import StripeError
from standins.stripe.faults import Faults
from standins.stripe.idempotency import Answer
from standins.stripe.webhooks import outgoing
from standins.stripe.webhooks.outgoing import COPIES_MAX

LISTED_MAX = 1000


class Order(BaseModel):
    """A JSON body; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Redelivery(Order):
    """How often to deliver an event again."""

    times: Annotated[int, Field(ge=1, le=COPIES_MAX)] = 1


class DeliveryMode(Order):
    """How webhooks go out from now on; what is absent stays as it is."""

    paused: bool | None = None
    shuffle_window_s: Annotated[float, Field(ge=0, le=60)] | None = None
    copies: Annotated[int, Field(ge=1, le=COPIES_MAX)] | None = None


class FaultOrder(Order):
    """What the next API requests shall suffer."""

    delay_s: Annotated[float, Field(ge=0, le=60)] = 0
    fail_next: Annotated[int, Field(ge=0, le=1000)] = 0
    lose_next: Annotated[int, Field(ge=0, le=1000)] = 0
    path: Annotated[str, Field(max_length=200)] = ""
    status: Annotated[int, Field(ge=400, le=599)] = 500
    type: Annotated[str, Field(max_length=100)] = "api_error"
    code: Annotated[str, Field(max_length=100)] | None = None
    param: Annotated[str, Field(max_length=200)] | None = None


class DunningOrder(Order):
    """What a subscription becomes after the last attempt at its invoice."""

    after_retries: Literal["canceled", "past_due", "unpaid"]


class TaxOrder(Order):
    """The flat rate of automatic tax from now on."""

    percent: Annotated[float, Field(ge=0, le=100)]


class DeliveryQuery(Order):
    """Which deliveries to list."""

    event: str | None = None
    state: str | None = None
    limit: Annotated[int, Field(ge=1, le=LISTED_MAX)] = 100


M = TypeVar("M", bound=Order)


class Control:
    """The control endpoints; they take JSON and the same key as the API."""

    def __init__(self, account: Account, faults: Faults) -> None:
        self.account = account
        self.faults = faults

    def routes(self) -> list[Route]:
        """Return the routes to mount."""
        table = [
            ("POST", "/_test/events/{id}/deliver", self.deliver),
            ("GET", "/_test/deliveries", self.deliveries),
            ("GET", "/_test/deliveries/mode", self.mode),
            ("POST", "/_test/deliveries/mode", self.set_mode),
            ("POST", "/_test/deliveries/retry", self.retry),
            ("POST", "/_test/faults", self.set_faults),
            ("POST", "/_test/dunning", self.set_dunning),
            ("POST", "/_test/tax", self.set_tax),
        ]
        return [Route(path, answering(work, self.account), methods=[method]) for method, path, work in table]

    async def deliver(self, request: Request, request_id: str) -> Answer:
        """Deliver an event again, once or many times, whatever became of it before."""
        order = await order_in(request, Redelivery)
        with self.account.change() as change:
            event = change.require("event", request.path_params["id"], status=404)
            outgoing.enqueue(change.store, event["id"], now=self.account.clock(), times=order.times)
        return Answer(200, {"event": event["id"], "queued": order.times}, request_id)

    async def deliveries(self, request: Request, request_id: str) -> Answer:
        """Deliveries and the outcome of each attempt, newest first."""
        query = _checked(DeliveryQuery, dict(request.query_params))
        found = outgoing.listed(
            self.account.store, event_id=query.event, state=query.state, limit=query.limit
        )
        return Answer(200, {"data": found}, request_id)

    async def mode(self, request: Request, request_id: str) -> Answer:
        """Return the mode in force."""
        return Answer(200, asdict(outgoing.read_mode(self.account.store)), request_id)

    async def set_mode(self, request: Request, request_id: str) -> Answer:
        """Pause or resume, shuffle, or send several copies of everything."""
        order = await order_in(request, DeliveryMode)
        with self.account.change() as change:
            mode = replace(outgoing.read_mode(change.store), **order.model_dump(exclude_none=True))
            outgoing.write_mode(change.store, mode)
        return Answer(200, asdict(mode), request_id)

    async def retry(self, request: Request, request_id: str) -> Answer:
        """Make every delivery that waits for its next attempt, or gave up, due now."""
        with self.account.change() as change:
            count = outgoing.hasten(change.store, now=self.account.clock())
        return Answer(200, {"hastened": count}, request_id)

    async def set_faults(self, request: Request, request_id: str) -> Answer:
        """Order trouble for the next API requests."""
        order = await order_in(request, FaultOrder)
        for name, value in order.model_dump().items():
            setattr(self.faults, name, value)
        return Answer(200, asdict(self.faults), request_id)

    async def set_dunning(self, request: Request, request_id: str) -> Answer:
        """Say what becomes of a subscription that nobody pays."""
        order = await order_in(request, DunningOrder)
        with self.account.change() as change:
            change.store.remember(MODE, order.model_dump())
        return Answer(200, order.model_dump(), request_id)

    async def set_tax(self, request: Request, request_id: str) -> Answer:
        """Set the rate of automatic tax."""
        order = await order_in(request, TaxOrder)
        with self.account.change() as change:
            change.store.remember(TAX, order.model_dump())
        return Answer(200, order.model_dump(), request_id)


async def order_in(request: Request, model: type[M]) -> M:
    """Return the JSON body of a control request; refuses what it does not know."""
    raw = await request.body()
    try:
        return model.model_validate_json(raw or b"{}")
    except ValidationError as error:
        raise _refusal(error) from None


def _checked(model: type[M], values: dict[str, str]) -> M:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _refusal(error) from None


def _refusal(error: ValidationError) -> StripeError:
    first = error.errors()[0]
    param = ".".join(str(part) for part in first["loc"])
    return StripeError(first["msg"], param=param, executed=False)
