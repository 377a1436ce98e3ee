"""Money that goes back at Stripe takes its credits back, end to end: refunds, debt, a dispute that is won."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx
import pytest
import stripe
from tintype_local.secrets_file import load_or_make
from tintype_local.state import StackState

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

WELCOME, PACK, SKETCH, FILM = 1000, 1000, 5, 1200
SETTLE_S = 60.0


class Customer:
    """One user of the running stack, their bank, and the shop's Stripe account."""

    def __init__(self, stack: StackState) -> None:
        self.api = httpx.Client(base_url=stack.url("gateway"), timeout=30)
        self.email = f"money-{uuid4().hex[:10]}@example.com"
        who = {"email": self.email, "password": "a sentence is a good password"}
        self.api.headers["Authorization"] = f"Bearer {self._post('/v1/auth/signup', who)['access_token']}"
        secrets = load_or_make(stack.data_folder / "secrets.json")
        self.stripe = stripe.StripeClient(
            secrets["stripe_key"], base_addresses={"api": stack.url("stripe")}
        ).v1
        self._courier = (f"{stack.url('stripe')}/_test/deliveries/mode", (secrets["stripe_key"], ""))

    def buy(self) -> tuple[str, str]:
        """Buy a pack; return its page and its payment, once the credits are there."""
        available = self.balance()["available"]
        url = self._post("/v1/checkout", {"pack": "starter"})["url"]
        self.press(url, "pay")
        self.wait_for(available=available + PACK)
        return url, self.api.get("/v1/purchases").json()["data"][0]["payment_id"]

    def press(self, url: str, action: str) -> None:
        """Press a button on the hosted page."""
        answer = httpx.post(url, data={"action": action, "email": self.email})
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

    def balance(self) -> dict[str, int]:
        """The balance now."""
        balance: dict[str, int] = self.api.get("/v1/balance").json()
        return balance

    def wait_for(self, **expected: int) -> None:
        """Wait until the balance is as expected."""
        wanted = {"held": 0, "debt": 0, **expected}
        until(lambda: {name: self.balance()[name] for name in wanted} == wanted, str(wanted))

    def _post(self, path: str, body: dict[str, object]) -> dict[str, object]:
        answer = self.api.post(path, json=body, headers={"Idempotency-Key": uuid4().hex})
        answer.raise_for_status()
        content: dict[str, object] = answer.json()
        return content


@pytest.fixture
def customer(stack: StackState) -> Iterator[Customer]:
    """A new customer with the welcome credits."""
    one = Customer(stack)
    one.wait_for(available=WELCOME)
    yield one
    one.api.close()


def test_refunds_take_credits_back_and_leave_a_debt(customer: Customer, stack: StackState) -> None:
    """Part of the money, then all of it: what is held already is owed, and paid by what comes next."""
    _, payment = customer.buy()
    customer.generate("local/sketch", prompt="a heron")
    customer.wait_for(available=WELCOME + PACK - SKETCH)
    film = customer.generate("local/motion", prompt="fog", duration_s=12, output_count=4, simulate="stall")
    customer.wait_for(available=WELCOME + PACK - SKETCH - FILM, held=FILM)

    customer.stripe.refunds.create({"payment_intent": payment, "amount": 300})
    customer.wait_for(available=495, held=FILM)
    customer.stripe.refunds.create({"payment_intent": payment})
    customer.wait_for(available=0, held=FILM, debt=205)
    with pytest.raises(httpx.HTTPStatusError) as refused:
        customer.generate("local/sketch", prompt="another heron")
    assert refused.value.response.status_code == 402
    assert "205 are owed" in refused.value.response.json()["detail"]
    customer.wait_for(available=0, held=FILM, debt=205)

    customer.cancel(film)
    customer.wait_for(available=WELCOME - SKETCH)
    verify(stack)


def test_a_dispute_that_is_won_gives_the_credits_back(customer: Customer, stack: StackState) -> None:
    """Opened by the cardholder, answered with evidence: taken, and reinstated. A lost one stays taken."""
    page, payment = customer.buy()
    customer.press(page, "dispute")
    customer.wait_for(available=WELCOME)
    (dispute,) = customer.stripe.disputes.list({"payment_intent": payment}).data
    evidence = {"uncategorized_text": "winning_evidence"}
    customer.stripe.disputes.update(dispute.id, {"evidence": evidence})  # type: ignore[typeddict-item]
    customer.wait_for(available=WELCOME + PACK)

    page, payment = customer.buy()
    customer.press(page, "dispute")
    (dispute,) = customer.stripe.disputes.list({"payment_intent": payment}).data
    customer.stripe.disputes.close(dispute.id)
    customer.wait_for(available=WELCOME + PACK)
    entries = customer.api.get("/v1/ledger/entries", params={"kind": "clawback"}).json()["data"]
    assert sorted(entry["amount"] for entry in entries) == [-PACK, -PACK, PACK]
    verify(stack)


def test_a_refund_without_its_webhook_reaches_the_ledger(customer: Customer, stack: StackState) -> None:
    """The lists say it: the credits go, the purchase shows it, and the processor and the books agree."""
    _, payment = customer.buy()
    with customer.no_webhooks():
        customer.stripe.refunds.create({"payment_intent": payment, "amount": 300})
        customer.wait_for(available=WELCOME + PACK - 300)
        (purchase,) = customer.api.get("/v1/purchases").json()["data"]
        assert (purchase["status"], purchase["refunded_minor"]) == ("partially_refunded", 300)
        invariants = {one["invariant"]: one for one in verify(stack)}
    for name in ("processor_matches_payments", "payments_match_processor"):
        assert invariants[name]["checked"] > 0
        assert invariants[name]["pending"] == 0


def verify(stack: StackState) -> list[dict[str, object]]:
    """Check every invariant over the running services, as a person would; return what was found of each."""
    done = subprocess.run(
        [sys.executable, "-m", "tintype_local", "verify", "--json"],
        env={**os.environ, "TINTYPE_DATA_FOLDER": str(stack.data_folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["ok"]
    invariants: list[dict[str, object]] = found["invariants"]
    return invariants


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for a condition. Not asyncio: the browser tests beside this one hold the thread's event loop."""
    deadline = time.monotonic() + SETTLE_S
    while not holds():
        assert time.monotonic() < deadline, f"it never came to {what}"
        time.sleep(0.1)
