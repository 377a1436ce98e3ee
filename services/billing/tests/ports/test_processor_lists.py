"""The processor's lists: one suite over the one that tests play, Stripe's and Polar's, by their SDKs."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
import stripe
from billing.adapters.outbound.memory.processor import MemoryProcessor
from billing.adapters.outbound.polar import lists as polar_lists
from billing.adapters.outbound.polar.processor import PolarProcessor
from billing.adapters.outbound.stripe import lists as stripe_lists
from billing.adapters.outbound.stripe.processor import StripeProcessor
from billing.application.list_processor_payments import ListProcessorPaymentsHandler
from billing.domain.dispute import DisputeState
from billing.domain.errors import UnknownToProcessor
from billing.domain.refund import RefundStatus
from billing.ports.payment_processor import PaymentProcessor
from billing_support import BillingUnderTest, billing_in_memory
from polar.v2026_10 import Polar
from pydantic import SecretStr
from standins.polar.app import create_app as create_polar
from standins.polar.settings import PolarSettings
from standins.serving import running
from standins.stripe.app import create_app
from standins.stripe.settings import StripeSettings

KEY = "sk_test_billing"
POLAR_TOKEN = "polar_oat_billing"


class Shop(Protocol):
    """A processor, and what its visitors and banks do. Pages of its lists hold two."""

    processor: PaymentProcessor

    async def open(self) -> str:
        """Open a page of ours that nobody pays."""

    async def buy(self, *, free: bool = False) -> str:
        """Buy a pack on a page of ours, or have it for nothing; return the payment."""

    async def sell_elsewhere(self) -> str:
        """Another product of the same account sells something; return the payment."""

    async def refund(self, payment_id: str, amount_minor: int) -> str:
        """Refund a part of a payment."""

    async def dispute(self, payment_id: str) -> str:
        """Have the payer's bank take a payment's money."""


class PlayedShop:
    """The processor in memory."""

    def __init__(self, billing: BillingUnderTest) -> None:
        self.billing = billing
        self.processor: MemoryProcessor = billing.processor
        self.processor.page_size = 2
        # As Stripe's clock is: lists are asked for since a time of the real one.
        billing.clock.time = datetime.now(UTC)

    async def open(self) -> str:
        return (await self.billing.open()).checkout.page_id or ""

    async def buy(self, *, free: bool = False) -> str:
        session = await self.open()
        if free:
            self.processor.order_at_no_cost(session)
            return session
        self.processor.pay(session)
        return self.processor.sessions[session].payment_id or ""

    async def sell_elsewhere(self) -> str:
        payment = await self.buy()
        self.processor.payments[payment] = replace(self.processor.payments[payment], reference=None)
        (session,) = [one for one in self.processor.sessions.values() if one.payment_id == payment]
        self.processor.sessions[session.page_id] = replace(session, reference=None)
        return payment

    async def refund(self, payment_id: str, amount_minor: int) -> str:
        refund_id = f"re_{len(self.processor.payments[payment_id].refunds)}_{payment_id}"
        self.processor.refund(payment_id, refund_id, amount_minor, RefundStatus.SUCCEEDED)
        return refund_id

    async def dispute(self, payment_id: str) -> str:
        self.processor.dispute(payment_id, f"dp_{payment_id}", 1000, DisputeState.OPENED)
        return f"dp_{payment_id}"


class StripeShop:
    """A server that speaks Stripe's API, by the official SDK."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sdk: Any = stripe.StripeClient(KEY, base_addresses={"api": url}).v1
        self.processor: PaymentProcessor = StripeProcessor(secret_key=KEY, api_url=url, promotion_codes=True)
        self._sessions: dict[str, str] = {}

    async def open(self) -> str:
        return str(self._page({"checkout_id": "chk_1"}).id)

    async def buy(self, *, free: bool = False) -> str:
        return self._paid(self._page({"checkout_id": "chk_1"}), "FREE" if free else "")

    async def sell_elsewhere(self) -> str:
        return self._paid(self._page({"order": "7"}))

    async def refund(self, payment_id: str, amount_minor: int) -> str:
        return str(self.sdk.refunds.create({"payment_intent": payment_id, "amount": amount_minor}).id)

    async def dispute(self, payment_id: str) -> str:
        self._press(self._sessions[payment_id], action="dispute")
        return str(self.sdk.disputes.list({"payment_intent": payment_id}).data[0].id)

    def _page(self, metadata: dict[str, str]) -> Any:
        price = {"currency": "usd", "unit_amount": 1000, "product_data": {"name": "Starter"}}
        return self.sdk.checkout.sessions.create(
            {
                "mode": "payment",
                "allow_promotion_codes": True,
                "line_items": [{"price_data": price, "quantity": 1}],
                "success_url": "https://app.example/done",
                "metadata": metadata,
                "payment_intent_data": {"metadata": metadata},
            }
        )

    def _paid(self, session: Any, promotion_code: str = "") -> str:
        if promotion_code:
            coupon = self.sdk.coupons.create({"percent_off": 100})
            promotion = {"type": "coupon", "coupon": coupon.id}
            self.sdk.promotion_codes.create({"promotion": promotion, "code": promotion_code})
        self._press(session.id, action="pay", promotion_code=promotion_code)
        payment = self.sdk.checkout.sessions.retrieve(session.id).payment_intent or session.id
        self._sessions[payment] = session.id
        return str(payment)

    def _press(self, session_id: str, **form: str) -> None:
        form = {name: value for name, value in form.items() if value}
        answer = httpx.post(f"{self.url}/c/pay/{session_id}", data={"email": "a@example.com", **form})
        assert answer.status_code in (200, 303), answer.text


class PolarShop:
    """A server that speaks Polar's API, by the official SDK."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sdk: Any = Polar(POLAR_TOKEN, base_url=url)
        self.processor: PaymentProcessor = PolarProcessor(access_token=POLAR_TOKEN, api_url=url)
        price = {"amount_type": "fixed", "price_amount": 1000, "price_currency": "usd"}
        self.product = self.sdk.products.create(name="Starter", prices=[price])
        self.customer = self.sdk.customers.create(email="a@example.com")

    async def open(self) -> str:
        return str(self._page({"checkout_id": "chk_1"}).id)

    async def buy(self, *, free: bool = False) -> str:
        return self._paid(self._page({"checkout_id": "chk_1"}), is_free=free)

    async def sell_elsewhere(self) -> str:
        return self._paid(self._page({"order": "7"}))

    async def refund(self, payment_id: str, amount_minor: int) -> str:
        made = self.sdk.refunds.create(order_id=payment_id, reason="other", amount=amount_minor)
        return str(made.id)

    async def dispute(self, payment_id: str) -> str:
        token = {"authorization": f"Bearer {POLAR_TOKEN}"}
        async with httpx.AsyncClient(base_url=self.url, headers=token) as control:
            answer = await control.post("/_test/disputes", json={"order_id": payment_id})
        return str(answer.json()["id"])

    def _page(self, metadata: dict[str, str]) -> Any:
        return self.sdk.checkouts.create(
            products=[self.product.id],
            customer_id=self.customer.id,
            success_url="https://app.example/done",
            metadata=metadata,
        )

    def _paid(self, page: Any, *, is_free: bool = False) -> str:
        form = {"action": "pay"}
        if is_free:
            discount = {"name": "All", "type": "percentage", "duration": "once", "basis_points": 10_000}
            form["discount_code"] = self.sdk.discounts.create(**discount, code="ALL").code
        assert httpx.post(page.url, data=form).status_code == 303
        return str(page.id if is_free else self.sdk.orders.list(checkout_id=page.id).items[0].id)


@pytest.fixture(params=["memory", "stripe", "polar"])
def shop(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """Each processor."""
    if request.param == "memory":
        yield PlayedShop(billing_in_memory())
        return
    if request.param == "polar":
        monkeypatch.setattr(polar_lists, "PAGE_MAX", 2)
        of_polar = PolarSettings(data_folder=tmp_path, access_token=SecretStr(POLAR_TOKEN))
        with running(create_polar(of_polar)) as url:
            yield PolarShop(url)
        return
    monkeypatch.setattr(stripe_lists, "PAGE_MAX", 2)
    settings = StripeSettings(data_folder=tmp_path, api_key=SecretStr(KEY))
    with running(create_app(settings)) as url:
        yield StripeShop(url)


def hour_ago() -> datetime:
    """Before everything that a test does."""
    return datetime.now(UTC) - timedelta(hours=1)


async def whole(list_page: Any) -> list[Any]:
    """A list over all its pages, which hold two at most and meet."""
    items: list[Any] = []
    after = None
    for _ in range(10):
        page = await list_page(since=hour_ago(), after=after)
        assert len(page.items) <= 2
        items += page.items
        if (after := page.next_after) is None:
            return items
    raise AssertionError("the list has no end")


async def test_refunds_are_listed_newest_first_with_whose_they_are(shop: Shop) -> None:
    """Over pages without gap or overlap; another product's carries no reference of ours."""
    ours, others = await shop.buy(), await shop.sell_elsewhere()
    made = [await shop.refund(ours, 10) for _ in range(4)] + [await shop.refund(others, 10)]
    listed = await whole(shop.processor.list_refunds)
    assert [one.refund.refund_id for one in listed] == made[::-1]
    assert [one.payment_id for one in listed] == [others, ours, ours, ours, ours]
    assert [bool(one.reference) for one in listed] == [False, True, True, True, True]
    assert {(one.refund.amount_minor, one.refund.status) for one in listed} == {(10, RefundStatus.SUCCEEDED)}


async def test_disputes_are_listed_newest_first_with_whose_they_are(shop: Shop) -> None:
    """Likewise, with where their money is."""
    payments = [await shop.buy(), await shop.buy(), await shop.sell_elsewhere()]
    made = [await shop.dispute(payment) for payment in payments]
    listed = await whole(shop.processor.list_disputes)
    assert [(one.dispute_id, one.payment_id) for one in listed] == [*zip(made, payments, strict=True)][::-1]
    assert [bool(one.reference) for one in listed] == [False, True, True]
    assert {one.state for one in listed} == {DisputeState.OPENED}


async def test_payments_are_listed_and_what_nobody_paid_is_not(shop: Shop) -> None:
    """What was had for nothing is there by its session."""
    await shop.open()
    ours, free, others = await shop.buy(), await shop.buy(free=True), await shop.sell_elsewhere()
    listed = await whole(shop.processor.list_payments)
    seen = [(one.payment_id, one.amount_minor, one.currency, bool(one.reference)) for one in listed]
    assert seen == [(others, 1000, "usd", False), (free, 0, "usd", True), (ours, 1000, "usd", True)]
    assert all(abs(one.paid_at - datetime.now(UTC)) < timedelta(minutes=5) for one in listed)


async def test_what_is_older_is_left_out_and_a_place_that_is_gone_is_said(shop: Shop) -> None:
    """A scan can tell an end from a mistake."""
    payment = await shop.buy()
    await shop.refund(payment, 10)
    processor = shop.processor
    for list_page in (processor.list_refunds, processor.list_disputes, processor.list_payments):
        page = await list_page(since=datetime.now(UTC) + timedelta(minutes=5), after=None)
        assert (list(page.items), page.next_after) == ([], None)
        with pytest.raises(UnknownToProcessor):
            await list_page(since=hour_ago(), after="re_gone")


async def test_our_payments_are_told_with_all_that_became_of_them(shop: Shop) -> None:
    """For reconciliation: refunds added up, disputes by id, others' left out."""
    disputed, refunded, free = await shop.buy(), await shop.buy(), await shop.buy(free=True)
    others = await shop.sell_elsewhere()
    await shop.refund(refunded, 300)
    await shop.refund(refunded, 200)
    await shop.refund(others, 100)
    dispute = await shop.dispute(disputed)
    told = {one.payment_id: one async for one in ListProcessorPaymentsHandler(shop.processor)()}
    assert {key: (one.amount_minor, one.refunded_minor, one.disputes) for key, one in told.items()} == {
        disputed: (1000, 0, {dispute: DisputeState.OPENED}),
        refunded: (1000, 500, {}),
        free: (0, 0, {}),
    }
    assert all(abs(one.moved_at - datetime.now(UTC)) < timedelta(minutes=5) for one in told.values())
