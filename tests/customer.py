"""A customer of a running stack, who buys, generates and asks for the money back."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
import stripe
from tintype_local.secrets_file import load_or_make
from tintype_local.state import StackState

WELCOME, PACK = 1000, 1000
SETTLE_S = 60.0
ENDED = {"succeeded", "failed", "cancelled", "rejected"}


class Customer:
    """One user of the running stack, their bank, and the shop's Stripe account."""

    def __init__(self, stack: StackState) -> None:
        self.api = httpx.Client(base_url=stack.url("gateway"), timeout=30)
        self.email = f"money-{uuid4().hex[:10]}@example.com"
        who = {"email": self.email, "password": "a sentence is a good password"}
        answer = self._post("/v1/auth/signup", who)
        self.account_id = str(answer["user"]["id"])
        self.api.headers["Authorization"] = f"Bearer {answer['access_token']}"
        secrets = load_or_make(stack.data_folder / "secrets.json")
        self.stripe = stripe.StripeClient(
            secrets["stripe_key"], base_addresses={"api": stack.url("stripe")}
        ).v1
        self._courier = (f"{stack.url('stripe')}/_test/deliveries/mode", (secrets["stripe_key"], ""))

    def log_in(self) -> None:
        """Sign in again: with whatever may be done now."""
        who = {"email": self.email, "password": "a sentence is a good password"}
        answer = self._post("/v1/auth/login", who)
        self.api.headers["Authorization"] = f"Bearer {answer['access_token']}"

    def buy(self) -> tuple[str, str]:
        """Buy a pack; return its page and its payment, once the credits are there."""
        available = self.balance()["available"]
        url = self.open_checkout()
        self.press(url, "pay")
        self.wait_for(available=available + PACK)
        return url, self.api.get("/v1/purchases").json()["data"][0]["payment_id"]

    def open_checkout(self) -> str:
        """Open the page on which a pack is paid for; return its address."""
        return str(self._post("/v1/checkout", {"pack": "starter"})["url"])

    def open_plan_checkout(self, plan: str, *, interval: str = "month") -> str:
        """Open the page on which a plan is paid for; return its address."""
        return str(self._post("/v1/checkout", {"plan": plan, "interval": interval})["url"])

    def change_plan(self, plan: str, *, interval: str = "month") -> dict[str, Any]:
        """Change the plan; return what it is then."""
        return self._post("/v1/subscription/change", {"plan": plan, "interval": interval})

    def press(self, url: str, action: str, **fields: str) -> None:
        """Press a button on the hosted page."""
        answer = httpx.post(url, data={"action": action, "email": self.email, **fields})
        assert answer.status_code in (200, 303)

    @contextmanager
    def no_webhooks(self) -> Iterator[None]:
        """Hold back every webhook meanwhile."""
        url, key = self._courier
        httpx.post(url, auth=key, json={"paused": True}).raise_for_status()
        try:
            yield
        finally:
            httpx.post(url, auth=key, json={"paused": False}).raise_for_status()

    def generate(self, model: str, **given: object) -> str:
        """Start a generation."""
        started = self._post("/v1/generations", {"model": model, "input": given})
        return str(started["id"])

    def cancel(self, generation_id: str) -> None:
        """Cancel a generation."""
        self._post(f"/v1/generations/{generation_id}/cancel", {})

    def stop(self, generation_id: str) -> None:
        """Leave nothing running: cancel a generation, unless it has ended by itself meanwhile."""
        answer = self.api.post(f"/v1/generations/{generation_id}/cancel", json={})
        if answer.status_code == httpx.codes.CONFLICT:
            now = self.api.get(f"/v1/generations/{generation_id}").raise_for_status().json()["status"]
            assert now in ENDED
        else:
            answer.raise_for_status()

    def balance(self) -> dict[str, int]:
        """The balance now."""
        balance: dict[str, int] = self.api.get("/v1/balance").json()
        return balance

    def wait_for(self, **expected: int) -> None:
        """Wait until the balance is as expected."""
        wanted = {"held": 0, "debt": 0, **expected}
        until(lambda: {name: self.balance()[name] for name in wanted} == wanted, str(wanted))

    def _post(self, path: str, body: dict[str, object]) -> dict[str, Any]:
        answer = self.api.post(path, json=body, headers={"Idempotency-Key": uuid4().hex})
        answer.raise_for_status()
        content: dict[str, Any] = answer.json()
        return content


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for a condition. Not asyncio: the browser tests beside this one hold the thread's event loop."""
    deadline = time.monotonic() + SETTLE_S
    while not holds():
        assert time.monotonic() < deadline, f"it never came to {what}"
        time.sleep(0.1)
