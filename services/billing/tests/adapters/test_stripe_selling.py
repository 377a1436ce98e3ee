"""Selling through the official SDK, against a server that speaks Stripe's API and has its faults."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe
from billing.adapters.outbound.stripe import processor as adapter
from billing.adapters.outbound.stripe.catalogue import StripeCatalogue
from billing.adapters.outbound.stripe.processor import StripeProcessor
from billing.domain import errors
from billing.domain.checkout import Checkout, CheckoutStatus, PaymentStatus
from billing.domain.pack import CatalogueChange
from billing_support import BillingUnderTest, billing_in_memory, order
from pydantic import SecretStr
from standins.serving import running
from standins.stripe.app import create_app
from standins.stripe.settings import StripeSettings

pytestmark = pytest.mark.server

KEY = "sk_test_billing"


@dataclass
class Shop:
    """Billing over memory, and the Stripe that it sells through."""

    url: str
    billing: BillingUnderTest

    @property
    def sdk(self) -> Any:
        """Stripe, as an operator sees it in the dashboard."""
        return stripe.StripeClient(KEY, base_addresses={"api": self.url}, max_network_retries=0).v1

    def order_faults(self, **fault: Any) -> None:
        """Have the next requests fail."""
        headers = {"Authorization": f"Bearer {KEY}"}
        httpx.post(f"{self.url}/_test/faults", json=fault, headers=headers).raise_for_status()

    async def publish(self) -> dict[str, list[CatalogueChange]]:
        """Publish the catalogue; return what was done."""
        packs = self.billing.catalogue.packs
        return {pack.pack_id: [*await self.billing.processor.publish(pack)] for pack in packs}

    async def press(self, checkout: Checkout, action: str, **fields: str) -> Checkout:
        """Press a button of the page, and look at the checkout."""
        async with httpx.AsyncClient() as browser:
            form = {"action": action, "email": "ada@example.com", **fields}
            answer = await browser.post(checkout.url, data=form)
        assert answer.status_code in (303, 402), answer.text
        self.billing.clock.advance(2)
        return await self.billing.follow(checkout.user_id, checkout.checkout_id)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each failure is seen as it comes: the SDK tries nothing again."""
    monkeypatch.setattr(adapter, "RETRIES_MAX", 0)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop whose pages take promotion codes and quantities."""
    settings = StripeSettings(data_folder=tmp_path, api_key=SecretStr(KEY), async_payment_delay_s=0.05)
    with running(create_app(settings)) as url:
        processor = StripeProcessor(secret_key=KEY, api_url=url, promotion_codes=True, quantity_max=5)
        yield Shop(url, billing_in_memory(processor))


async def test_an_order_at_no_cost_is_granted_by_its_session(shop: Shop) -> None:
    """A coupon for everything: complete, with nothing to pay, and the credits are owed."""
    await shop.publish()
    coupon = shop.sdk.coupons.create({"percent_off": 100})
    shop.sdk.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "FREE"})
    checkout = (await shop.billing.open()).checkout
    done = await shop.press(checkout, "pay", promotion_code="FREE")
    assert (done.status, done.payment_status) == (
        CheckoutStatus.COMPLETE,
        PaymentStatus.NO_PAYMENT_REQUIRED,
    )
    assert await shop.billing.told_facts() == [("PaymentCompleted", checkout.page_id, 1000, 0)]


async def test_what_was_bought_counts(shop: Shop) -> None:
    """Three of a pack for half their price: thrice the credits, and the money that was paid."""
    await shop.publish()
    coupon = shop.sdk.coupons.create({"percent_off": 50})
    shop.sdk.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "HALF"})
    checkout = (await shop.billing.open()).checkout
    (line,) = shop.sdk.checkout.sessions.line_items.list(checkout.page_id).data
    done = await shop.press(checkout, "pay", promotion_code="HALF", **{f"quantity_{line.id}": "3"})
    assert done.payment_status is PaymentStatus.PAID
    (fact,) = await shop.billing.told_facts()
    assert (fact[0], fact[2:]) == ("PaymentCompleted", (3000, 1500))


async def test_a_line_of_something_else_grants_nothing(shop: Shop) -> None:
    """The account's owner may offer other things on the page: they are paid for, and are no credits."""
    await shop.publish()
    opened = (await shop.billing.open()).checkout
    (line,) = shop.sdk.checkout.sessions.line_items.list(opened.page_id).data
    mug = {"currency": "usd", "unit_amount": 900, "product_data": {"name": "A mug"}}
    session = shop.sdk.checkout.sessions.create(
        {
            "mode": "payment",
            "success_url": "https://app.example/",
            "client_reference_id": opened.checkout_id,
            "metadata": {"pack_id": "starter"},
            "line_items": [{"price_data": mug, "quantity": 4}, {"price": line.price.id, "quantity": 2}],
        }
    )
    await shop.press(replace(opened, url=session.url), "pay")
    assert await shop.billing.settle(session.id)
    (fact,) = await shop.billing.told_facts()
    assert fact[2:] == (2000, 5600)


@pytest.mark.parametrize(
    ("action", "first", "last"),
    [
        ("bank_debit", PaymentStatus.PROCESSING, PaymentStatus.PAID),
        ("bank_debit_fails", PaymentStatus.PROCESSING, PaymentStatus.FAILED),
    ],
)
async def test_a_bank_debit_is_on_its_way_until_its_end_is_known(
    shop: Shop, action: str, first: PaymentStatus, last: PaymentStatus
) -> None:
    """Without any webhook."""
    await shop.publish()
    checkout = (await shop.billing.open()).checkout
    seen = [await shop.press(checkout, action)]
    async with asyncio.timeout(10):
        while seen[-1].payment_status is not last:
            shop.billing.clock.advance(2)
            seen.append(await shop.billing.follow("usr_1", checkout.checkout_id))
    assert {one.payment_status for one in seen} <= {first, last}
    assert seen[-1].status is CheckoutStatus.COMPLETE
    assert len(await shop.billing.told_facts()) == (1 if last is PaymentStatus.PAID else 0)


async def test_a_declined_card_leaves_the_page_open(shop: Shop) -> None:
    """Unpaid is not failed: another card may do."""
    await shop.publish()
    checkout = (await shop.billing.open()).checkout
    seen = await shop.press(checkout, "decline")
    assert (seen.status, seen.payment_status, seen.url) == (
        CheckoutStatus.OPEN,
        PaymentStatus.UNPAID,
        checkout.url,
    )


async def test_a_customer_that_was_deleted_is_made_anew_once(shop: Shop) -> None:
    """However many checkouts find out at once; the key of the request holds no address."""
    await shop.publish()
    await shop.billing.open(key="k0")
    (first,) = shop.sdk.customers.list().data
    shop.sdk.customers.delete(first.id)
    opened = await asyncio.gather(*(shop.billing.open(key=f"k{number}") for number in range(1, 5)))
    (second,) = shop.sdk.customers.list().data
    sessions = [shop.sdk.checkout.sessions.retrieve(one.checkout.page_id) for one in opened]
    assert {session.customer for session in sessions} == {second.id}
    assert (second.email, second.metadata["user_id"]) == ("ada@example.com", "usr_1")
    keys = {event.request.idempotency_key for event in shop.sdk.events.list({"limit": 100}).data}
    assert f"customer:usr_1:{first.id}" in keys
    assert not [key for key in keys if key and "@" in key]


async def test_a_customer_of_another_key_is_made_anew(shop: Shop) -> None:
    """The link leads nowhere: a new one takes its place."""
    await shop.publish()
    async with shop.billing.units.of("usr_1") as work:
        await work.link_customer("usr_1", "cus_of_another_mode", instead_of=None)
    assert (await shop.billing.open()).checkout.url
    (customer,) = shop.sdk.customers.list().data
    async with shop.billing.units.of("usr_1") as work:
        assert await work.customer_of("usr_1") == customer.id


@pytest.mark.usefixtures("at_once")
async def test_an_address_that_changed_between_two_tries_is_no_other_customer(shop: Shop) -> None:
    """The answer to the first try was lost; the second gets its customer, with the new address."""
    await shop.publish()
    shop.order_faults(lose_next=1, path="/v1/customers")
    with pytest.raises(errors.PaymentProcessorUnavailable):
        await shop.billing.open(key="k1")
    moved = replace(order(key="k1"), email="lovelace@example.com")
    assert (await shop.billing.create(moved)).checkout.url
    (customer,) = shop.sdk.customers.list().data
    assert customer.email == "lovelace@example.com"


async def test_publishing_repairs_what_was_archived_or_moved(shop: Shop) -> None:
    """And says what it did; where all was right, it did nothing."""
    assert await shop.publish() == {
        pack.pack_id: [CatalogueChange.PRODUCT_CREATED, CatalogueChange.PRICE_CREATED]
        for pack in shop.billing.catalogue.packs
    }
    nothing = {pack.pack_id: [] for pack in shop.billing.catalogue.packs}
    assert await shop.publish() == nothing
    (price,) = shop.sdk.prices.list({"lookup_keys": ["tintype_starter"]}).data

    shop.sdk.products.update("tintype_starter", {"active": False, "name": "Old"})
    shop.sdk.prices.update(price.id, {"active": False})
    other = {"currency": "usd", "unit_amount": 5, "product": "tintype_builder"}
    moved = {"lookup_key": "tintype_starter", "transfer_lookup_key": True}
    stray = shop.sdk.prices.create({**other, **moved})
    with pytest.raises(errors.PriceChanged):
        await shop.billing.open(key="k1")
    assert shop.sdk.checkout.sessions.list().data == []

    assert await shop.publish() == nothing | {
        "starter": [
            CatalogueChange.PRODUCT_UPDATED,
            CatalogueChange.PRODUCT_UNARCHIVED,
            CatalogueChange.PRICE_NAME_MOVED,
            CatalogueChange.PRICE_UNARCHIVED,
        ]
    }
    assert shop.sdk.prices.retrieve(stray.id).lookup_key is None
    await shop.billing.refresh_prices()
    assert (await shop.billing.open(key="k1")).checkout.url
    assert [one.id for one in shop.sdk.prices.list({"product": "tintype_starter"}).data] == [price.id]


async def test_a_plans_prices_are_told_apart_by_interval(shop: Shop) -> None:
    """A price that fits in all but its interval is another one; a name that was moved away comes back."""
    pro = shop.billing.catalogue.plans[1]
    like_a_month = {"currency": "usd", "unit_amount": 2900, "product_data": {"name": "Else"}}
    shop.sdk.prices.create({**like_a_month, "lookup_key": "tintype_pro_month"})
    await shop.billing.processor.publish_plan(pro)
    listed = shop.sdk.prices.list({"product": "tintype_plan_pro"}).data
    terms = {price.lookup_key: (price.unit_amount, price.recurring.interval) for price in listed}
    assert terms == {"tintype_pro_month": (2900, "month"), "tintype_pro_year": (29000, "year")}
    (yearly,) = shop.sdk.prices.list({"lookup_keys": ["tintype_pro_year"]}).data
    month = next(price for price in pro.prices if price.interval == "month")
    same_sum = replace(pro, prices=(replace(month, price_minor=29000),))
    assert await shop.billing.processor.publish_plan(same_sum) == [CatalogueChange.PRICE_CREATED]
    assert shop.sdk.prices.retrieve(yearly.id).lookup_key == "tintype_pro_year"


@pytest.mark.parametrize("archived", ["product", "price"])
async def test_what_is_archived_is_not_on_sale_and_no_outage(shop: Shop, archived: str) -> None:
    """The buyer reads that it can't be sold, operators read why; repaired, the same key is served."""
    await shop.publish()
    (price,) = shop.sdk.prices.list({"lookup_keys": ["tintype_starter"]}).data
    if archived == "product":
        shop.sdk.products.update("tintype_starter", {"active": False})
    else:
        shop.sdk.prices.update(price.id, {"active": False})
    with pytest.raises(errors.PaymentProcessorMisconfigured) as refused:
        await shop.billing.open(key="k1")
    assert "publish-catalogue" in refused.value.details["operators"]
    assert "publish" not in str(refused.value)
    # Nobody is shown it from then on.
    assert "starter" not in [pack.pack_id for pack in await shop.billing.packs()]
    with pytest.raises(errors.UnknownPack):
        await shop.billing.open(key="k1")
    await shop.publish()
    await shop.billing.refresh_prices()
    assert (await shop.billing.open(key="k1")).checkout.url


async def test_a_price_that_nobody_was_shown_opens_no_page(shop: Shop) -> None:
    """Changed there and told by no webhook: whoever asks is told so, and then it is what is shown."""
    await shop.publish()
    (price,) = shop.sdk.prices.list({"lookup_keys": ["tintype_starter"]}).data
    dearer = {"currency": "usd", "unit_amount": 1500, "product": price.product}
    shop.sdk.prices.create({**dearer, "lookup_key": "tintype_starter", "transfer_lookup_key": True})
    with pytest.raises(errors.PriceChanged):
        await shop.billing.open(key="k1")
    assert shop.sdk.checkout.sessions.list().data == []
    shown = {pack.pack_id: pack.price_minor for pack in await shop.billing.packs()}
    assert shown == {"starter": 1500, "builder": 2500, "production": 5000}
    opened = (await shop.billing.open(key="k1")).checkout
    assert (opened.price_minor, opened.url is not None) == (1500, True)
    (page,) = shop.sdk.checkout.sessions.list().data
    assert page.amount_total == 1500
    await shop.publish()
    await shop.billing.refresh_prices()
    assert (await shop.billing.open(key="k2")).checkout.price_minor == 1000


async def test_a_refusal_that_stripe_remembers_does_not_outlive_its_cause(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A product archived between our look and our order: the refusal is kept under its key, for a day."""
    await shop.publish()
    (price,) = shop.sdk.prices.list({"lookup_keys": ["tintype_starter"]}).data

    async def known_before(_catalogue: object, _lookup_key: str, **_terms: object) -> str:
        return str(price.id)

    with monkeypatch.context() as patch:
        patch.setattr(StripeCatalogue, "price_on_sale", known_before)
        shop.sdk.products.update("tintype_starter", {"active": False})
        with pytest.raises(errors.PaymentProcessorMisconfigured):
            await shop.billing.open(key="k1")
    shop.sdk.products.update("tintype_starter", {"active": True})
    await shop.billing.refresh_prices()
    assert (await shop.billing.open(key="k1")).checkout.url


UNAVAILABLE, MISCONFIGURED, REFUSED = (
    errors.PaymentProcessorUnavailable,
    errors.PaymentProcessorMisconfigured,
    errors.PaymentProcessorRefused,
)
FAULTS: list[tuple[dict[str, Any], type[errors.BillingError]]] = [
    ({"status": 400, "type": "invalid_request_error", "code": "rate_limit"}, UNAVAILABLE),
    ({"status": 401, "type": "invalid_request_error", "code": "api_key_expired"}, MISCONFIGURED),
    ({"status": 402, "type": "card_error", "code": "card_declined"}, REFUSED),
    ({"status": 403, "type": "invalid_request_error"}, MISCONFIGURED),
    ({"status": 409, "type": "invalid_request_error", "code": "idempotency_key_in_use"}, UNAVAILABLE),
    ({"status": 429, "type": "invalid_request_error", "code": "lock_timeout"}, UNAVAILABLE),
    ({"status": 500, "type": "api_error"}, UNAVAILABLE),
    ({"status": 503, "type": "api_error"}, UNAVAILABLE),
    ({"status": 400, "type": "invalid_request_error", "code": "email_invalid", "param": "email"}, REFUSED),
    ({"status": 400, "type": "idempotency_error"}, REFUSED),
]


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("fault", "meaning"), FAULTS, ids=[f"{one['status']}-{one.get('code', one['type'])}" for one, _ in FAULTS]
)
@pytest.mark.parametrize("path", ["/v1/customers", "/v1/prices", "/v1/checkout/sessions"])
async def test_every_failure_is_said_as_what_it_is_and_leaves_nothing_behind(
    shop: Shop, path: str, fault: dict[str, Any], meaning: type[errors.BillingError]
) -> None:
    """Wherever it happens, and the next try under the same key opens one page for one customer."""
    await shop.publish()
    shop.order_faults(fail_next=1, path=path, **fault)
    if meaning is REFUSED and path == "/v1/checkout/sessions":
        # All that is asked for there is ours.
        meaning = MISCONFIGURED
    with pytest.raises(errors.BillingError) as raised:
        await shop.billing.open(key="k1")
    assert type(raised.value) is meaning
    assert await shop.billing.told_facts() == []
    assert (await shop.billing.open(key="k1")).checkout.status is CheckoutStatus.OPEN
    assert len(shop.sdk.customers.list().data) == 1
    assert len(shop.sdk.checkout.sessions.list().data) == 1
