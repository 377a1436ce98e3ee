"""A customer on a test clock, plans for them, and the ways they come to a subscription."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import httpx
import stripe

from .conftest import POLL_S, WAIT_S, StandIn

DAY_S = 86_400
START = 1_798_761_600  # 2027-01-01T00:00:00Z


def price(standin: StandIn, amount: int, *, interval: str = "month", name: str = "Pro") -> stripe.Price:
    """A recurring price of a product of its own."""
    return standin.sdk.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": amount,
            "recurring": {"interval": interval},  # type: ignore[typeddict-item]
            "product_data": {"name": name},
        }
    )


@dataclass
class Subscriber:
    """Somebody on a test clock, with a card."""

    standin: StandIn
    clock: str
    customer: str

    @classmethod
    def join(cls, standin: StandIn, *, start: int = START, card: str | None = "pm_card_visa") -> Subscriber:
        """Make a clock and a customer on it whose default card it is."""
        sdk = standin.sdk.v1
        clock = sdk.test_helpers.test_clocks.create({"frozen_time": start})
        params: Any = {"test_clock": clock.id, "email": "ada@example.com"}
        if card:
            params |= {"payment_method": card, "invoice_settings": {"default_payment_method": card}}
        return cls(standin, clock.id, sdk.customers.create(params).id)

    def subscribe(self, plan: stripe.Price, **params: Any) -> stripe.Subscription:
        """Begin a subscription through the API."""
        values = {"customer": self.customer, "items": [{"price": plan.id}], **params}
        return self.standin.sdk.v1.subscriptions.create(values)  # type: ignore[arg-type]

    def keep(self, card: str) -> str:
        """Have the customer keep another card, as their default."""
        sdk = self.standin.sdk.v1
        method = sdk.payment_methods.attach(card, {"customer": self.customer})
        sdk.customers.update(self.customer, {"invoice_settings": {"default_payment_method": method.id}})
        return method.id

    def advance(self, moment: int) -> None:
        """Bring the clock to a moment."""
        clocks = self.standin.sdk.v1.test_helpers.test_clocks
        clocks.advance(self.clock, {"frozen_time": moment})
        deadline = time.monotonic() + WAIT_S
        while clocks.retrieve(self.clock).status != "ready":
            assert time.monotonic() < deadline, "the clock did not arrive"
            time.sleep(POLL_S)

    def seen(self, subscription: stripe.Subscription) -> stripe.Subscription:
        """The subscription as it stands."""
        return self.standin.sdk.v1.subscriptions.retrieve(subscription.id)

    def invoices(self) -> list[stripe.Invoice]:
        """The customer's invoices, oldest first."""
        listed = self.standin.sdk.v1.invoices.list({"customer": self.customer, "limit": 100}).data
        return listed[::-1]

    def events(self, *types: str) -> list[str]:
        """The types of what was told of these kinds, oldest first."""
        listed = self.standin.sdk.v1.events.list({"types": list(types), "limit": 100}).data
        return [event.type for event in reversed(listed)]


def item_of(subscription: stripe.Subscription) -> stripe.SubscriptionItem:
    """The only item of a subscription."""
    (item,) = subscription["items"].data
    assert isinstance(item, stripe.SubscriptionItem)
    return item


def plan_session(standin: StandIn, plan: stripe.Price, **params: Any) -> stripe.checkout.Session:
    """A session that sells a plan."""
    values = {
        "mode": "subscription",
        "line_items": [{"price": plan.id, "quantity": 1}],
        "success_url": "https://shop.example/done?session={CHECKOUT_SESSION_ID}",
        **params,
    }
    return standin.sdk.v1.checkout.sessions.create(values)  # type: ignore[arg-type]


def press(standin: StandIn, session: stripe.checkout.Session, **form: str) -> httpx.Response:
    """Press the page's button for a card."""
    fields = {"action": "pay", "email": "ada@example.com", **form}
    return httpx.post(f"{standin.url}/c/pay/{session.id}", data=fields)
