"""What every payment processor that sells plans does: the one that tests play, and Stripe by its SDK."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
import stripe
from billing.adapters.outbound.memory.processor import MemoryProcessor
from billing.adapters.outbound.stripe import lists as stripe_lists
from billing.adapters.outbound.stripe.processor import StripeProcessor
from billing.adapters.outbound.toml_catalogue import load_catalogue
from billing.domain.checkout import Checkout
from billing.domain.errors import PaymentDeclined, UnknownToProcessor
from billing.domain.identifiers import CustomerId, ProcessorSubscriptionId, RequestId
from billing.domain.processor_subscription import ListedSubscription, ProcessorSubscription
from billing.domain.settlement import ProcessorCheckout
from billing.domain.standing import BillingInterval, SubscriptionStatus
from billing.ports.payment_processor import PaymentProcessor
from chassis.testing.clock import HandClock
from pydantic import SecretStr
from standins.serving import running
from standins.stripe.app import create_app
from standins.stripe.settings import StripeSettings

KEY = "sk_test_billing"
_, PRO, BUSINESS = load_catalogue(None).plans
MONTH, YEAR = PRO.prices
OPENED, EVER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)
CHECKOUT = Checkout(
    checkout_id="chk_1",
    user_id="usr_1",
    idempotency_key="k1",
    plan_id=PRO.plan_id,
    interval=BillingInterval.MONTH,
    pack_title=PRO.title,
    credits=PRO.credits,
    price_minor=MONTH.price_minor,
    currency=MONTH.currency,
    created_at=OPENED,
    opened_at=OPENED,
)


class World(Protocol):
    """A processor, and a payer whose card may be refused."""

    port: PaymentProcessor

    async def pay(self, page: ProcessorCheckout) -> None:
        """Send a page off."""

    async def decline(self, customer: str, processor_id: str) -> None:
        """Have the payer's card refused from now on."""

    async def sell_elsewhere(self) -> str:
        """Another product of the same account sells a subscription; return its id."""


@dataclass
class Played:
    """The processor in memory."""

    port: MemoryProcessor

    async def pay(self, page: ProcessorCheckout) -> None:
        self.port.pay(page.page_id)

    async def decline(self, customer: str, processor_id: str) -> None:
        self.port.declined.add(processor_id)

    async def sell_elsewhere(self) -> str:
        begun = self.port.begin(CHECKOUT, CustomerId("cus_other"), trial_days=0, price_minor=100)
        other = replace(begun, reference=None, user_id=None, plan_id=None)
        self.port.subscriptions[begun.processor_id] = other
        return begun.processor_id


@dataclass
class Stripes:
    """Stripe's stand-in, by its page and its control."""

    port: StripeProcessor
    url: str

    async def pay(self, page: ProcessorCheckout) -> None:
        form = {"action": "pay", "email": "ada@example.com", "card": "pm_card_visa"}
        async with httpx.AsyncClient() as browser:
            assert (await browser.post(page.url or "", data=form)).status_code == 303

    async def decline(self, customer: str, processor_id: str) -> None:
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}) as operator:
            address = f"{self.url}/_test/customers/{customer}/card"
            order = {"card": "pm_card_chargeCustomerFail"}
            (await operator.post(address, json=order)).raise_for_status()

    async def sell_elsewhere(self) -> str:
        sdk: Any = stripe.StripeClient(KEY, base_addresses={"api": self.url}).v1
        price = {"currency": "usd", "unit_amount": 100, "recurring": {"interval": "month"}}
        sold = sdk.prices.create({**price, "product_data": {"name": "Another app's"}})
        card = {"payment_method": "pm_card_visa"}
        customer = sdk.customers.create(
            {**card, "invoice_settings": {"default_payment_method": "pm_card_visa"}}
        )
        return str(sdk.subscriptions.create({"customer": customer.id, "items": [{"price": sold.id}]}).id)


@pytest.fixture
def stripe_url(tmp_path: Path) -> Iterator[str]:
    """A running stand-in."""
    settings = StripeSettings(data_folder=tmp_path, api_key=SecretStr(KEY), async_payment_delay_s=0.05)
    with running(create_app(settings)) as url:
        yield url


@pytest.fixture(params=["memory", "stripe"])
async def world(request: pytest.FixtureRequest) -> World:
    """Each processor, with the plans on sale."""
    found: World
    if request.param == "stripe":
        url = request.getfixturevalue("stripe_url")
        found = Stripes(StripeProcessor(secret_key=KEY, api_url=url), url)
    else:
        found = Played(MemoryProcessor())
        found.port.clock = HandClock(datetime.now(UTC).replace(microsecond=0))
    for plan in (PRO, BUSINESS):
        await found.port.publish_plan(plan)
    return found


async def begun(world: World, *, trial_days: int = 0) -> tuple[ProcessorSubscription, CustomerId]:
    """Buy the plan on its page."""
    customer = await world.port.open_customer(user_id="usr_1", email="ada@example.com", instead_of=None)
    page = await world.port.open_checkout(
        CHECKOUT,
        price_name=MONTH.price_name,
        customer_id=customer,
        success_url="https://app.example/done",
        cancel_url="https://app.example/back",
        trial_days=trial_days,
    )
    assert (page.amount_minor, page.subscription_id) == (0 if trial_days else 2900, None)
    await world.pay(page)
    seen = await world.port.find_checkout(page.page_id)
    assert seen.is_paid
    assert seen.subscription_id
    return await world.port.find_subscription(seen.subscription_id), customer


async def test_a_subscription_says_what_it_is_and_what_is_paid(world: World) -> None:
    """Whose it is, its plan and period, and the invoice that covers it."""
    seen, customer = await begun(world)
    terms = seen.terms
    assert (seen.user_id, seen.reference, seen.plan_id) == ("usr_1", "chk_1", "pro")
    assert (seen.is_begun, seen.ended_at) == (True, None)
    assert (terms.interval, terms.status) == (BillingInterval.MONTH, SubscriptionStatus.ACTIVE)
    assert (terms.price_minor, terms.currency) == (2900, "usd")
    assert (terms.cancels_at, terms.change, terms.trial_end) == (None, None, None)
    assert terms.anchor == terms.period_start < terms.period_end
    (period,) = seen.periods
    assert (period.plan_id, period.start, period.end) == ("pro", terms.period_start, terms.period_end)
    assert (period.amount_minor, period.currency, period.is_change) == (2900, "usd", False)
    assert period.payment_id
    assert (await world.port.find_payment(period.payment_id)).refunds == ()
    assert await world.port.subscription_of_invoice(period.invoice_id) == seen.processor_id
    (invoice,) = (await world.port.list_invoices(customer, after=None, limit=5)).items
    assert (invoice.invoice_id, invoice.total_minor) == (period.invoice_id, 2900)


async def test_what_is_to_come_is_said_and_taken_back(world: World) -> None:
    """A change or an end, one in place of the other; going on undoes both, and may be repeated."""
    seen, _ = await begun(world)
    port, processor_id = world.port, seen.processor_id
    await port.change_later(processor_id, PRO, YEAR, request_id=RequestId("r1"))
    changing = (await port.find_subscription(processor_id)).terms
    assert changing.change is not None
    assert (changing.change.plan_id, changing.change.interval) == ("pro", BillingInterval.YEAR)
    assert (changing.change.at, changing.cancels_at) == (changing.period_end, None)
    await port.cancel_later(processor_id, request_id=RequestId("r2"))
    ending = (await port.find_subscription(processor_id)).terms
    assert (ending.cancels_at, ending.change) == (ending.period_end, None)
    await port.change_later(processor_id, PRO, YEAR, request_id=RequestId("r3"))
    again = (await port.find_subscription(processor_id)).terms
    assert again.change == changing.change
    assert again.cancels_at is None
    for request in ("r4", "r5"):
        await port.keep(processor_id, request_id=RequestId(request))
        assert (await port.find_subscription(processor_id)).terms == seen.terms


async def test_another_interval_is_another_period(world: World) -> None:
    """It begins now, and is paid now."""
    seen, _ = await begun(world)
    await world.port.change_now(seen.processor_id, PRO, YEAR, request_id=RequestId("r1"))
    changed = await world.port.find_subscription(seen.processor_id)
    assert (changed.terms.interval, changed.terms.price_minor) == (BillingInterval.YEAR, 29000)
    newest = changed.periods[0]
    assert (newest.is_change, newest.start, newest.end) == (
        False,
        changed.terms.period_start,
        changed.terms.period_end,
    )


async def test_a_bigger_plan_pays_for_the_rest_of_the_period(world: World) -> None:
    """A period of its own, that ends with the one that it is in."""
    seen, _ = await begun(world)
    price = BUSINESS.prices[0]
    await world.port.change_now(seen.processor_id, BUSINESS, price, request_id=RequestId("r1"))
    changed = await world.port.find_subscription(seen.processor_id)
    assert (changed.plan_id, changed.terms.period_end) == ("business", seen.terms.period_end)
    (rest,) = (period for period in changed.periods if period.is_change)
    assert (rest.plan_id, rest.end) == ("business", seen.terms.period_end)
    assert rest.amount_minor > 0
    assert rest.payment_id


async def test_a_declined_change_changes_nothing(world: World) -> None:
    """The plan stays, and nothing more is paid."""
    seen, customer = await begun(world)
    await world.decline(customer, seen.processor_id)
    with pytest.raises(PaymentDeclined):
        await world.port.change_now(
            seen.processor_id, BUSINESS, BUSINESS.prices[0], request_id=RequestId("r1")
        )
    assert await world.port.find_subscription(seen.processor_id) == seen


async def test_a_surplus_one_is_paid_back_and_ended_once(world: World) -> None:
    """Repeated after a crash it does nothing more, and it is no payment of a plan any more."""
    seen, _ = await begun(world)
    for _ in range(2):
        await world.port.end_surplus(seen.processor_id, seen.periods)
    ended = await world.port.find_subscription(seen.processor_id)
    assert ended.ended_at is not None
    assert ended.terms.status is SubscriptionStatus.ENDED
    payment_id = seen.periods[0].payment_id
    assert payment_id is not None
    (refund,) = (await world.port.find_payment(payment_id)).refunds
    assert (refund.amount_minor, refund.status) == (2900, "succeeded")
    paid = await world.port.list_invoice_payments(since=EVER, after=None)
    assert list(paid.items) == []


async def test_subscriptions_are_listed_newest_first_with_whose_they_are(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over pages without gap or overlap: a trial, which has no payment; others'; and those that ended."""
    monkeypatch.setattr(stripe_lists, "PAGE_MAX", 1)
    if isinstance(world, Played):
        world.port.page_size = 1
    (seen, _), other = await begun(world, trial_days=7), await world.sell_elsewhere()
    assert await listed(world) == [
        (other, None, None, SubscriptionStatus.ACTIVE),
        (seen.processor_id, "chk_1", "pro", SubscriptionStatus.TRIALING),
    ]
    await world.port.end_surplus(seen.processor_id, seen.periods)
    assert (await listed(world))[1] == (seen.processor_id, "chk_1", "pro", SubscriptionStatus.ENDED)
    page = await world.port.list_subscriptions(since=datetime.now(UTC) + timedelta(minutes=5), after=None)
    assert (list(page.items), page.next_after) == ([], None)
    with pytest.raises(UnknownToProcessor):
        await world.port.list_subscriptions(since=EVER, after="sub_gone")


async def test_what_is_tried_has_an_invoice_without_a_payment(world: World) -> None:
    """It is listed among those that are paid, with whose it is."""
    seen, _ = await begun(world, trial_days=7)
    (invoice,) = (await world.port.list_invoice_payments(since=EVER, after=None)).items
    (period,) = seen.periods
    assert (invoice.payment_id, invoice.invoice_id, invoice.amount_minor) == (None, period.invoice_id, 0)
    assert invoice.reference == "chk_1"


async def listed(world: World) -> list[tuple[object, ...]]:
    """The whole list, page by page of one each."""
    found: list[ListedSubscription] = []
    after = None
    for _ in range(5):
        page = await world.port.list_subscriptions(since=EVER, after=after)
        assert len(page.items) <= 1
        found += page.items
        if (after := page.next_after) is None:
            assert all(one.is_begun for one in found)
            return [(one.processor_id, one.reference, one.plan_id, one.status) for one in found]
    raise AssertionError("the list has no end")


async def test_what_nobody_made_is_unknown(world: World) -> None:
    """Subscriptions and invoices alike."""
    for asked in (
        world.port.find_subscription(ProcessorSubscriptionId("sub_nobody")),
        world.port.subscription_of_invoice("in_nobody"),
    ):
        with pytest.raises(UnknownToProcessor):
            await asked
