"""What every payment processor does for us: the one that tests play, Stripe and Polar by their SDKs."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
import stripe
from billing.adapters.outbound.memory.processor import MemoryProcessor
from billing.adapters.outbound.polar.processor import PolarProcessor
from billing.adapters.outbound.stripe.processor import StripeProcessor
from billing.adapters.outbound.toml_catalogue import load_catalogue
from billing.domain.checkout import Checkout, CheckoutStatus, PaymentStatus
from billing.domain.dispute import DisputeState
from billing.domain.errors import (
    CustomerUnknownToProcessor,
    PaymentProcessorMisconfigured,
    PaymentProcessorRefused,
    PriceChanged,
    UnknownToProcessor,
)
from billing.domain.pack import CatalogueChange
from billing.domain.refund import RefundStatus
from billing.domain.refund_order import RefundOrder
from billing.domain.settlement import ProcessorCheckout
from billing.ports.payment_processor import PaymentProcessor
from polar.v2026_10 import Polar
from pydantic import SecretStr
from standins.polar.app import create_app as create_polar
from standins.polar.settings import PolarSettings
from standins.serving import running
from standins.stripe.app import create_app
from standins.stripe.settings import StripeSettings

KEY = "sk_test_billing"
POLAR_TOKEN = "polar_oat_billing"
PACK = load_catalogue(None).packs[0]
PLAN = load_catalogue(None).plans[1]
CHECKOUT = Checkout(
    checkout_id="chk_1",
    user_id="usr_1",
    idempotency_key="k1",
    pack_id=PACK.pack_id,
    pack_title=PACK.title,
    credits=PACK.credits,
    price_minor=PACK.price_minor,
    currency=PACK.currency,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    opened_at=datetime(2026, 1, 1, tzinfo=UTC),
)


@dataclass(frozen=True, kw_only=True)
class Differences:
    """In what a processor differs from others, within what the port promises."""

    # More than one of a pack can be bought on a page; otherwise whoever asks for more gets one.
    sells_several: bool = True
    # A customer that lives may be replaced; otherwise it stays.
    replaces_the_living: bool = True
    # A payment that is on its way has an id, which stays its own when it fails.
    names_pending_payments: bool = True
    # Money that did not come ends the page; otherwise the page is open again.
    ends_with_a_failure: bool = True


class World(Protocol):
    """A processor, its visitors, its banks, and the account's owner."""

    port: PaymentProcessor
    differences: Differences

    async def act(self, session_id: str, action: str) -> None:
        """Pay, pay nothing, pay for three, promise, fail or let expire."""

    async def dispute(self, payment_id: str) -> None:
        """Have a payment's payer dispute it."""

    async def delete_customer(self, customer_id: str) -> None:
        """Delete a customer at the processor."""

    async def archive(self) -> None:
        """Archive the pack at the processor."""

    async def archive_plan(self) -> None:
        """Archive the plan at the processor."""


@dataclass
class Played:
    """The processor in memory."""

    port: MemoryProcessor
    differences: Differences = field(default_factory=Differences)

    async def act(self, session_id: str, action: str) -> None:
        if action == "pay for three":
            self.port.pay(session_id, quantity=3)
        elif action == "fail":
            self.port.promise(session_id)
            self.port.fail(session_id)
        else:
            acts = {"pay nothing": self.port.order_at_no_cost}
            acts.get(action, getattr(self.port, action, None))(session_id)

    async def dispute(self, payment_id: str) -> None:
        self.port.dispute(payment_id, "dp_1", 1000, DisputeState.OPENED)

    async def delete_customer(self, customer_id: str) -> None:
        self.port.gone.add(customer_id)

    async def archive(self) -> None:
        self.port.archived.add(PACK.price_name)

    async def archive_plan(self) -> None:
        self.port.archived |= {price.price_name for price in PLAN.prices}


@dataclass
class Stripes:
    """Stripe's stand-in, by hand on its page and in its dashboard."""

    port: StripeProcessor
    url: str
    differences: Differences = field(default_factory=Differences)

    @property
    def sdk(self) -> Any:
        return stripe.StripeClient(KEY, base_addresses={"api": self.url}).v1

    async def act(self, session_id: str, action: str) -> None:
        if action == "expire":
            self.sdk.checkout.sessions.expire(session_id)
            return
        form = {"action": "pay", "email": "ada@example.com"}
        if action in ("promise", "fail"):
            form["action"] = "bank_debit_fails" if action == "fail" else "bank_debit"
        if action == "pay nothing":
            coupon = self.sdk.coupons.create({"percent_off": 100})
            promotion = {"type": "coupon", "coupon": coupon.id}
            form["promotion_code"] = self.sdk.promotion_codes.create({"promotion": promotion}).code
        if action == "pay for three":
            (line,) = self.sdk.checkout.sessions.line_items.list(session_id).data
            form[f"quantity_{line.id}"] = "3"
        async with httpx.AsyncClient() as browser:
            answer = await browser.post(f"{self.url}/c/pay/{session_id}", data=form)
        assert answer.status_code == 303

    async def dispute(self, payment_id: str) -> None:
        (session,) = self.sdk.checkout.sessions.list({"payment_intent": payment_id}).data
        async with httpx.AsyncClient() as browser:
            form = {"action": "dispute", "email": "ada@example.com"}
            answer = await browser.post(f"{self.url}/c/pay/{session.id}", data=form)
        assert answer.status_code in (200, 303)

    async def delete_customer(self, customer_id: str) -> None:
        self.sdk.customers.delete(customer_id)

    async def archive(self) -> None:
        self.sdk.products.update(f"tintype_{PACK.pack_id}", {"active": False})

    async def archive_plan(self) -> None:
        self.sdk.products.update(f"tintype_plan_{PLAN.plan_id}", {"active": False})


@dataclass
class Polars:
    """Polar's stand-in, by hand on its page and in its dashboard."""

    port: PolarProcessor
    url: str
    differences: Differences = field(
        default_factory=lambda: Differences(
            sells_several=False,
            replaces_the_living=False,
            names_pending_payments=False,
            ends_with_a_failure=False,
        )
    )

    @property
    def sdk(self) -> Polar:
        return Polar(POLAR_TOKEN, base_url=self.url)

    async def act(self, session_id: str, action: str) -> None:
        if action == "expire":
            await self._post(f"/_test/checkouts/{session_id}/expire")
            return
        form = {"action": {"promise": "bank_debit", "fail": "bank_debit_fails"}.get(action, "pay")}
        if action == "pay for three":
            form["quantity"] = "3"
        if action == "pay nothing":
            discount = {"name": "All", "type": "percentage", "duration": "once", "basis_points": 10_000}
            form["discount_code"] = self.sdk.discounts.create(**discount, code="ALL").code or ""
        page = self.sdk.checkouts.get(session_id).url
        async with httpx.AsyncClient() as browser:
            answer = await browser.post(page, data=form)
        assert answer.status_code == 303

    async def dispute(self, payment_id: str) -> None:
        page = self.sdk.checkouts.get(self.sdk.orders.get(payment_id).checkout_id or "")
        async with httpx.AsyncClient() as browser:
            assert (await browser.post(page.url, data={"action": "dispute"})).status_code == 200

    async def delete_customer(self, customer_id: str) -> None:
        self.sdk.customers.delete(customer_id)

    async def archive(self) -> None:
        (product,) = self.sdk.products.list(metadata={"price_name": PACK.price_name}).items
        self.sdk.products.update(product.id, is_archived=True)

    async def archive_plan(self) -> None:
        raise NotImplementedError("it sells none")

    async def _post(self, path: str) -> None:
        async with httpx.AsyncClient() as client:
            answer = await client.post(
                f"{self.url}{path}", headers={"authorization": f"Bearer {POLAR_TOKEN}"}
            )
        assert answer.status_code == 200, answer.text


@pytest.fixture
def polar_url(tmp_path: Path) -> Iterator[str]:
    """A running stand-in whose bank takes a moment."""
    settings = PolarSettings(
        data_folder=tmp_path, access_token=SecretStr(POLAR_TOKEN), async_payment_delay_s=0.5
    )
    with running(create_polar(settings)) as url:
        yield url


@pytest.fixture
def stripe_url(tmp_path: Path) -> Iterator[str]:
    """A running stand-in whose bank takes a moment."""
    settings = StripeSettings(data_folder=tmp_path, api_key=SecretStr(KEY), async_payment_delay_s=0.5)
    with running(create_app(settings)) as url:
        yield url


@pytest.fixture(params=["memory", "stripe", "polar"])
async def world(request: pytest.FixtureRequest) -> World:
    """Each processor, with the pack on sale."""
    found: World = Played(MemoryProcessor())
    if request.param == "stripe":
        url = request.getfixturevalue("stripe_url")
        found = Stripes(
            StripeProcessor(secret_key=KEY, api_url=url, promotion_codes=True, quantity_max=5), url
        )
    if request.param == "polar":
        url = request.getfixturevalue("polar_url")
        found = Polars(PolarProcessor(access_token=POLAR_TOKEN, api_url=url, promotion_codes=True), url)
    await found.port.publish(PACK)
    return found


async def open_page(world: World, checkout: Checkout = CHECKOUT, *, customer: str = "") -> ProcessorCheckout:
    """Open a page for the user's customer."""
    known = customer or await world.port.open_customer(
        user_id=checkout.user_id, email="ada@example.com", instead_of=None
    )
    return await world.port.open_checkout(
        checkout,
        price_name=PACK.price_name,
        customer_id=known,
        success_url="https://app.example/done",
        cancel_url="https://app.example/back",
    )


async def test_a_customer_is_made_once_for_all_who_ask_alike(world: World) -> None:
    """Whatever their address; instead of another one it is another one, and another user's always is."""

    async def customer(
        instead_of: str | None, *, user_id: str = "usr_1", email: str = "a@example.com"
    ) -> str:
        return await world.port.open_customer(user_id=user_id, email=email, instead_of=instead_of)

    first = set(await asyncio.gather(*(customer(None) for _ in range(3))))
    assert len(first) == 1
    (known,) = first
    assert await customer(None, email="b@example.com") == known
    replaced = {await customer(known), await customer(known)}
    assert len(replaced) == 1
    assert (replaced != first) == world.differences.replaces_the_living
    assert await customer(None, user_id="usr_2", email="c@example.com") not in first | replaced


async def test_a_customer_is_forgotten_for_good(world: World) -> None:
    """Again is no error; nothing is sold to them any more, and whoever never was is no error either."""
    customer = await world.port.open_customer(user_id="usr_1", email="ada@example.com", instead_of=None)
    for _ in range(2):
        await world.port.forget_customer(customer)
    with pytest.raises(CustomerUnknownToProcessor):
        await open_page(world, customer=customer)


async def test_a_page_is_opened_once(world: World) -> None:
    """Another page of the checkout, and another checkout, are others."""
    first = await open_page(world)
    assert (first.status, first.payment_status, first.is_paid) == (
        CheckoutStatus.OPEN,
        PaymentStatus.UNPAID,
        False,
    )
    assert (first.amount_minor, first.currency, first.reference) == (1000, "usd", "chk_1")
    assert first.url
    assert first.expires_at
    assert (await open_page(world)).page_id == first.page_id
    second = await open_page(world, replace(CHECKOUT, page=2))
    other = await open_page(world, replace(CHECKOUT, checkout_id="chk_2"))
    assert len({first.page_id, second.page_id, other.page_id}) == 3


@pytest.mark.parametrize(
    ("action", "status", "payment_status", "amount_minor", "quantity"),
    [
        ("pay", CheckoutStatus.COMPLETE, PaymentStatus.PAID, 1000, 1),
        ("pay for three", CheckoutStatus.COMPLETE, PaymentStatus.PAID, 3000, 3),
        ("pay nothing", CheckoutStatus.COMPLETE, PaymentStatus.NO_PAYMENT_REQUIRED, 0, 1),
        ("promise", CheckoutStatus.COMPLETE, PaymentStatus.PROCESSING, 1000, 1),
        ("fail", CheckoutStatus.COMPLETE, PaymentStatus.FAILED, 1000, 1),
        ("expire", CheckoutStatus.EXPIRED, PaymentStatus.UNPAID, 1000, 1),
    ],
)
async def test_a_page_says_what_became_of_it(
    world: World,
    action: str,
    status: CheckoutStatus,
    payment_status: PaymentStatus,
    amount_minor: int,
    quantity: int,
) -> None:
    """Its status, its money, how much of it was bought; it has no address any more."""
    if action == "pay for three" and not world.differences.sells_several:
        amount_minor, quantity = 1000, 1
    opened = await open_page(world)
    await world.act(opened.page_id, action)
    seen = await world.port.find_checkout(opened.page_id)
    reopens = action == "fail" and not world.differences.ends_with_a_failure
    if reopens:
        status, payment_status = CheckoutStatus.OPEN, PaymentStatus.UNPAID
    async with asyncio.timeout(20):
        while seen.payment_status is not payment_status:
            assert seen.payment_status is PaymentStatus.PROCESSING
            seen = await world.port.find_checkout(opened.page_id)
    assert seen.url == (opened.url if reopens else None)
    assert (seen.status, seen.amount_minor, seen.quantity) == (status, amount_minor, quantity)
    assert (seen.page_id, seen.reference, seen.currency) == (opened.page_id, "chk_1", "usd")
    is_named = world.differences.names_pending_payments
    has_payment = action in ("pay", "pay for three") or (is_named and action in ("promise", "fail"))
    assert (seen.payment_id is not None) == has_payment
    assert seen.is_paid == (payment_status in (PaymentStatus.PAID, PaymentStatus.NO_PAYMENT_REQUIRED))


async def test_a_customer_that_is_gone_is_told_apart(world: World) -> None:
    """It is not the pack, and no outage."""
    customer = await world.port.open_customer(user_id="usr_1", email="ada@example.com", instead_of=None)
    await world.delete_customer(customer)
    with pytest.raises(CustomerUnknownToProcessor):
        await open_page(world, customer=customer)
    renewed = await world.port.open_customer(user_id="usr_1", email="ada@example.com", instead_of=customer)
    assert (await open_page(world, customer=renewed)).url


async def test_what_is_archived_is_ours_to_repair(world: World) -> None:
    """It is not on sale until it is published again, which says so; then there is nothing to do."""
    await world.archive()
    with pytest.raises(PaymentProcessorMisconfigured):
        await open_page(world)
    assert list(await world.port.publish(PACK)) == [CatalogueChange.PRODUCT_UNARCHIVED]
    assert list(await world.port.publish(PACK)) == []
    assert (await open_page(world)).url


async def test_prices_are_told_as_they_are_asked_now(world: World) -> None:
    """By their names: a changed one is another; what is withdrawn is there; what never was is not."""
    other = load_catalogue(None).packs[1]
    names = (PACK.price_name, other.price_name)
    await world.port.publish(PACK)
    (known,) = (await world.port.prices_of(names)).values()
    assert (known.price_name, known.price_minor, known.currency) == (PACK.price_name, 1000, "usd")
    assert (known.is_on_sale, known.interval, known.article_id != "") == (True, None, True)
    await world.port.publish(replace(PACK, price_minor=1500))
    await world.port.publish(other)
    await world.archive()
    found = await world.port.prices_of(names)
    assert found[PACK.price_name] == replace(known, price_minor=1500, is_on_sale=False)
    assert (found[other.price_name].price_minor, found[other.price_name].is_on_sale) == (2500, True)
    assert await world.port.prices_of([]) == {}


async def test_a_plan_has_a_price_for_each_interval(world: World) -> None:
    """Which says by what it is paid; who sells no plans knows of none."""
    names = [price.price_name for price in PLAN.prices]
    if not world.port.sells_plans:
        assert await world.port.prices_of(names) == {}
        return
    await world.port.publish_plan(PLAN)
    found = await world.port.prices_of(names)
    assert [(found[name].interval, found[name].price_minor) for name in names] == [
        ("month", 2900),
        ("year", 29000),
    ]


async def test_a_page_with_another_price_is_not_opened(world: World) -> None:
    """It is told apart from what can't be sold at all; at the price that is asked the page is opened."""
    await world.port.publish(replace(PACK, price_minor=1500))
    with pytest.raises(PriceChanged):
        await open_page(world)
    dearer = replace(CHECKOUT, price_minor=1500)
    customer = await world.port.open_customer(user_id="usr_1", email="ada@example.com", instead_of=None)
    opened = await world.port.open_checkout(
        dearer,
        price_name=PACK.price_name,
        customer_id=customer,
        success_url="https://app.example/done",
        cancel_url="https://app.example/billing",
    )
    assert (opened.amount_minor, opened.url is not None) == (1500, True)


async def test_a_plan_is_published_at_each_of_its_prices(world: World) -> None:
    """Once; what changed is a new price, what was archived is on sale again. Who sells none says so."""
    if not world.port.sells_plans:
        with pytest.raises(PaymentProcessorRefused, match="sells no plans"):
            await world.port.publish_plan(PLAN)
        return
    created = [CatalogueChange.PRICE_CREATED] * 2
    assert [*await world.port.publish_plan(PLAN)][-2:] == created
    assert [*await world.port.publish_plan(PLAN)] == []
    month, year = PLAN.prices
    dearer = replace(PLAN, prices=(month, replace(year, price_minor=30000)))
    assert [*await world.port.publish_plan(dearer)] == [CatalogueChange.PRICE_CREATED]
    await world.archive_plan()
    assert [*await world.port.publish_plan(dearer)] == [CatalogueChange.PRODUCT_UNARCHIVED]


async def test_what_nobody_made_is_unknown(world: World) -> None:
    """Checkouts, payments and disputes alike."""
    for asked in (
        world.port.find_checkout("cs_nobody"),
        world.port.find_payment("pi_nobody"),
        world.port.find_dispute("dp_nobody"),
    ):
        with pytest.raises(UnknownToProcessor):
            await asked


async def paid(world: World, checkout: Checkout = CHECKOUT) -> RefundOrder:
    """Pay a page; return an order that sends 400 of its 1000 back."""
    opened = await open_page(world, checkout)
    await world.act(opened.page_id, "pay")
    payment_id = (await world.port.find_checkout(opened.page_id)).payment_id
    assert payment_id is not None
    return RefundOrder(
        order_id="rfo_1",
        purchase_id="pay_1",
        user_id="usr_1",
        payment_id=payment_id,
        asked_minor=400,
        amount_minor=400,
        reason="Bought by mistake",
        actor="usr_admin",
        idempotency_key="k1",
        created_at=CHECKOUT.created_at,
        due_at=CHECKOUT.created_at,
    )


async def test_an_order_is_one_refund(world: World) -> None:
    """Of exactly its amount, however many carry it on at once or later; another order is another."""
    order = await paid(world)
    made = await world.port.refund_payment(order)
    assert (made.amount_minor, made.status) == (400, RefundStatus.SUCCEEDED)
    assert await world.port.refund_payment(order) == made
    rest = replace(order, order_id="rfo_2", amount_minor=600)
    other = await world.port.refund_payment(rest)
    assert other.refund_id != made.refund_id
    seen = await world.port.find_payment(order.payment_id)
    assert sorted(refund.amount_minor for refund in seen.refunds) == [400, 600]


async def test_more_than_is_left_of_a_payment_is_refused(world: World) -> None:
    """And what is disputed; nothing goes back."""
    order = await paid(world)
    with pytest.raises(PaymentProcessorRefused):
        await world.port.refund_payment(replace(order, order_id="rfo_2", amount_minor=1001))
    with pytest.raises(UnknownToProcessor):
        await world.port.refund_payment(replace(order, order_id="rfo_3", payment_id="pi_nobody"))
    await world.dispute(order.payment_id)
    with pytest.raises(PaymentProcessorRefused, match="charged back"):
        await world.port.refund_payment(order)
    assert (await world.port.find_payment(order.payment_id)).refunds == ()
