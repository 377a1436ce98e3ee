"""The Polar adapter, by the official SDK over HTTP, against a server that speaks Polar's API."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from billing.adapters.outbound.polar.processor import PolarProcessor
from billing.adapters.outbound.toml_catalogue import load_catalogue
from billing.domain.auto_top_up import ChargeStatus
from billing.domain.checkout import CheckoutStatus
from billing.domain.dispute import DisputeState
from billing.domain.errors import (
    CustomerUnknownToProcessor,
    PaymentProcessorMisconfigured,
    PaymentProcessorRefused,
    PaymentProcessorUnavailable,
    PriceChanged,
    UnknownToProcessor,
)
from billing.domain.identifiers import CustomerId, InvoiceId, ProcessorSubscriptionId, RequestId
from billing.domain.pack import CatalogueChange
from billing.domain.processor_subscription import InvoiceStatus
from billing.domain.refund import RefundStatus
from billing.domain.refund_order import RefundOrder
from polar_world import CHECKOUT, NOW, PACK, PolarWorld, polar_world

pytestmark = pytest.mark.server

ABSENT = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PolarWorld]:
    """Polar with 20 % of tax on what is sold."""
    with polar_world(tmp_path, tax_percent=20) as found:
        yield found


async def test_what_is_paid_includes_the_tax(world: PolarWorld) -> None:
    """The page is opened at the price; the payment is the order, at what the buyer paid."""
    await world.processor.publish(PACK)
    opened = await world.open()
    assert opened.amount_minor == 1000
    assert await world.press(opened.url) == 303
    seen = await world.processor.find_checkout(opened.page_id)
    assert (seen.is_paid, seen.amount_minor, seen.currency, seen.reference) == (True, 1200, "usd", "chk_1")
    assert (await world.sdk.orders.get(seen.payment_id or "")).checkout_id == opened.page_id


async def test_a_lost_answer_opens_no_second_page_and_no_second_customer(world: PolarWorld) -> None:
    """There is no idempotency key: what was made is found."""
    await world.processor.publish(PACK)
    for path in ("/v1/customers/", "/v1/checkouts/"):
        await world.control("faults", lose_next=1, method="POST", path=path)
        with pytest.raises(PaymentProcessorUnavailable):
            await world.open()
    assert (await world.sdk.customers.list()).pagination.total_count == 1
    (made,) = (await world.sdk.checkouts.list()).items
    assert (await world.open()).page_id == made.id
    assert (await world.sdk.checkouts.list()).pagination.total_count == 1


async def test_another_price_is_another_page(world: PolarWorld) -> None:
    """Of the same checkout, opened at the terms that it has by now."""
    await world.processor.publish(PACK)
    first = await world.open()
    dearer = replace(PACK, price_minor=1500)
    assert await world.processor.publish(dearer) == [CatalogueChange.PRICE_CREATED]
    with pytest.raises(PriceChanged):
        await world.open()
    second = await world.open(replace(CHECKOUT, price_minor=1500))
    assert (second.page_id != first.page_id, second.amount_minor) == (True, 1500)
    assert await world.press(first.url) == 400


async def test_a_paid_page_is_found_rather_than_opened_again(world: PolarWorld) -> None:
    """Nobody pays twice for one page."""
    await world.processor.publish(PACK)
    opened = await world.open()
    await world.press(opened.url)
    again = await world.open()
    assert (again.page_id, again.status, again.is_paid) == (opened.page_id, CheckoutStatus.COMPLETE, True)


async def test_an_address_of_somebody_else_is_refused(world: PolarWorld) -> None:
    """Whoever has it at Polar keeps it, and what they bought; another address is taken."""
    await world.sdk.customers.create(email="usr_1@example.com")
    await world.processor.publish(PACK)
    with pytest.raises(PaymentProcessorRefused):
        await world.open()
    assert [one.external_id for one in (await world.sdk.customers.list()).items] == [None]
    assert await world.processor.open_customer(user_id="usr_1", email="another@example.com", instead_of=None)


async def test_a_product_of_the_same_name_is_not_ours(world: PolarWorld) -> None:
    """What is sold is found by the metadata; texts are brought up to date, once."""
    price = {"amount_type": "fixed", "price_amount": 100, "price_currency": "usd"}
    await world.sdk.products.create(name=PACK.title, prices=[price])  # type: ignore[list-item]
    await world.processor.publish(PACK)
    assert (await world.open()).amount_minor == 1000
    renamed = replace(PACK, title="Beginner")
    assert await world.processor.publish(renamed) == [CatalogueChange.PRODUCT_UPDATED]
    assert await world.processor.publish(renamed) == []
    assert (await world.sdk.products.list()).pagination.total_count == 2


async def test_refunds_are_told_with_their_tax(world: PolarWorld) -> None:
    """Each with its status; one that failed after all says so."""
    payment_id = await world.bought()
    part = await world.sdk.refunds.create(order_id=payment_id, reason="other", amount=500)
    await world.sdk.refunds.create(order_id=payment_id, reason="other", amount=500)
    payment = await world.processor.find_payment(payment_id)
    assert payment.reference == "chk_1"
    assert [(one.amount_minor, one.status) for one in payment.refunds] == [(600, RefundStatus.SUCCEEDED)] * 2
    await world.control(f"refunds/{part.id}", status="failed")
    (failed,) = [
        one for one in (await world.processor.find_payment(payment_id)).refunds if one.refund_id == part.id
    ]
    assert failed.status is RefundStatus.FAILED


@pytest.mark.parametrize(("asked", "goes_back"), [(1200, 1200), (600, 600), (404, 404), (405, 404), (1, 1)])
async def test_an_ordered_refund_goes_back_with_its_tax(
    world: PolarWorld, asked: int, goes_back: int
) -> None:
    """To the cent, or one less where the tax leaves no such sum; never more, and once an order."""
    order = ordered(await world.bought(), asked)
    refund = await world.processor.refund_payment(order)
    assert (refund.amount_minor, refund.status) == (goes_back, RefundStatus.SUCCEEDED)
    assert await world.processor.refund_payment(order) == refund
    (made,) = (await world.sdk.refunds.list()).items
    assert made.metadata["actor"] == "usr_admin"
    if asked == 1200:
        with pytest.raises(PaymentProcessorRefused):
            await world.processor.refund_payment(replace(order, order_id="rfo_2", amount_minor=1))


async def test_a_lost_answer_refunds_nothing_twice(world: PolarWorld) -> None:
    """Nor do two that carry an order on at once."""
    order = ordered(await world.bought(), 600)
    await world.control("faults", lose_next=1, method="POST", path="/v1/refunds/")
    with pytest.raises(PaymentProcessorUnavailable):
        await world.processor.refund_payment(order)
    once, again = await asyncio.gather(*(world.processor.refund_payment(order) for _ in range(2)))
    assert once == again
    assert (await world.sdk.refunds.list()).pagination.total_count == 1


def ordered(payment_id: str, amount_minor: int) -> RefundOrder:
    """An order to send so much of a payment back."""
    return RefundOrder(
        order_id="rfo_1",
        purchase_id="pay_1",
        user_id="usr_1",
        payment_id=payment_id,
        asked_minor=amount_minor,
        amount_minor=amount_minor,
        reason="Bought by mistake",
        actor="usr_admin",
        idempotency_key="k1",
        created_at=NOW,
        due_at=NOW,
    )


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("early_warning", None),
        ("needs_response", DisputeState.OPENED),
        ("under_review", DisputeState.OPENED),
        ("lost", DisputeState.LOST),
        ("won", DisputeState.WON),
        ("prevented", DisputeState.WON),
    ],
)
async def test_a_dispute_says_where_the_money_is(
    world: PolarWorld, status: str, state: DisputeState | None
) -> None:
    """With its tax, and whose it is."""
    payment_id = await world.bought()
    opened = await world.control("disputes", order_id=payment_id)
    await world.control(f"disputes/{opened['id']}", status=status)
    seen = await world.processor.find_dispute(opened["id"])
    assert (seen.state, seen.amount_minor, seen.payment_id) == (state, 1200, payment_id)
    assert (seen.reference, seen.currency) == ("chk_1", "usd")
    assert seen.moved_at is not None


async def test_plans_are_refused_and_nothing_is_asked(world: PolarWorld) -> None:
    """Whatever is asked about them: a page, a subscription, an invoice, a change of one."""
    plan = load_catalogue(None).plans[1]
    price, processor = plan.prices[0], world.processor
    subscription, request = ProcessorSubscriptionId("sub_1"), RequestId("r1")
    await world.control("faults", fail_next=100)
    page = replace(CHECKOUT, pack_id=None, plan_id=plan.plan_id, interval=price.interval)
    refused = [
        processor.open_checkout(
            page,
            price_name=price.price_name,
            customer_id=CustomerId(ABSENT),
            success_url="https://app.example/done",
            cancel_url="https://app.example/back",
        ),
        processor.publish_plan(plan),
        processor.find_subscription(subscription),
        processor.subscription_of_invoice(InvoiceId("in_1")),
        processor.change_now(subscription, plan, price, request_id=request),
        processor.change_later(subscription, plan, price, request_id=request),
        processor.cancel_later(subscription, request_id=request),
        processor.keep(subscription, request_id=request),
        processor.end_surplus(subscription, []),
    ]
    for asked in refused:
        with pytest.raises(PaymentProcessorRefused, match="sells no plans"):
            await asked


async def test_nobody_is_charged_without_a_page(world: PolarWorld) -> None:
    """A customer who has paid keeps nothing to pay with, and is asked for nothing."""
    await world.bought()
    customer_id = CustomerId((await world.sdk.customers.list()).items[0].id)
    assert await world.processor.saved_method(customer_id) is None
    charge = await world.processor.charge_saved_method(CHECKOUT, customer_id=customer_id)
    assert charge.status is ChargeStatus.NO_METHOD
    assert (await world.sdk.orders.list()).pagination.total_count == 1


async def test_the_portal_and_invoices_are_polars(world: PolarWorld) -> None:
    """Each order that was paid is an invoice; a customer who is gone is told apart."""
    payment_id = await world.bought()
    again = await world.open(replace(CHECKOUT, checkout_id="chk_2"))
    await world.press(again.url)
    await world.open(replace(CHECKOUT, checkout_id="chk_3"))
    customer_id = await world.processor.open_customer(
        user_id="usr_1", email="usr_1@example.com", instead_of=None
    )
    newest = await world.processor.list_invoices(customer_id, after=None, limit=1)
    oldest = await world.processor.list_invoices(customer_id, after=newest.next_after, limit=1)
    assert oldest.next_after is None
    (invoice,) = oldest.items
    assert (invoice.invoice_id, invoice.total_minor, invoice.status) == (payment_id, 1200, InvoiceStatus.PAID)
    with pytest.raises(UnknownToProcessor):
        await world.processor.list_invoices(customer_id, after="gone", limit=1)
    portal: Any = {"plans": [], "return_url": "https://app.example/billing", "request_id": RequestId("r1")}
    address = await world.processor.open_portal(customer_id, **portal)
    async with httpx.AsyncClient() as browser:
        shown = await browser.get(address)
    assert (shown.status_code, shown.text.count("$12.00")) == (200, 2)
    await world.sdk.customers.delete(customer_id)
    with pytest.raises(CustomerUnknownToProcessor):
        await world.processor.open_portal(customer_id, **portal)


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (500, PaymentProcessorUnavailable),
        (503, PaymentProcessorUnavailable),
        (429, PaymentProcessorUnavailable),
        (409, PaymentProcessorUnavailable),
        (401, PaymentProcessorMisconfigured),
        (403, PaymentProcessorMisconfigured),
        (400, PaymentProcessorRefused),
    ],
)
async def test_failures_are_told_apart(world: PolarWorld, status: int, meaning: type[Exception]) -> None:
    """They pass, are ours, or are the request's own; none says more to a buyer than it should."""
    await world.control("faults", fail_next=1, path="/v1/checkouts/", status=status)
    with pytest.raises(meaning) as failed:
        await world.processor.find_checkout(ABSENT)
    assert not isinstance(failed.value, UnknownToProcessor)
    assert "ordered from the stand-in" not in str(failed.value)


async def test_who_does_not_answer_is_away_and_a_wrong_token_is_ours(world: PolarWorld) -> None:
    """An answer that is not Polar's passes, too: somebody in between spoke."""
    nobody = PolarProcessor(access_token="polar_oat_billing", api_url="http://127.0.0.1:1")
    elsewhere = PolarProcessor(access_token="polar_oat_billing", api_url=f"{world.url}/elsewhere")
    for processor in (nobody, elsewhere):
        with pytest.raises(PaymentProcessorUnavailable):
            await processor.find_checkout(ABSENT)
    stranger = PolarProcessor(access_token="polar_oat_of_somebody_else", api_url=world.url)
    with pytest.raises(PaymentProcessorMisconfigured) as refused:
        await stranger.publish(PACK)
    assert "somebody_else" not in str(refused.value.details)
