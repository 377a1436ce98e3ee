"""Prices and customers that change at Stripe, told by its own webhooks over HTTP, or by none."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe
from billing.adapters.outbound.stripe.processor import StripeProcessor
from billing.adapters.outbound.stripe.webhooks import StripeWebhookVerifier
from billing.application.open_portal import OpenPortal
from billing.application.receive_webhook import ReceiveWebhookHandler
from billing.application.set_auto_top_up import SetAutoTopUp
from billing.domain.auto_top_up import StopReason
from billing.domain.checkout import Checkout
from billing.domain.identifiers import PackId, RequestId, UserId
from billing.domain.webhook_event import WebhookState
from billing_support import ORIGIN, BillingUnderTest, billing_in_memory, plan_order
from pydantic import SecretStr
from standins.serving import running
from standins.stripe.app import create_app
from standins.stripe.settings import StripeSettings

pytestmark = pytest.mark.server

KEY, SECRET = "sk_test_billing", "whsec_mirror"
ADA = UserId("usr_1")


@dataclass
class Shop:
    """Billing over memory, and the Stripe that it sells through."""

    url: str
    billing: BillingUnderTest
    told: set[str] = field(default_factory=set)

    @property
    def sdk(self) -> Any:
        """Stripe, as an operator sees it in the dashboard."""
        return stripe.StripeClient(KEY, base_addresses={"api": self.url}, max_network_retries=0).v1

    def ask(self, method: str, url: str, **body: Any) -> httpx.Response:
        """Ask Stripe's API, its control or one of its pages."""
        return httpx.request(method, url, headers={"Authorization": f"Bearer {KEY}"}, **body)

    async def tell(self) -> list[str]:
        """Deliver what happened since, twice and the newest first, and work it out; return the kinds."""
        listed = self.ask("GET", f"{self.url}/v1/events?limit=100").json()["data"]
        events = [event for event in listed if event["id"] not in self.told]
        verifier = StripeWebhookVerifier(SECRET, live=False)
        receive = ReceiveWebhookHandler(self.billing.units, verifier, self.billing.clock)
        for event in [*events, *events]:
            body, timestamp = json.dumps(event), int(time.time())
            made = stripe.WebhookSignature._compute_signature(f"{timestamp}.{body}", SECRET)
            await receive({"stripe-signature": f"t={timestamp},v1={made}"}, body.encode())
        self.told |= {event["id"] for event in events}
        states = await self.billing.process_all()
        assert set(states) <= {WebhookState.DONE, WebhookState.IGNORED}
        return [event["type"] for event in events]

    async def publish(self) -> None:
        """Have everything on sale, and see it."""
        for pack in self.billing.catalogue.packs:
            await self.billing.processor.publish(pack)
        for plan in self.billing.catalogue.plans:
            if plan.prices:
                await self.billing.processor.publish_plan(plan)
        await self.tell()

    async def pay(self, checkout: Checkout) -> None:
        """Pay a page."""
        async with httpx.AsyncClient() as browser:
            form = {"action": "pay", "email": "ada@example.com"}
            answer = await browser.post(str(checkout.url), data=form)
        assert answer.status_code == 303, answer.text

    async def shown(self) -> dict[str, tuple[int, str]]:
        """What packs cost, as people see it."""
        return {pack.pack_id: (pack.price_minor, pack.currency) for pack in await self.billing.packs()}

    def reprice(self, lookup_key: str, **terms: Any) -> None:
        """Make another price of the same product and give it the name, as an operator does."""
        (price,) = self.sdk.prices.list({"lookup_keys": [lookup_key]}).data
        asked = {"currency": "usd", "product": price.product, **terms}
        self.sdk.prices.create({**asked, "lookup_key": lookup_key, "transfer_lookup_key": True})


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop that keeps cards."""
    settings = StripeSettings(data_folder=tmp_path, api_key=SecretStr(KEY), async_payment_delay_s=0.05)
    with running(create_app(settings)) as url:
        yield Shop(url, billing_in_memory(StripeProcessor(secret_key=KEY, api_url=url, keep_cards=True)))


async def test_a_price_of_the_dashboard_is_shown_and_paid(shop: Shop) -> None:
    """In yen too, where there are no hundredths; one that can't be sold by takes its pack alone away."""
    await shop.publish()
    shop.reprice("tintype_starter", unit_amount=1500, currency="jpy")
    shop.reprice("tintype_builder", unit_amount=2500, recurring={"interval": "month"})
    assert {"price.created", "price.updated"} <= set(await shop.tell())
    assert await shop.shown() == {"starter": (1500, "jpy"), "production": (5000, "usd")}
    opened = (await shop.billing.open()).checkout
    await shop.pay(opened)
    await shop.tell()
    (bought,) = await shop.billing.purchases()
    assert (bought.amount_minor, bought.currency, bought.credits) == (1500, "jpy", 1000)
    await shop.billing.facts.pass_over()


async def test_a_withdrawn_plan_leaves_the_portal_and_the_others(shop: Shop) -> None:
    """Its product is archived, and its prices stay active; whoever pays for it can look after it."""
    await shop.publish()
    opened = (await shop.billing.create(plan_order())).checkout
    await shop.pay(opened)
    await shop.tell()
    shop.sdk.products.update("tintype_plan_pro", {"active": False})
    await shop.billing.refresh_prices()
    assert [plan.plan_id for plan in await shop.billing.list_plans()] == ["free", "business"]
    shop.sdk.products.update("tintype_plan_business", {"active": False})
    # Of which nobody has heard yet.
    (customer,) = shop.sdk.customers.list().data
    business = [plan for plan in shop.billing.catalogue.plans if plan.prices]
    url = await shop.billing.processor.open_portal(
        customer.id, plans=business, return_url="https://app.example", request_id="r1"
    )
    assert shop.ask("GET", url).status_code == 200
    live = await shop.billing.reader.subscription(ADA)
    assert (live is not None and live.plan_id) == "pro"
    await shop.billing.facts.pass_over()


@pytest.mark.parametrize("kinds", ["customer.", "customer.subscription."])
async def test_a_customer_is_deleted_at_stripe(shop: Shop, kinds: str) -> None:
    """By either webhook alone the plan ends, a page that is open takes nothing, the next checkout goes on."""
    await shop.publish()
    bought = (await shop.billing.create(plan_order())).checkout
    await shop.pay(bought)
    await shop.tell()
    page = (await shop.billing.open(key="k1")).checkout
    (customer,) = shop.sdk.customers.list().data
    shop.sdk.customers.delete(customer.id)
    events = shop.sdk.events.list({"limit": 100}).data
    # The other one is lost.
    wanted = {"customer.": "customer.deleted"}.get(kinds, "customer.subscription.deleted")
    shop.told |= {event.id for event in events if event.type != wanted}
    assert await shop.tell() == [wanted]
    live = await shop.billing.reader.subscription(ADA)
    assert live is None or live.paid is None
    form = {"action": "pay", "email": "ada@example.com"}
    assert shop.ask("POST", str(page.url), data=form).status_code == 400
    assert (await shop.billing.list_invoices.processor.list_invoices(customer.id, after=None, limit=5)).items
    await shop.billing.open_portal(portal_of())
    again = (await shop.billing.open(key="k2")).checkout
    await shop.pay(again)
    await shop.tell()
    (newest, *_) = await shop.billing.purchases()
    assert newest.checkout_id == again.checkout_id
    (renewed,) = shop.sdk.customers.list().data
    assert renewed.id != customer.id
    await shop.billing.facts.pass_over()


async def test_what_is_shown_of_the_saved_card_is_current(shop: Shop) -> None:
    """Its bank renews it, its owner takes it away: auto top-up shows the one and stops with the other."""
    await shop.publish()
    await shop.pay((await shop.billing.open()).checkout)
    await shop.tell()
    await shop.billing.set_auto_top_up(wish())
    (customer,) = shop.sdk.customers.list().data
    url = f"{shop.url}/_test/customers/{customer.id}/card/renewed"
    shop.ask("POST", url, json={}).raise_for_status()
    assert await shop.tell() == ["payment_method.automatically_updated"]
    view = await shop.billing.read_auto_top_up(ADA)
    assert (view.method is not None and view.method.last4) == "9999"
    assert view.standing is not None
    assert view.standing.auto_top_up.reason is None
    (method,) = shop.sdk.customers.payment_methods.list(customer.id).data
    shop.sdk.payment_methods.detach(method.id)
    assert "payment_method.detached" in await shop.tell()
    view = await shop.billing.read_auto_top_up(ADA)
    assert view.method is None
    assert view.standing is not None
    assert view.standing.auto_top_up.reason is StopReason.NO_PAYMENT_METHOD
    await shop.billing.facts.expect(
        ("PaymentCompleted", (await shop.billing.purchases())[0].payment_id, 1000, 1000),
        ("AutoTopUpStopped", "usr_1", "AUTO_TOP_UP_STOP_REASON_NO_PAYMENT_METHOD"),
    )


def wish() -> SetAutoTopUp:
    """Packs are bought by themselves."""
    return SetAutoTopUp(
        user_id=ADA, is_on=True, threshold_credits=100, pack_id=PackId("starter"), purchases_max=3
    )


def portal_of() -> OpenPortal:
    """The page where a person keeps what they pay with."""
    return OpenPortal(
        user_id=ADA,
        email="ada@example.com",
        return_url=f"{ORIGIN}/billing",
        request_id=RequestId("r2"),
    )
