"""Opening checkouts: what a key stands for, whose customer it is, and what is wrong on whose side."""

import asyncio
from dataclasses import replace

import pytest
from billing.domain.checkout import CheckoutStatus, PaymentStatus
from billing.domain.errors import (
    IdempotencyKeyReused,
    PaymentProcessorMisconfigured,
    PaymentProcessorRefused,
    PaymentProcessorUnavailable,
)
from billing_support import ORIGIN, BillingUnderTest, order


@pytest.mark.parametrize("field", ["success_url", "cancel_url"])
async def test_a_key_stands_for_all_of_its_request(any_billing: BillingUnderTest, field: str) -> None:
    """Another address under the same key is refused; the first request is answered as before."""
    first = await any_billing.open(key="k1")
    with pytest.raises(IdempotencyKeyReused):
        await any_billing.create(replace(order(key="k1"), **{field: f"{ORIGIN}/elsewhere"}))
    again = await any_billing.open(key="k1")
    assert (again.checkout.url, again.replayed) == (first.checkout.url, True)
    assert len(any_billing.processor.sessions) == 1


async def test_a_person_may_change_their_address_between_two_tries(any_billing: BillingUnderTest) -> None:
    """The e-mail is not of the request: the same key, the same page, the same customer."""
    first = await any_billing.open(key="k1")
    again = await any_billing.create(replace(order(key="k1"), email="lovelace@example.com"))
    assert again.checkout.url == first.checkout.url
    assert len(any_billing.processor.customers) == 1


async def test_an_address_may_name_the_checkout(any_billing: BillingUnderTest) -> None:
    """Its id takes the place of the word."""
    url = f"{ORIGIN}/billing?checkout={{CHECKOUT_ID}}"
    opened = await any_billing.create(replace(order(), success_url=url))
    session = opened.checkout.page_id or ""
    assert any_billing.processor.return_urls[session] == (
        f"{ORIGIN}/billing?checkout={opened.checkout.checkout_id}",
        f"{ORIGIN}/billing",
    )


async def test_a_key_whose_page_has_expired_opens_another(any_billing: BillingUnderTest) -> None:
    """However it is found out, and one page however many come at once; paid, it is one purchase."""
    first = (await any_billing.open(key="k1")).checkout
    any_billing.processor.expire(first.page_id or "")
    any_billing.clock.advance(90_000)
    opened = await asyncio.gather(*(any_billing.open(key="k1") for _ in range(4)))
    (url,) = {one.checkout.url for one in opened}
    assert url not in (None, first.url)
    assert {(one.checkout.checkout_id, one.replayed) for one in opened} == {(first.checkout_id, True)}
    assert {one.checkout.status for one in opened} == {CheckoutStatus.OPEN}
    assert len(any_billing.processor.sessions) == 2
    second = await any_billing.follow("usr_1", first.checkout_id)
    # The first page's expiry says nothing about the second.
    assert await any_billing.settle(first.page_id or "")
    assert await any_billing.follow("usr_1", first.checkout_id) == second
    any_billing.processor.pay(second.page_id or "")
    await any_billing.settle(second.page_id or "")
    assert await any_billing.told_facts() == [("PaymentCompleted", "pi_1", 1000, 1000)]


async def test_a_page_is_sold_at_the_terms_of_its_opening(any_billing: BillingUnderTest) -> None:
    """What changed since the first page counts for the second."""
    first = (await any_billing.open(key="k1")).checkout
    session = first.page_id or ""
    any_billing.processor.expire(session)
    async with any_billing.units.of("usr_1") as work:
        await work.save_checkout(replace(first, credits=1, price_minor=1))
    any_billing.clock.advance(90_000)
    second = (await any_billing.open(key="k1")).checkout
    assert (second.credits, second.price_minor, second.page) == (1000, 1000, 2)


async def test_a_key_whose_checkout_is_over_says_so(any_billing: BillingUnderTest) -> None:
    """Paid or failed, it opens nothing new, and has no address."""
    paid = (await any_billing.open(key="k1")).checkout
    any_billing.processor.pay(paid.page_id or "")
    failed = (await any_billing.open(key="k2")).checkout
    any_billing.processor.promise(failed.page_id or "")
    any_billing.processor.fail(failed.page_id or "")
    seen = [(await any_billing.open(key=key)).checkout for key in ("k1", "k2")]
    assert [(one.status, one.payment_status, one.url) for one in seen] == [
        (CheckoutStatus.COMPLETE, PaymentStatus.PAID, None),
        (CheckoutStatus.COMPLETE, PaymentStatus.FAILED, None),
    ]
    assert len(any_billing.processor.sessions) == 2
    assert await any_billing.told_facts() == [("PaymentCompleted", "pi_1", 1000, 1000)]


async def test_both_pages_of_a_checkout_that_were_paid_are_purchases(any_billing: BillingUnderTest) -> None:
    """It should not happen; should it, no money is taken for nothing. Told again, nothing comes twice."""
    first = (await any_billing.open(key="k1")).checkout
    any_billing.processor.expire(first.page_id or "")
    any_billing.clock.advance(90_000)
    second = (await any_billing.open(key="k1")).checkout
    sessions = [first.page_id or "", second.page_id or ""]
    for session in sessions:
        any_billing.processor.pay(session)
    for session in sessions * 3:
        assert await any_billing.settle(session)
    assert await any_billing.told_facts() == [
        ("PaymentCompleted", "pi_1", 1000, 1000),
        ("PaymentCompleted", "pi_2", 1000, 1000),
    ]


async def test_a_customer_that_is_gone_is_made_anew_once(any_billing: BillingUnderTest) -> None:
    """Deleted, or made under another key: however many checkouts find out at once."""
    await any_billing.open(key="k1")
    (gone,) = any_billing.processor.customers.values()
    any_billing.processor.gone.add(gone)
    opened = await asyncio.gather(*(any_billing.open(key=f"k{number}") for number in range(2, 8)))
    assert all(one.checkout.url for one in opened)
    assert len(any_billing.processor.customers) == 2
    async with any_billing.units.of("usr_1") as work:
        assert await work.customer_of("usr_1") == list(any_billing.processor.customers.values())[1]


async def test_many_first_checkouts_make_one_customer(any_billing: BillingUnderTest) -> None:
    """The first link counts."""
    await asyncio.gather(*(any_billing.open(key=f"k{number}") for number in range(6)))
    assert len(any_billing.processor.customers) == 1
    assert len(any_billing.processor.sessions) == 6


async def test_what_is_not_on_sale_is_not_an_outage(any_billing: BillingUnderTest) -> None:
    """The buyer reads another reason; published again, the same key is served."""
    pack = any_billing.catalogue.packs[0]
    any_billing.processor.archived.add(pack.price_name)
    for _ in range(2):
        with pytest.raises(PaymentProcessorMisconfigured) as refused:
            await any_billing.open(key="k1")
        assert refused.value.reason == "PAYMENT_PROCESSOR_MISCONFIGURED"
    assert any_billing.processor.sessions == {}
    await any_billing.processor.publish(pack)
    assert (await any_billing.open(key="k1")).checkout.url


@pytest.mark.parametrize(
    "failure",
    [
        PaymentProcessorUnavailable("away"),
        PaymentProcessorMisconfigured("our key"),
        PaymentProcessorRefused("no such address"),
    ],
)
async def test_each_failure_reaches_the_buyer_as_it_is(
    any_billing: BillingUnderTest, failure: Exception
) -> None:
    """Nothing is sold, nothing is told, and the key is good for another try."""
    any_billing.processor.failure = failure
    with pytest.raises(type(failure)):
        await any_billing.open(key="k1")
    assert any_billing.processor.sessions == {}
    any_billing.processor.failure = None
    assert (await any_billing.open(key="k1")).checkout.status is CheckoutStatus.OPEN
    assert len(any_billing.processor.sessions) == 1
