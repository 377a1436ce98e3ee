"""Payments without the customer: one suite over the processor that tests play and over Stripe's own."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
import stripe
from billing.adapters.outbound.memory.processor import MemoryProcessor
from billing.adapters.outbound.stripe.processor import StripeProcessor
from billing.adapters.outbound.toml_catalogue import load_catalogue
from billing.domain.auto_top_up import Charge, ChargeStatus
from billing.domain.checkout import Checkout
from billing.domain.errors import PaymentProcessorUnavailable
from billing.domain.identifiers import CustomerId
from billing.domain.processor_payment import ListedPayment
from billing.ports.payment_processor import PaymentProcessor
from pydantic import SecretStr
from standins.serving import running
from standins.stripe.app import create_app
from standins.stripe.settings import StripeSettings

KEY = "sk_test_billing"
PACK = load_catalogue(None).packs[0]
CARDS = {
    ChargeStatus.PAID: ("pm_card_visa", "4242"),
    ChargeStatus.REFUSED: ("pm_card_chargeCustomerFail", "0341"),
    ChargeStatus.NEEDS_AUTHENTICATION: ("pm_card_authenticationRequired", "3184"),
}


class World(Protocol):
    """A processor, and what its customers keep with it."""

    port: PaymentProcessor

    async def keep_card(self, customer_id: CustomerId, bank: ChargeStatus = ChargeStatus.PAID) -> None:
        """Keep a card whose bank answers like this, as the default."""

    async def delete_customer(self, customer_id: CustomerId) -> None:
        """Delete a customer at the processor."""

    async def payments(self) -> list[str]:
        """Every payment that was tried, whatever came of it."""


class Played:
    """The processor in memory."""

    def __init__(self) -> None:
        self.port = MemoryProcessor()

    async def keep_card(self, customer_id: CustomerId, bank: ChargeStatus = ChargeStatus.PAID) -> None:
        self.port.keep_card(customer_id, last4=CARDS[bank][1], bank=bank)

    async def delete_customer(self, customer_id: CustomerId) -> None:
        self.port.gone.add(customer_id)

    async def payments(self) -> list[str]:
        return [str(charge.payment_id) for _, charge in self.port.charges.values()]


class Stripes:
    """Stripe's stand-in."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.port = StripeProcessor(secret_key=KEY, api_url=url, keep_cards=True)
        self.sdk: Any = stripe.StripeClient(KEY, base_addresses={"api": url}).v1

    async def keep_card(self, customer_id: CustomerId, bank: ChargeStatus = ChargeStatus.PAID) -> None:
        method = self.sdk.payment_methods.attach(CARDS[bank][0], {"customer": customer_id})
        self.sdk.customers.update(customer_id, {"invoice_settings": {"default_payment_method": method.id}})

    async def delete_customer(self, customer_id: CustomerId) -> None:
        self.sdk.customers.delete(customer_id)

    async def payments(self) -> list[str]:
        return [intent.id for intent in self.sdk.payment_intents.list({"limit": 100}).data]


@pytest.fixture(params=["memory", "stripe"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Each processor."""
    if request.param == "memory":
        yield Played()
        return
    settings = StripeSettings(data_folder=tmp_path, api_key=SecretStr(KEY))
    with running(create_app(settings)) as url:
        yield Stripes(url)


def top_up(checkout_id: str = "chk_1") -> Checkout:
    """A pack that is to be paid without a page."""
    now = datetime.now(UTC)
    return Checkout(
        checkout_id=checkout_id,
        user_id="usr_1",
        idempotency_key=checkout_id,
        pack_id=PACK.pack_id,
        pack_title=PACK.title,
        credits=PACK.credits,
        price_minor=PACK.price_minor,
        currency=PACK.currency,
        created_at=now,
        opened_at=now,
    )


async def customer(world: World) -> CustomerId:
    """The user's customer."""
    return await world.port.open_customer(user_id="usr_1", email="ada@example.com", instead_of=None)


async def test_what_a_customer_pays_with(world: World) -> None:
    """Nothing at first, the newest card, the default before it; a customer who is gone has none."""
    known = await customer(world)
    assert await world.port.saved_method(known) is None
    await world.keep_card(known, ChargeStatus.REFUSED)
    await world.keep_card(known)
    method = await world.port.saved_method(known)
    assert method is not None
    assert (method.brand, method.last4) == ("visa", "4242")
    await world.delete_customer(known)
    assert await world.port.saved_method(known) is None
    assert await world.port.charge_saved_method(top_up(), customer_id=known) == Charge(
        status=ChargeStatus.NO_METHOD
    )
    assert await world.payments() == []


@pytest.mark.parametrize("bank", CARDS)
async def test_the_banks_answer_is_the_same_whenever_it_is_asked_for(
    world: World, bank: ChargeStatus
) -> None:
    """Paid, refused, or a question to its owner: one payment a checkout; another checkout is another."""
    known = await customer(world)
    await world.keep_card(known, bank)
    charge = await world.port.charge_saved_method(top_up(), customer_id=known)
    assert charge.status is bank
    assert charge.payment_id is not None
    again = await asyncio.gather(
        *(world.port.charge_saved_method(top_up(), customer_id=known) for _ in range(3))
    )
    assert set(again) == {charge}
    assert await world.payments() == [charge.payment_id]
    other = await world.port.charge_saved_method(top_up("chk_2"), customer_id=known)
    assert other.status is bank
    assert other.payment_id != charge.payment_id


async def test_another_card_is_no_reason_to_pay_once_more(world: World) -> None:
    """A checkout that was refused stays so: whoever wants another try begins another checkout."""
    known = await customer(world)
    await world.keep_card(known, ChargeStatus.REFUSED)
    refused = await world.port.charge_saved_method(top_up(), customer_id=known)
    await world.keep_card(known)
    assert await world.port.charge_saved_method(top_up(), customer_id=known) == refused
    assert len(await world.payments()) == 1


async def test_what_was_paid_is_a_payment_like_any_other(world: World) -> None:
    """It is found with our reference, and listed; what was refused is not."""
    known = await customer(world)
    await world.keep_card(known, ChargeStatus.REFUSED)
    await world.port.charge_saved_method(top_up("chk_refused"), customer_id=known)
    await world.keep_card(known)
    paid = await world.port.charge_saved_method(top_up(), customer_id=known)
    assert paid.payment_id is not None
    seen = await world.port.find_payment(paid.payment_id)
    assert (seen.reference, seen.refunds) == ("chk_1", ())
    listed = await whole(world)
    assert [(one.payment_id, one.reference, one.amount_minor, one.currency) for one in listed] == [
        (paid.payment_id, "chk_1", 1000, "usd")
    ]
    assert abs(listed[0].paid_at - datetime.now(UTC)) < timedelta(minutes=5)


async def whole(world: World) -> list[ListedPayment]:
    """The list of payments over all its pages."""
    found: list[ListedPayment] = []
    after: str | None = None
    for _ in range(10):
        page = await world.port.list_payments(since=datetime.now(UTC) - timedelta(hours=1), after=after)
        found += page.items
        if (after := page.next_after) is None:
            return found
    raise AssertionError("the list has no end")


async def test_at_once_one_is_paid(world: World) -> None:
    """However many ask at the same time: the others wait for the answer, or are told to ask again."""
    known = await customer(world)
    await world.keep_card(known)
    checkout = top_up()
    answers = await asyncio.gather(
        *(world.port.charge_saved_method(checkout, customer_id=known) for _ in range(4)),
        return_exceptions=True,
    )
    paid = {answer for answer in answers if isinstance(answer, Charge)}
    assert len(paid) == 1
    assert all(isinstance(answer, Charge | PaymentProcessorUnavailable) for answer in answers)
    assert len(await world.payments()) == 1


@pytest.mark.server
async def test_a_page_keeps_its_card_where_that_is_set(tmp_path: Path) -> None:
    """Paid on a page, a pack leaves a card behind that pays without one; otherwise none is kept."""
    settings = StripeSettings(data_folder=tmp_path, api_key=SecretStr(KEY))
    with running(create_app(settings)) as url:
        for keeps, user_id in ((True, "usr_1"), (False, "usr_2")):
            port = StripeProcessor(secret_key=KEY, api_url=url, keep_cards=keeps)
            await port.publish(PACK)
            known = await port.open_customer(user_id=user_id, email="a@example.com", instead_of=None)
            page = await port.open_checkout(
                replace(top_up(f"chk_{user_id}"), user_id=user_id),
                price_name=PACK.price_name,
                customer_id=known,
                success_url="https://app.example/done",
                cancel_url="https://app.example/back",
            )
            async with httpx.AsyncClient() as browser:
                form = {"action": "pay", "email": "a@example.com", "card": "pm_card_visa"}
                paid = await browser.post(f"{url}/c/pay/{page.page_id}", data=form)
            assert paid.status_code == 303
            method = await port.saved_method(known)
            assert (method is not None) is keeps
