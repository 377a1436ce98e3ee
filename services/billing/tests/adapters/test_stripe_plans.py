"""Plans through the official SDK, against a server that speaks Stripe's API, with billing over memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe
from billing.adapters.outbound.stripe.processor import StripeProcessor
from billing.application.change_subscription import ChangeSubscription
from billing.application.list_invoices import ListInvoices
from billing.application.list_processor_payments import ListProcessorPaymentsHandler
from billing.application.open_portal import OpenPortal
from billing.domain.checkout import Checkout, CheckoutStatus, PaymentStatus
from billing.domain.errors import PaymentDeclined, SubscribedAlready
from billing.domain.identifiers import PlanId, RequestId, UserId
from billing.domain.standing import BillingInterval, SubscriptionStatus
from billing.domain.subscription import PaidTerms, Subscription
from billing_support import ORIGIN, BillingUnderTest, billing_in_memory, plan_order
from pydantic import SecretStr
from standins.serving import running
from standins.stripe.app import create_app
from standins.stripe.settings import StripeSettings

pytestmark = pytest.mark.server

KEY = "sk_test_billing"
ADA = UserId("usr_ada")
OPTIONS = {
    "promotion_codes": True,
    "automatic_tax": True,
    "tax_ids": True,
    "billing_address": True,
    "invoices": True,
    "saved_payment_methods": True,
}


@dataclass
class Shop:
    """Billing over memory, and the Stripe that it sells through."""

    url: str
    billing: BillingUnderTest

    @property
    def sdk(self) -> Any:
        """Stripe, as an operator sees it in the dashboard."""
        return stripe.StripeClient(KEY, base_addresses={"api": self.url}, max_network_retries=0).v1

    async def publish(self) -> None:
        """Have plans and packs on sale."""
        for plan in self.billing.catalogue.plans:
            if plan.prices:
                await self.billing.processor.publish_plan(plan)

    async def press(self, checkout: Checkout, **fields: str) -> Checkout:
        """Press the page's button, and come back."""
        form = {"action": "pay", "email": "ada@example.com", "card": "pm_card_visa", **fields}
        async with httpx.AsyncClient() as browser:
            answer = await browser.post(checkout.url or "", data=form)
        assert answer.status_code == 303, answer.text
        # However long that took, it is later here than at Stripe.
        self.billing.clock.time = max(self.billing.clock.now(), datetime.now(UTC)) + timedelta(seconds=2)
        return await self.billing.follow(checkout.user_id, checkout.checkout_id)

    async def buy(self, plan: str = "pro", interval: str = "month", **fields: str) -> Checkout:
        """Buy a plan."""
        opened = await self.billing.create(plan_order(ADA, plan, interval))
        return await self.press(opened.checkout, **fields)

    async def mine(self) -> tuple[Subscription, PaidTerms]:
        """Ada's plan."""
        found = await self.billing.reader.subscription(ADA)
        assert found is not None
        assert found.paid is not None
        return found, found.paid

    def card(self, card: str) -> None:
        """Have another card pay from now on."""
        (customer,) = self.sdk.customers.list().data
        headers = {"Authorization": f"Bearer {KEY}"}
        url = f"{self.url}/_test/customers/{customer.id}/card"
        httpx.post(url, json={"card": card}, headers=headers).raise_for_status()

    async def change(self, plan: str, interval: str = "month", key: str = "c1") -> None:
        """Change the plan."""
        await self.billing.change_plan(
            ChangeSubscription(
                user_id=ADA,
                plan_id=PlanId(plan),
                interval=BillingInterval(interval),
                request_id=RequestId(key),
            )
        )


@pytest.fixture
def stripe_url(tmp_path: Path) -> Iterator[str]:
    """A running stand-in."""
    settings = StripeSettings(data_folder=tmp_path, api_key=SecretStr(KEY), async_payment_delay_s=0.05)
    with running(create_app(settings)) as url:
        yield url


@pytest.fixture
async def shop(stripe_url: str) -> Shop:
    """A shop with plans, in the present."""
    billing = billing_in_memory(StripeProcessor(secret_key=KEY, api_url=stripe_url))
    billing.clock.time = datetime.now(UTC)
    found = Shop(stripe_url, billing)
    await found.publish()
    return found


async def seen(url: str | None) -> httpx.Response:
    """A page of the stand-in."""
    async with httpx.AsyncClient() as browser:
        return await browser.get(url or "")


def credits_told(facts: list[tuple[Any, ...]]) -> list[int]:
    """The credits of each fact that brings some."""
    return [fact[3] for fact in facts if fact[0] in ("SubscriptionRenewed", "AllocationRaised")]


async def test_a_plan_is_there_after_the_redirect(shop: Shop) -> None:
    """The checkout, the plan, its period and its credits; ours is written on everything."""
    done = await shop.buy(interval="year")
    assert (done.status, done.payment_status) == (CheckoutStatus.COMPLETE, PaymentStatus.PAID)
    mine, paid = await shop.mine()
    assert (done.subscription_id, mine.plan_id, paid.interval) == (mine.subscription_id, "pro", "year")
    assert (paid.price_minor, paid.status, paid.cancels_at, paid.change) == (29000, "active", None, None)
    assert paid.period_end - paid.period_start >= timedelta(days=365)
    there = shop.sdk.subscriptions.retrieve(paid.processor_id)
    assert there.metadata["checkout_id"] == done.checkout_id
    (purchase,) = await shop.billing.purchases(ADA)
    assert (purchase.amount_minor, purchase.credits, purchase.pack_id) == (29000, 3000, "pro")
    assert purchase.payment_id.startswith("pi_")
    assert credits_told(await shop.billing.told_facts()) == [3000]
    with pytest.raises(SubscribedAlready):
        await shop.billing.create(plan_order(ADA, "business"))


async def test_more_comes_at_once_and_less_at_the_end(shop: Shop) -> None:
    """Charged in proportion; a schedule says what comes; both are taken back by going on."""
    await shop.buy()
    await shop.change("business")
    mine, paid = await shop.mine()
    assert (mine.plan_id, paid.price_minor) == ("business", 5900)
    assert [fact[0] for fact in await shop.billing.told_facts()].count("AllocationRaised") == 1
    await shop.change("pro", key="c2")
    _, paid = await shop.mine()
    assert paid.change is not None
    assert (paid.change.plan_id, paid.change.interval, paid.change.at) == ("pro", "month", paid.period_end)
    await shop.billing.cancel_plan(ADA, request_id=RequestId("c3"))
    _, paid = await shop.mine()
    assert (paid.change, paid.cancels_at) == (None, paid.period_end)
    await shop.billing.resume_plan(ADA, request_id=RequestId("c4"))
    mine, paid = await shop.mine()
    assert (mine.plan_id, paid.change, paid.cancels_at) == ("business", None, None)
    # A second time the same is done anew: each has a key of its own.
    await shop.billing.cancel_plan(ADA, request_id=RequestId("c5"))
    await shop.change("business", "year", key="c6")
    mine, paid = await shop.mine()
    assert (paid.interval, paid.price_minor, paid.cancels_at) == ("year", 59000, None)


async def test_a_card_that_is_declined_changes_nothing(shop: Shop) -> None:
    """The buyer reads why; with another card the same change goes through."""
    await shop.buy()
    shop.card("pm_card_chargeCustomerFail")
    with pytest.raises(PaymentDeclined):
        await shop.change("business")
    mine, _ = await shop.mine()
    assert mine.plan_id == "pro"
    shop.card("pm_card_visa")
    await shop.change("business", key="c2")
    mine, _ = await shop.mine()
    assert mine.plan_id == "business"


async def test_of_two_that_were_bought_one_is_paid_back(shop: Shop) -> None:
    """Cancelled, refunded and marked; once, however often it is looked at."""
    pages = [(await shop.billing.create(plan_order(ADA, plan))).checkout for plan in ("pro", "business")]
    for page in pages:
        await shop.press(page)
    for page in pages:
        await shop.billing.settle(page.page_id or "")
    listed = shop.sdk.subscriptions.list({"status": "all"}).data
    assert sorted(one.status for one in listed) == ["active", "canceled"]
    (refund,) = shop.sdk.refunds.list().data
    assert (refund.amount, refund.status) == (5900, "succeeded")
    mine, _ = await shop.mine()
    assert mine.plan_id == "pro"
    assert credits_told(await shop.billing.told_facts()) == [3000]


async def test_a_trial_is_somebodys_first_plan_alone(shop: Shop) -> None:
    """Its credits end with it, and nothing is paid for it."""
    catalogue = shop.billing.catalogue
    pro = catalogue.plans[1]
    object.__setattr__(pro, "trial_days", 7)
    done = await shop.buy()
    assert done.payment_status is PaymentStatus.NO_PAYMENT_REQUIRED
    mine, paid = await shop.mine()
    assert paid.status is SubscriptionStatus.TRIALING
    assert paid.trial_end == paid.period_end == paid.anchor
    month = mine.month(shop.billing.clock.now())
    assert (month.start, month.end) == (paid.period_start, paid.trial_end)
    assert await shop.billing.purchases(ADA) == []
    assert credits_told(await shop.billing.told_facts()) == [3000]
    shop.sdk.subscriptions.cancel(paid.processor_id)
    await shop.billing.settle_plan(paid.processor_id)
    opened = await shop.billing.create(plan_order(ADA))
    assert shop.sdk.checkout.sessions.retrieve(opened.checkout.page_id).amount_total == 2900


async def test_everything_that_a_page_may_ask_for(stripe_url: str) -> None:
    """By settings: codes, taxes, tax ids, an address, invoices, and the card is kept."""
    billing = billing_in_memory(StripeProcessor(secret_key=KEY, api_url=stripe_url, **OPTIONS))
    billing.clock.time = datetime.now(UTC)
    shop = Shop(stripe_url, billing)
    await shop.publish()
    coupon = shop.sdk.coupons.create({"percent_off": 100, "duration": "once"})
    code = shop.sdk.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}}).code
    address = {"country": "DE", "line1": "Hauptstr. 1", "postal_code": "10115", "city": "Berlin"}
    done = await shop.buy(promotion_code=code, name="Ada", **address)
    assert done.payment_status is PaymentStatus.NO_PAYMENT_REQUIRED
    assert credits_told(await billing.told_facts()) == [3000]
    assert await billing.purchases(ADA) == []
    await billing.processor.publish(billing.catalogue.packs[0])
    pack = await billing.open(ADA)
    await shop.press(pack.checkout, name="Ada", **address)
    session = shop.sdk.checkout.sessions.retrieve(pack.checkout.page_id)
    assert session.automatic_tax.enabled
    assert session.invoice
    (purchase,) = await billing.purchases(ADA)
    assert purchase.amount_minor == 1100


async def test_the_portal_is_configured_once(shop: Shop) -> None:
    """Plans to switch between, cancellation at the end; a customer that was deleted is made anew."""
    for key in ("p1", "p2"):
        command = OpenPortal(
            user_id=ADA,
            email="ada@example.com",
            return_url=f"{ORIGIN}/billing",
            request_id=RequestId(key),
        )
        assert (await seen(await shop.billing.open_portal(command))).status_code == 200
    (configuration,) = shop.sdk.billing_portal.configurations.list().data
    features = configuration.features
    assert {product.product for product in features.subscription_update.products} == {
        "tintype_plan_pro",
        "tintype_plan_business",
    }
    assert features.subscription_cancel.mode == "at_period_end"
    (customer,) = shop.sdk.customers.list().data
    shop.sdk.customers.delete(customer.id)
    command = OpenPortal(
        user_id=ADA, email="ada@example.com", return_url=f"{ORIGIN}/billing", request_id=RequestId("p3")
    )
    assert (await shop.billing.open_portal(command)).startswith(shop.url)


async def test_invoices_are_shown_with_their_pages(shop: Shop) -> None:
    """Newest first, page by page."""
    await shop.buy()
    await shop.change("business")
    first = await shop.billing.list_invoices(ListInvoices(user_id=ADA, after=None, limit=1))
    second = await shop.billing.list_invoices(ListInvoices(user_id=ADA, after=first.next_after, limit=1))
    (newer,), (older,) = first.items, second.items
    assert (older.total_minor, older.status, second.next_after) == (2900, "paid", None)
    assert newer.total_minor > 0
    assert (await seen(older.page_url)).status_code == 200
    assert (await seen(older.pdf_url)).content.startswith(b"%PDF")


async def test_a_customer_that_was_deleted_there_has_no_plan_and_buys_another(shop: Shop) -> None:
    """Stripe ends the plan with its customer: the free one comes back; the next page has a new customer."""
    await shop.buy()
    (customer,) = shop.sdk.customers.list().data
    shop.sdk.customers.delete(customer.id)
    _, paid = await shop.mine()
    await shop.billing.settle_plan(paid.processor_id)
    free = await shop.billing.reader.subscription(ADA)
    assert free is not None
    assert (free.plan_id, free.paid) == ("free", None)
    assert (await shop.buy("business")).status is CheckoutStatus.COMPLETE
    mine, _ = await shop.mine()
    assert mine.plan_id == "business"


async def test_payments_of_plans_are_listed(shop: Shop) -> None:
    """Those of ours, with what they paid; one that was bought twice and sent back is left out."""
    pages = [(await shop.billing.create(plan_order(ADA, plan))).checkout for plan in ("pro", "business")]
    for page in pages:
        await shop.press(page)
    for page in pages:
        await shop.billing.settle(page.page_id or "")
    page_of = shop.billing.processor.list_invoice_payments
    listed = await page_of(since=datetime(2020, 1, 1, tzinfo=UTC), after=None)
    (purchase,) = await shop.billing.purchases(ADA)
    assert [(paid.payment_id, paid.amount_minor, paid.reference) for paid in listed.items] == [
        (purchase.payment_id, 2900, pages[0].checkout_id)
    ]
    there = [paid async for paid in ListProcessorPaymentsHandler(shop.billing.processor)()]
    assert [paid.payment_id for paid in there] == [purchase.payment_id]
