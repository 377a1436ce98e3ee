"""What Stripe tells us by events of our API version, of an older and of a newer one: the same comes of it."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe
from billing.adapters.outbound.stripe.processor import API_VERSION, StripeProcessor
from billing.adapters.outbound.stripe.webhooks import StripeWebhookVerifier
from billing.application.current_offers import CurrentOffers
from billing.application.receive_webhook import ReceiveWebhookHandler
from billing.domain.catalogue import Catalogue
from billing.domain.checkout import Checkout, PaymentStatus
from billing.domain.pack import Pack
from billing.domain.purchase_standing import PurchaseStatus
from billing.domain.webhook_event import WebhookState
from billing_support import BillingUnderTest, billing_in_memory, completed
from pydantic import SecretStr
from standins.serving import running
from standins.stripe.app import create_app
from standins.stripe.settings import StripeSettings

pytestmark = pytest.mark.server

KEY, SECRET = "sk_test_billing", "whsec_billing"
OLDER, NEWER = "2025-09-30.clover", "2027-04-28.unknown"


@dataclass
class Shop:
    """Billing over memory, the Stripe that it sells through, and what of its events is told already."""

    url: str
    billing: BillingUnderTest
    told: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.receive = ReceiveWebhookHandler(
            self.billing.units, StripeWebhookVerifier(SECRET, live=False), self.billing.clock
        )

    @property
    def sdk(self) -> Any:
        """Stripe, as an operator sees it in the dashboard."""
        return stripe.StripeClient(KEY, base_addresses={"api": self.url}).v1

    async def press(self, checkout: Checkout, action: str) -> None:
        """Press a button of the page."""
        async with httpx.AsyncClient() as browser:
            form = {"action": action, "email": "ada@example.com"}
            answer = await browser.post(str(checkout.url), data=form)
        assert answer.status_code in (200, 303), answer.text

    async def tell(self, *, version: str | None = None) -> list[dict[str, Any]]:
        """Deliver what happened since, twice and the newest first, and work it out; return it."""
        async with httpx.AsyncClient(auth=(KEY, "")) as client:
            answer = await client.get(f"{self.url}/v1/events?limit=100")
        events = [event for event in answer.json()["data"] if event["id"] not in self.told]
        for event in [*events, *events]:
            assert version is None or event["api_version"] == version
            body, timestamp = json.dumps(event), int(time.time())
            made = stripe.WebhookSignature._compute_signature(f"{timestamp}.{body}", SECRET)
            await self.receive({"stripe-signature": f"t={timestamp},v1={made}"}, body.encode())
        self.told |= {event["id"] for event in events}
        while await self.billing.process() is not None:
            pass
        return events

    def sell(self, pack: Pack) -> None:
        """Have a catalogue of one pack."""
        offers = CurrentOffers(self.billing.reader, Catalogue((pack,)))
        prices = replace(self.billing.refresh_prices, offered=offers.offered)
        self.billing.create = replace(self.billing.create, offers=offers, prices=prices)

    async def publish(self) -> None:
        """Have the catalogue on sale."""
        for pack in self.billing.catalogue.packs:
            await self.billing.processor.publish(pack)


def shop_of(tmp_path: Path, **more: Any) -> Iterator[Shop]:
    """A shop whose bank takes a moment."""
    settings = StripeSettings(
        data_folder=tmp_path, api_key=SecretStr(KEY), async_payment_delay_s=0.05, **more
    )
    with running(create_app(settings)) as url:
        yield Shop(url, billing_in_memory(StripeProcessor(secret_key=KEY, api_url=url)))


@pytest.fixture(params=[OLDER, API_VERSION, NEWER])
def stripe_version(request: pytest.FixtureRequest) -> str:
    """The API version that the endpoint is made for: an operator chooses it, and forgets about it."""
    return str(request.param)


@pytest.fixture
def versioned(tmp_path: Path, stripe_version: str) -> Iterator[Shop]:
    """A shop whose events are of a version."""
    yield from shop_of(tmp_path, webhook_api_version=stripe_version)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop whose events are of the version that we ask for."""
    yield from shop_of(tmp_path)


async def test_a_purchase_its_refund_and_its_dispute(versioned: Shop, stripe_version: str) -> None:
    """Each is recorded once, with its money, whichever version told it."""
    await versioned.publish()
    opened = (await versioned.billing.open()).checkout
    await versioned.press(opened, "pay")
    assert await versioned.tell(version=stripe_version)
    (purchase,) = await versioned.billing.purchases()
    versioned.sdk.refunds.create({"payment_intent": purchase.payment_id, "amount": 300})
    await versioned.tell(version=stripe_version)
    (standing,) = await versioned.billing.standings()
    assert (standing.purchase.refunded_minor, standing.status) == (300, PurchaseStatus.PARTIALLY_REFUNDED)
    await versioned.press(opened, "dispute")
    await versioned.tell(version=stripe_version)
    (standing,) = await versioned.billing.standings()
    assert standing.status is PurchaseStatus.DISPUTED
    (dispute,) = versioned.sdk.disputes.list().data
    versioned.sdk.disputes.close(dispute.id)
    await versioned.tell(version=stripe_version)
    (standing,) = await versioned.billing.standings()
    assert standing.status is PurchaseStatus.CHARGED_BACK
    told = [words[0] for words in await versioned.billing.told_facts()]
    assert told == ["PaymentCompleted", "PaymentRefunded", "PaymentDisputed", "PaymentDisputed"]
    counts = await versioned.billing.webhooks.webhook_counts()
    assert {state for state, _ in counts} <= {WebhookState.DONE, WebhookState.IGNORED}


@pytest.mark.parametrize(
    ("action", "ends"),
    [("bank_debit", PaymentStatus.PAID), ("bank_debit_fails", PaymentStatus.FAILED)],
)
async def test_a_bank_debit_to_its_end(versioned: Shop, action: str, ends: PaymentStatus) -> None:
    """It is on its way, and its end is final, told by webhooks alone."""
    await versioned.publish()
    opened = (await versioned.billing.open()).checkout
    await versioned.press(opened, action)
    async with asyncio.timeout(20):
        while True:
            await versioned.tell()
            known = await versioned.billing.reader.checkout("usr_1", opened.checkout_id)
            assert known is not None
            if known.payment_status is ends:
                break
            assert known.payment_status in (PaymentStatus.UNPAID, PaymentStatus.PROCESSING)
            await asyncio.sleep(0.02)
    assert len(await versioned.billing.purchases()) == (1 if ends is PaymentStatus.PAID else 0)
    await versioned.billing.facts.pass_over()


@pytest.mark.parametrize("first", ["webhook", "redirect"])
async def test_the_webhook_comes_before_the_redirect_or_after_it(shop: Shop, first: str) -> None:
    """One purchase, told once; whoever comes second finds it."""
    await shop.publish()
    opened = (await shop.billing.open()).checkout
    await shop.press(opened, "pay")
    if first == "webhook":
        await shop.tell()
    seen = await shop.billing.follow("usr_1", opened.checkout_id)
    assert seen.payment_status is PaymentStatus.PAID
    await shop.tell()
    (purchase,) = await shop.billing.purchases()
    assert purchase.purchase_id == seen.purchase_id
    await shop.billing.facts.expect(completed(purchase))


async def test_two_checkouts_in_two_tabs(shop: Shop) -> None:
    """Each that is paid is a purchase of its own; one key in two tabs is one page, paid once."""
    await shop.publish()
    tabs = [(await shop.billing.open(key=key)).checkout for key in ("tab 1", "tab 2", "tab 2")]
    assert tabs[1].url == tabs[2].url
    for checkout in tabs[:2]:
        await shop.press(checkout, "pay")
    await shop.tell()
    bought = await shop.billing.purchases()
    assert {purchase.checkout_id for purchase in bought} == {checkout.checkout_id for checkout in tabs}
    assert len({purchase.payment_id for purchase in bought}) == len(bought) == 2
    customers = {session.customer for session in shop.sdk.checkout.sessions.list().data}
    assert len(customers) == 1
    await shop.billing.facts.pass_over()


async def test_a_price_that_changes_during_a_checkout(shop: Shop) -> None:
    """Who has a page pays and gets what it said; the next page has the new terms."""
    await shop.publish()
    opened = (await shop.billing.open()).checkout
    pack = shop.billing.catalogue.packs[0]
    dearer = replace(pack, price_minor=2_000, credits=1_500)
    await shop.billing.processor.publish(dearer)
    await shop.press(opened, "pay")
    await shop.tell()
    (purchase,) = await shop.billing.purchases()
    assert (purchase.amount_minor, purchase.credits) == (pack.price_minor, pack.credits)
    shop.sell(dearer)
    newer = (await shop.billing.open()).checkout
    await shop.press(newer, "pay")
    await shop.tell()
    bought = {purchase.checkout_id: purchase for purchase in await shop.billing.purchases()}
    assert bought[newer.checkout_id].amount_minor == 2_000
    assert bought[newer.checkout_id].credits == 1_500
    await shop.billing.facts.pass_over()


async def test_a_currency_without_minor_units(shop: Shop) -> None:
    """1000 yen are 1000: sold, refunded by a part and by all of it, credits in proportion."""
    pack = replace(shop.billing.catalogue.packs[0], price_minor=1_000, currency="jpy", credits=777)
    shop.sell(pack)
    await shop.billing.processor.publish(pack)
    opened = (await shop.billing.open()).checkout
    await shop.press(opened, "pay")
    await shop.tell()
    (purchase,) = await shop.billing.purchases()
    assert (purchase.amount_minor, purchase.currency, purchase.credits) == (1_000, "jpy", 777)
    shop.sdk.refunds.create({"payment_intent": purchase.payment_id, "amount": 1})
    await shop.tell()
    (purchase,) = await shop.billing.purchases()
    assert (purchase.refunded_minor, purchase.refunded_credits) == (1, 0)
    shop.sdk.refunds.create({"payment_intent": purchase.payment_id})
    await shop.tell()
    (purchase,) = await shop.billing.purchases()
    assert (purchase.refunded_minor, purchase.refunded_credits) == (1_000, 777)
    await shop.billing.facts.pass_over()


async def test_other_apps_and_other_modes_are_left_alone(shop: Shop) -> None:
    """A page of another app grants nobody anything; nor do events of the mode that our key is not of."""
    await shop.publish()
    await shop.billing.refresh_prices()
    await shop.tell()
    ours = {"starter", "builder", "production"}
    assert await shop.billing.webhooks.webhook_counts() == {(WebhookState.DONE, None): 2 * len(ours)}
    price = {"currency": "usd", "unit_amount": 1000, "product_data": {"name": "Something else"}}
    session = shop.sdk.checkout.sessions.create(
        {
            "mode": "payment",
            "line_items": [{"price_data": price, "quantity": 1}],
            "success_url": "https://a.example",
        }
    )
    async with httpx.AsyncClient() as browser:
        await browser.post(f"{shop.url}/c/pay/{session.id}", data={"action": "pay", "email": "a@example.com"})
    await shop.tell()
    counted = await shop.billing.webhooks.webhook_counts()
    assert counted.pop((WebhookState.DONE, None)) == 2 * len(ours)
    assert {state for state, _ in counted} == {WebhookState.IGNORED}
    opened = (await shop.billing.open()).checkout
    await shop.press(opened, "pay")
    shop.receive = replace(shop.receive, verifier=StripeWebhookVerifier(SECRET, live=True))
    await shop.tell()
    assert await shop.billing.purchases() == []
