"""A running Stripe stand-in, the official SDK pointed at it, and an endpoint that takes its webhooks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe
from pydantic import SecretStr
from standins.serving import running
from standins.stripe.app import create_app
from standins.stripe.settings import StripeSettings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

KEY = "sk_test_of_these_tests"
SECRET = "whsec_of_these_tests"
WAIT_S = 10.0
POLL_S = 0.02


@dataclass
class Inbox:
    """What the webhook endpoint received; refuses with the queued statuses first."""

    refusals: list[int] = field(default_factory=list)
    raw: list[tuple[bytes, str]] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    async def take(self, request: Request) -> Response:
        """Store the raw request and answer 200, or the next refusal."""
        body = await request.body()
        with self.arrived:
            self.raw.append((body, request.headers["stripe-signature"]))
            status = self.refusals.pop(0) if self.refusals else 200
            self.arrived.notify_all()
        return Response(status_code=status)

    @property
    def events(self) -> list[stripe.Event]:
        """Every received event, verified by the SDK."""
        return [stripe.Webhook.construct_event(body, header, SECRET) for body, header in list(self.raw)]

    def types(self) -> list[str]:
        """The received types, sorted because order is not promised."""
        return sorted(event.type for event in self.events)

    def wait_for(self, enough: Callable[[], bool]) -> None:
        """Return once the condition holds after an arrival; fail the test when it never does."""
        with self.arrived:
            assert self.arrived.wait_for(enough, WAIT_S), f"received only {self.types()}"

    def wait_for_type(self, event_type: str, *, count: int = 1) -> list[stripe.Event]:
        """The first events of a type, once there are enough of them."""
        self.wait_for(lambda: self.types().count(event_type) >= count)
        return [event for event in self.events if event.type == event_type]


@dataclass
class StandIn:
    """One running stand-in, as its caller sees it."""

    url: str
    settings: StripeSettings
    inbox: Inbox

    @property
    def sdk(self) -> stripe.StripeClient:
        """The official client; without retries, so that each answer is seen."""
        return stripe.StripeClient(KEY, base_addresses={"api": self.url}, max_network_retries=0)

    def control(self, method: str, path: str, /, **order: Any) -> Any:
        """Call a control endpoint."""
        response = httpx.request(
            method, f"{self.url}/_test/{path}", json=order or None, headers={"Authorization": f"Bearer {KEY}"}
        )
        response.raise_for_status()
        return response.json()

    def deliveries(self, *, state: str, count: int) -> list[dict[str, Any]]:
        """The deliveries in a state, once there are enough of them."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            found: list[dict[str, Any]] = self.control("GET", f"deliveries?state={state}")["data"]
            if len(found) >= count:
                return found
            time.sleep(POLL_S)
        raise AssertionError(f"fewer than {count} deliveries became {state}")

    def session(self, **params: Any) -> stripe.checkout.Session:
        """A session for one pack of $10.00."""
        price = {"currency": "usd", "unit_amount": 1000, "product_data": {"name": "Starter"}}
        values = {
            "mode": "payment",
            "line_items": [{"price_data": price, "quantity": 1}],
            "success_url": "https://shop.example/done?session={CHECKOUT_SESSION_ID}",
            "cancel_url": "https://shop.example/cancelled",
            **params,
        }
        return self.sdk.v1.checkout.sessions.create(values)  # type: ignore[arg-type]

    def submit(
        self, session: stripe.checkout.Session, action: str, email: str = "ada@example.com"
    ) -> httpx.Response:
        """Press a button of the hosted page."""
        return httpx.post(f"{self.url}/c/pay/{session.id}", data={"action": action, "email": email})


@pytest.fixture
def inbox() -> Inbox:
    """An empty inbox."""
    return Inbox()


@pytest.fixture
def inbox_url(inbox: Inbox) -> Iterator[str]:
    """The inbox behind a real web server."""
    with running(Starlette(routes=[Route("/hooks", inbox.take, methods=["POST"])])) as url:
        yield f"{url}/hooks"


@pytest.fixture
def settings(tmp_path: Path, inbox_url: str) -> StripeSettings:
    """Fast retries and settlements, state in the test's own folder."""
    return StripeSettings(
        api_key=SecretStr(KEY),
        data_folder=tmp_path,
        webhook_url=inbox_url,
        webhook_secret=SecretStr(SECRET),
        webhook_retry_delays_s=(0.01, 0.02, 0.05),
        async_payment_delay_s=0.05,
    )


@pytest.fixture
def standin(settings: StripeSettings, inbox: Inbox) -> Iterator[StandIn]:
    """The running stand-in."""
    with running(create_app(settings)) as url:
        yield StandIn(url, settings, inbox)
