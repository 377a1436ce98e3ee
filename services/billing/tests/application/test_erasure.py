"""The end of an account: nothing joins its id to a person, and what was bought and paid stays."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from billing.adapters.outbound.memory.processor import MemoryProcessor
from billing.application.carry_on_erasures import CarryOnErasuresHandler
from billing.application.start_free_plan import StartFreePlanHandler
from billing.domain.checkout import Checkout
from billing.domain.errors import AccountGone, PaymentProcessorUnavailable
from billing.domain.identifiers import CustomerId, UserId
from billing_support import BillingUnderTest, order
from paid_plan_world import ADA, MARCH, come, subscribed
from top_up_world import Account

EVE = UserId("usr_eve")
ERASED = ("AccountErased",)


async def end_of(billing: BillingUnderTest, user_id: UserId = ADA) -> None:
    """Hear that somebody is gone, and erase."""
    await billing.begin_erasure(user_id)
    assert await billing.carry_on_erasures() == 1


async def customer_of(billing: BillingUnderTest, user_id: UserId) -> str | None:
    """The processor's customer."""
    async with billing.units.of(user_id) as work:
        return await work.customer_of(user_id)


async def test_what_was_bought_stays_and_the_customer_goes(any_billing: BillingUnderTest) -> None:
    """Here and at the processor; told once; another user keeps all of it."""
    billing = any_billing
    mine, hers = await billing.bought(ADA), await billing.bought(EVE)
    customer = await customer_of(billing, ADA)
    assert await billing.begin_erasure(ADA)
    assert not await billing.begin_erasure(ADA)
    assert (await billing.carry_on_erasures(), await billing.carry_on_erasures()) == (1, 0)
    assert billing.processor.gone == {customer}
    assert (await customer_of(billing, ADA), await customer_of(billing, EVE) is None) == (None, False)
    assert (await billing.purchases(ADA), await billing.purchases(EVE)) == ([mine], [hers])
    async with billing.units.of(ADA) as work:
        checkout = await work.checkout(mine.checkout_id)
    assert checkout is not None
    assert (checkout.url or None, checkout.idempotency_key) == (None, checkout.checkout_id)
    await billing.facts.expect(ERASED)


async def test_a_paid_plan_ends_and_no_free_one_begins(any_billing: BillingUnderTest) -> None:
    """At the processor, at once; months that come bring no credits, and nothing is charged."""
    billing = any_billing
    plan = await subscribed(billing)
    await billing.facts.pass_over()
    await end_of(billing)
    assert plan.paid is not None
    assert billing.processor.subscriptions[plan.paid.processor_id].ended_at is not None
    assert await billing.reader.subscription(ADA) is None
    said = await billing.told_facts()
    assert said[-1] == ERASED
    await come(billing, MARCH + timedelta(days=40))
    assert await billing.told_facts() == said


async def test_nothing_new_is_made_of_an_erased_account(any_billing: BillingUnderTest) -> None:
    """Not by a sign-up that is told again, nor by a request that was on its way."""
    billing = any_billing
    await end_of(billing)
    await billing.facts.expect(ERASED)
    start = StartFreePlanHandler(billing.units, billing.clock, billing.ids, billing.catalogue.plans[0])
    assert not await start(ADA, since=billing.clock.now())
    for refused in (
        billing.create(order(ADA)),
        billing.read_referral(ADA),
        Account(billing, user_id=ADA).want(is_on=False),
    ):
        with pytest.raises(AccountGone):
            await refused
    async with billing.units.of(ADA) as work:
        assert await work.auto_top_up(ADA) is None
    assert await customer_of(billing, ADA) is None
    assert billing.processor.customers == {}
    assert await billing.reader.subscription(ADA) is None


async def test_who_is_erased_while_a_customer_is_opened_leaves_none(
    any_billing: BillingUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither here nor at the processor, though the erasure was over before there was one."""
    billing, opening = any_billing, MemoryProcessor.open_customer

    async def slow(self: MemoryProcessor, **asked: Any) -> CustomerId:
        await end_of(billing)
        return await opening(self, **asked)

    monkeypatch.setattr(MemoryProcessor, "open_customer", slow)
    with pytest.raises(AccountGone):
        await billing.create(order(ADA))
    assert await customer_of(billing, ADA) is None
    assert billing.processor.gone == set(billing.processor.customers.values())
    assert billing.processor.gone != set()
    await billing.facts.expect(ERASED)


async def test_who_is_erased_while_a_page_is_opened_leaves_no_address(
    any_billing: BillingUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checkout was there to be emptied, and the page's address is not written afterwards."""
    billing, opening, seen = any_billing, MemoryProcessor.open_checkout, list[Checkout]()

    async def slow(self: MemoryProcessor, checkout: Checkout, **more: Any) -> Any:
        seen.append(checkout)
        opened = await opening(self, checkout, **more)
        await end_of(billing)
        return opened

    monkeypatch.setattr(MemoryProcessor, "open_checkout", slow)
    with pytest.raises(AccountGone):
        await billing.create(order(ADA, key="hers"))
    async with billing.units.of(ADA) as work:
        assert await work.checkout_of_key(ADA, "hers") is None
        left = await work.checkout(seen[0].checkout_id)
    assert left is not None
    assert (left.url or None, left.page_id) == (None, None)
    await billing.facts.expect(ERASED)


async def test_an_outage_of_the_processor_only_delays_it(any_billing: BillingUnderTest) -> None:
    """Nothing is deleted before the processor has forgotten its customer, whose id would be lost."""
    billing = any_billing
    await billing.bought(ADA)
    await billing.begin_erasure(ADA)
    billing.processor.failure = PaymentProcessorUnavailable("away")
    assert await billing.carry_on_erasures() == 0
    assert await customer_of(billing, ADA) is not None
    billing.processor.failure = None
    assert await billing.carry_on_erasures() == 1
    await billing.facts.expect(ERASED)


async def test_one_that_can_not_be_erased_stops_no_other(
    any_billing: BillingUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where it alone is looked at at a time; it is tried again."""
    billing = any_billing
    for user in (ADA, EVE):
        await billing.bought(user)
        await billing.begin_erasure(user)
    poisoned, forget = await customer_of(billing, ADA), billing.processor.forget_customer

    async def failing(customer_id: CustomerId) -> None:
        if customer_id == poisoned:
            raise RuntimeError("no")
        await forget(customer_id)

    monkeypatch.setattr(billing.processor, "forget_customer", failing)
    carry_on = replace(billing.carry_on_erasures, page_size=1)
    assert await carry_on() == 1
    assert await customer_of(billing, EVE) is None
    monkeypatch.undo()
    assert await carry_on() == 1
    await billing.facts.expect(ERASED, ERASED)


async def test_a_crash_after_the_processor_forgot_goes_on(
    any_billing: BillingUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The customer is gone there and known here: the next round does the rest, and stops at no other."""
    billing = any_billing
    await billing.bought(EVE)
    await subscribed(billing)
    await billing.facts.pass_over()
    await billing.begin_erasure(ADA)
    await billing.begin_erasure(EVE)
    settle = type(billing.settle_plan).__call__

    async def killed(*_: object) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr(type(billing.settle_plan), "__call__", killed)
    assert await billing.carry_on_erasures() == 1
    assert (await customer_of(billing, ADA) is None, await customer_of(billing, EVE)) == (False, None)
    monkeypatch.setattr(type(billing.settle_plan), "__call__", settle)
    assert isinstance(billing.carry_on_erasures, CarryOnErasuresHandler)
    assert await billing.carry_on_erasures() == 1
    assert await customer_of(billing, ADA) is None
    assert await billing.reader.subscription(ADA) is None
    await billing.facts.pass_over()
