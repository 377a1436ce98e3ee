"""The Stripe adapter, by the official SDK over HTTP, against a server that speaks Stripe's API."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe
from billing.adapters.outbound.stripe.answers import seen_checkout
from billing.adapters.outbound.stripe.processor import StripeProcessor
from billing.adapters.outbound.toml_catalogue import load_catalogue
from billing.domain.checkout import Checkout, CheckoutStatus, PaymentStatus
from pydantic import SecretStr
from standins.serving import running
from standins.stripe.app import create_app
from standins.stripe.settings import StripeSettings

pytestmark = pytest.mark.server

KEY = "sk_test_billing"
PACK = load_catalogue(None).packs[0]
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


@pytest.fixture
def stripe_url(tmp_path: Path) -> Iterator[str]:
    """The address of a running stand-in."""
    settings = StripeSettings(data_folder=tmp_path, api_key=SecretStr(KEY), async_payment_delay_s=0.05)
    with running(create_app(settings)) as url:
        yield url


@pytest.fixture
def processor(stripe_url: str) -> StripeProcessor:
    """The adapter under test."""
    return StripeProcessor(secret_key=KEY, api_url=stripe_url)


async def opened(processor: StripeProcessor, checkout: Checkout = CHECKOUT) -> str:
    """Publish the pack, open a checkout, return its session."""
    await processor.publish(PACK)
    customer_id = await processor.open_customer(user_id="usr_1", email="ada@example.com", instead_of=None)
    seen = await processor.open_checkout(
        checkout,
        price_name=PACK.price_name,
        customer_id=customer_id,
        success_url="https://app.example/done",
        cancel_url="https://app.example/back",
    )
    assert (seen.status, seen.is_paid, seen.reference) == (CheckoutStatus.OPEN, False, checkout.checkout_id)
    return seen.page_id


async def press(processor: StripeProcessor, session_id: str, action: str) -> int:
    """Press a button on the hosted page."""
    url = (await processor.find_checkout(session_id)).url
    async with httpx.AsyncClient() as browser:
        answer = await browser.post(url, data={"action": action, "email": "ada@example.com"})
    return answer.status_code


async def test_a_paid_session_has_its_payment(processor: StripeProcessor) -> None:
    """Paying is seen with the payment object, the amount and our reference."""
    session_id = await opened(processor)
    assert await press(processor, session_id, "pay") == 303
    seen = await processor.find_checkout(session_id)
    assert (seen.status, seen.is_paid, seen.amount_minor) == (CheckoutStatus.COMPLETE, True, 1000)
    assert (seen.payment_id or "").startswith("pi_")
    assert seen.reference == "chk_1"


async def test_a_declined_card_leaves_the_session_open(processor: StripeProcessor) -> None:
    """Nothing is paid."""
    session_id = await opened(processor)
    assert await press(processor, session_id, "decline") == 402
    seen = await processor.find_checkout(session_id)
    assert (seen.status, seen.is_paid) == (CheckoutStatus.OPEN, False)


async def test_the_same_checkout_opens_one_session(processor: StripeProcessor) -> None:
    """A retry after a crash gets the session of the first try."""
    assert await opened(processor) == await opened(processor)
    assert await opened(processor, replace(CHECKOUT, checkout_id="chk_2")) != await opened(processor)


async def test_a_changed_price_replaces_the_one_before(processor: StripeProcessor) -> None:
    """Publishing is idempotent; new terms are sold from then on."""
    await processor.publish(PACK)
    await processor.publish(PACK)
    await processor.publish(replace(PACK, price_minor=1500))
    session_id = await processor.open_checkout(
        replace(CHECKOUT, price_minor=1500),
        price_name=PACK.price_name,
        customer_id=await processor.open_customer(user_id="usr_1", email="ada@example.com", instead_of=None),
        success_url="https://app.example/done",
        cancel_url="https://app.example/back",
    )
    assert session_id.amount_minor == 1500


@pytest.mark.parametrize(
    ("status", "payment_status", "intent", "seen"),
    [
        ("open", "unpaid", None, PaymentStatus.UNPAID),
        ("open", "unpaid", "requires_payment_method", PaymentStatus.UNPAID),
        ("open", "no_payment_required", None, PaymentStatus.NO_PAYMENT_REQUIRED),
        ("expired", "unpaid", "canceled", PaymentStatus.UNPAID),
        ("complete", "paid", "succeeded", PaymentStatus.PAID),
        ("complete", "paid", None, PaymentStatus.PAID),
        ("complete", "no_payment_required", None, PaymentStatus.NO_PAYMENT_REQUIRED),
        ("complete", "unpaid", "processing", PaymentStatus.PROCESSING),
        ("complete", "unpaid", "requires_action", PaymentStatus.PROCESSING),
        ("complete", "unpaid", "a status of next year", PaymentStatus.PROCESSING),
        ("complete", "unpaid", "succeeded", PaymentStatus.PAID),
        ("complete", "unpaid", "requires_payment_method", PaymentStatus.FAILED),
        ("complete", "unpaid", "canceled", PaymentStatus.FAILED),
    ],
)
def test_where_the_money_is(
    status: str, payment_status: str, intent: str | None, seen: PaymentStatus
) -> None:
    """By the session, and by its payment where the session says too little."""
    about: dict[str, Any] = {"id": "cs_1", "object": "checkout.session", "status": status}
    about |= {"payment_status": payment_status, "expires_at": 1, "line_items": None, "metadata": {}}
    about |= dict.fromkeys(
        ("amount_total", "amount_subtotal", "currency", "client_reference_id", "url", "subscription")
    )
    about["payment_intent"] = {"id": "pi_1", "object": "payment_intent", "status": intent} if intent else None
    assert seen_checkout(stripe.checkout.Session.construct_from(about, KEY)).payment_status is seen
