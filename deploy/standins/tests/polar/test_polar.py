"""The Polar stand-in, by the official SDK, and an endpoint that takes its webhooks."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from polar import PolarClientError
from polar.v2026_10 import Polar
from polar.v2026_10.errors import HTTPValidationError, RefundedAlready, ResourceNotFound
from polar.v2026_10.webhooks import PolarWebhookVerificationError, validate_event
from pydantic import SecretStr
from standins.polar.app import create_app
from standins.polar.settings import PolarSettings
from standins.serving import running
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

TOKEN, SECRET = "polar_oat_of_these_tests", "polar_whs_of_these_tests"
WAIT_S = 10.0
PRICE: Any = {"amount_type": "fixed", "price_amount": 1000, "price_currency": "usd"}
ABSENT = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


@dataclass
class Inbox:
    """What the webhook endpoint received; refuses as often as it is told to, first."""

    refusals: int = 0
    raw: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    async def take(self, request: Request) -> Response:
        body = await request.body()
        with self.arrived:
            self.raw.append((body, dict(request.headers)))
            self.refusals -= 1
            self.arrived.notify_all()
        return Response(status_code=503 if self.refusals >= 0 else 200)

    def types(self) -> list[str]:
        """The kinds of what arrived, sorted because order is not promised."""
        return sorted(json.loads(body)["type"] for body, _ in list(self.raw))

    def read(self) -> set[str]:
        """The kinds of what arrived, each verified and read by the SDK."""
        return {validate_event(body, headers, SECRET).type for body, headers in list(self.raw)}

    def wait_for(self, enough: Callable[[], bool]) -> None:
        with self.arrived:
            assert self.arrived.wait_for(enough, WAIT_S), f"received only {self.types()}"


@dataclass
class Shop:
    """One running stand-in, as its caller sees it."""

    url: str
    sdk: Polar
    inbox: Inbox

    def page(self) -> Any:
        """A page for one pack, for a customer."""
        product = self.sdk.products.create(name="Starter", prices=[PRICE], metadata={"price_name": "s"})
        customer = self.sdk.customers.create(email="ada@example.com", external_id="usr_1")
        return self.sdk.checkouts.create(
            products=[product.id],
            customer_id=customer.id,
            success_url="https://shop.example/done?checkout={CHECKOUT_ID}",
            metadata={"checkout_id": "chk_1"},
        )

    def press(self, page: Any, action: str, **form: str) -> httpx.Response:
        """Press a button of the hosted page."""
        return httpx.post(page.url, data={"action": action, **form})

    def control(self, path: str, **order: Any) -> Any:
        """Call a control endpoint."""
        answer = httpx.post(
            f"{self.url}/_test/{path}", json=order, headers={"authorization": f"Bearer {TOKEN}"}
        )
        answer.raise_for_status()
        return answer.json()

    def bought(self) -> Any:
        """The order of a page that was paid."""
        page = self.page()
        assert self.press(page, "pay").status_code == 303
        return self.sdk.orders.list(checkout_id=page.id).items[0]


@pytest.fixture
def inbox() -> Inbox:
    """An empty inbox."""
    return Inbox()


@pytest.fixture
def shop(tmp_path: Path, inbox: Inbox) -> Iterator[Shop]:
    """The running stand-in, with 20 % of tax, fast retries and settlements."""
    with running(Starlette(routes=[Route("/hooks", inbox.take, methods=["POST"])])) as hooks:
        settings = PolarSettings(
            access_token=SecretStr(TOKEN),
            data_folder=tmp_path,
            webhook_url=f"{hooks}/hooks",
            webhook_secret=SecretStr(SECRET),
            webhook_retry_delays_s=(0.01, 0.02),
            async_payment_delay_s=0.05,
            tax_percent=20,
        )
        with running(create_app(settings)) as url:
            yield Shop(url, Polar(TOKEN, base_url=url), inbox)


def test_a_person_pays_on_the_page_once(shop: Shop) -> None:
    """Tax comes on top; a second click pays nothing; the order carries what the page did."""
    page = shop.page()
    assert (page.status, page.amount, page.tax_amount, page.total_amount) == ("open", 1000, None, 1000)
    assert "Pay</button>" in httpx.get(page.url).text
    for _ in range(2):
        answer = shop.press(page, "pay")
        assert answer.status_code == 303
        assert answer.headers["location"] == f"https://shop.example/done?checkout={page.id}"
    paid = shop.sdk.checkouts.get(page.id)
    assert (paid.status, paid.tax_amount, paid.total_amount) == ("succeeded", 200, 1200)
    (order,) = shop.sdk.orders.list(checkout_id=page.id).items
    assert (order.paid, order.total_amount, order.metadata) == (True, 1200, {"checkout_id": "chk_1"})
    shop.inbox.wait_for(lambda: len(shop.inbox.raw) == 6)
    assert shop.inbox.types() == [
        "checkout.created",
        "checkout.updated",
        "checkout.updated",
        "order.created",
        "order.paid",
        "product.created",
    ]


def test_a_page_that_is_not_paid_stays_open_or_expires(shop: Shop) -> None:
    """A declined card, and a bank debit that fails, leave it open; an expired one takes nothing."""
    page = shop.page()
    assert shop.press(page, "decline").status_code == 400
    assert shop.press(page, "bank_debit_fails").status_code == 303
    shop.inbox.wait_for(lambda: shop.inbox.types().count("checkout.updated") == 2)
    assert shop.sdk.checkouts.get(page.id).status == "open"
    assert shop.control(f"checkouts/{page.id}/expire")["status"] == "expired"
    assert shop.press(page, "pay").status_code == 410
    assert shop.sdk.orders.list().items == []


def test_refunds_are_without_tax_and_take_their_share_of_it(shop: Shop) -> None:
    """No more than there is, and what failed after all is not refunded."""
    order = shop.bought()
    part = shop.sdk.refunds.create(order_id=order.id, reason="other", amount=400)
    assert (part.status, part.amount, part.tax_amount) == ("succeeded", 400, 80)
    assert shop.sdk.orders.get(order.id).status == "partially_refunded"
    with pytest.raises(HTTPValidationError):
        shop.sdk.refunds.create(order_id=order.id, reason="other", amount=601)
    shop.sdk.refunds.create(order_id=order.id, reason="other", amount=600)
    whole = shop.sdk.orders.get(order.id)
    assert (whole.status, whole.refunded_amount, whole.refunded_tax_amount) == ("refunded", 1000, 200)
    with pytest.raises(RefundedAlready):
        shop.sdk.refunds.create(order_id=order.id, reason="other", amount=1)
    shop.control(f"refunds/{part.id}", status="failed")
    assert shop.sdk.orders.get(order.id).refunded_amount == 600
    shop.inbox.wait_for(lambda: "refund.updated" in shop.inbox.types())
    assert {"checkout.updated", "order.paid", "order.refunded", "refund.created"} <= shop.inbox.read()
    assert [refund.status for refund in shop.sdk.refunds.list(order_id=order.id).items] == [
        "succeeded",
        "failed",
    ]


def test_a_dispute_is_opened_by_the_cardholder_and_no_webhook_tells_of_it(shop: Shop) -> None:
    """It is found in the list alone."""
    page = shop.page()
    shop.press(page, "pay")
    shop.inbox.wait_for(lambda: len(shop.inbox.raw) == 6)
    assert shop.press(page, "dispute").status_code == 200
    (dispute,) = shop.sdk.disputes.list().items
    assert (dispute.status, dispute.amount, dispute.tax_amount) == ("needs_response", 1000, 200)
    shop.control(f"disputes/{dispute.id}", status="lost")
    assert shop.sdk.disputes.get(dispute.id).resolved
    # Whatever is told next comes after what a dispute would have told.
    shop.control(f"checkouts/{shop_page(shop, page).id}/expire")
    shop.inbox.wait_for(lambda: "checkout.expired" in shop.inbox.types())
    assert not [kind for kind in shop.inbox.types() if "dispute" in kind]


def shop_page(shop: Shop, page: Any) -> Any:
    """Another page of the same product and customer."""
    return shop.sdk.checkouts.create(
        products=[page.product_id], customer_id=page.customer_id, success_url="https://shop.example/done"
    )


def test_webhooks_are_tried_again_and_may_come_several_times(shop: Shop) -> None:
    """Under one id, whichever attempt; only the secret that signed them verifies them."""
    shop.inbox.refusals = 1
    shop.control("deliveries/mode", copies=3)
    shop.sdk.products.create(name="Starter", prices=[PRICE])
    shop.inbox.wait_for(lambda: len(shop.inbox.raw) == 4)
    assert len({headers["webhook-id"] for _, headers in shop.inbox.raw}) == 1
    body, headers = shop.inbox.raw[0]
    with pytest.raises(PolarWebhookVerificationError):
        validate_event(body, headers, "polar_whs_of_somebody_else")
    with pytest.raises(PolarWebhookVerificationError):
        validate_event(body + b" ", headers, SECRET)


def test_a_product_tells_what_became_of_it(shop: Shop) -> None:
    """Another price and that it is archived, each with what is in force then; looking at it tells nothing."""
    product = shop.sdk.products.create(name="Starter", prices=[PRICE], metadata={"price_name": "s"})
    shop.sdk.products.update(product.id, prices=[{**PRICE, "price_amount": 1300}])
    shop.sdk.products.update(product.id, is_archived=True)
    assert len(shop.sdk.products.list(metadata={"price_name": "s"}).items) == 1
    shop.inbox.wait_for(lambda: len(shop.inbox.raw) == 3)
    assert shop.inbox.read() == {"product.created", "product.updated"}
    told = [json.loads(body)["data"] for body, _ in shop.inbox.raw]
    said = [(data["is_archived"], [price["price_amount"] for price in data["prices"]]) for data in told]
    assert sorted(said) == [(False, [1000]), (False, [1300]), (True, [1300])]
    assert {data["id"] for data in told} == {product.id}


def test_what_is_refused(shop: Shop) -> None:
    """As Polar refuses it: a wrong token, ids that are none, what is there already, what is gone."""
    page = shop.page()
    with pytest.raises(PolarClientError) as refused:
        Polar("polar_oat_of_somebody_else", base_url=shop.url).products.list()
    assert refused.value.status_code == 401
    for absent, error in ((ABSENT, ResourceNotFound), ("nobody", HTTPValidationError)):
        with pytest.raises(error):
            shop.sdk.checkouts.get(absent)
    with pytest.raises(HTTPValidationError) as taken:
        shop.sdk.customers.create(email="ADA@example.com", external_id="usr_1")
    assert [problem.loc[-1] for problem in taken.value.error.detail or []] == ["email", "external_id"]
    shop.sdk.customers.delete(page.customer_id)
    with pytest.raises(HTTPValidationError):
        shop_page(shop, page)
    with pytest.raises(ResourceNotFound):
        shop.sdk.customers.get_external("usr_1")


def test_a_price_that_was_replaced_is_not_paid(shop: Shop) -> None:
    """Its page can be opened no more; the product is sold at the new one."""
    page = shop.page()
    shop.sdk.products.update(page.product_id, prices=[{**PRICE, "price_amount": 1500}])
    answer = shop.press(page, "pay")
    assert (answer.status_code, "Price is archived." in answer.text) == (400, True)
    assert shop_page(shop, page).amount == 1500
    found = shop.sdk.products.list(metadata={"price_name": "s"}).items
    assert [[price.price_amount for price in product.prices] for product in found] == [[1500]]  # type: ignore[union-attr]
