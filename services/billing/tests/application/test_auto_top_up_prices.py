"""Packs that are bought by themselves cost what their owner agreed to, or less."""

from dataclasses import replace

import pytest
from billing.application.set_auto_top_up import SetAutoTopUp
from billing.domain.auto_top_up import AutoTopUpStatus, StopReason
from billing.domain.errors import PriceChanged
from billing.domain.price import Price
from billing_support import BillingUnderTest
from price_world import STARTER, publish
from top_up_world import USER, Account

AGREED = Price(price_minor=1000, currency="usd")
STOPPED = ("AutoTopUpStopped", USER, "AUTO_TOP_UP_STOP_REASON_PRICE_RAISED")


async def ready(billing: BillingUnderTest) -> Account:
    """An account with a card that wants a pack below 100 credits, at what it costs now."""
    await publish(billing)
    account = Account(billing)
    await account.keep_card()
    await account.want()
    return account


async def costs(billing: BillingUnderTest, price_minor: int) -> None:
    """The pack costs something else by now, and billing knows it."""
    billing.processor.reprice(STARTER, price_minor)
    await billing.refresh_prices()


async def run_low(billing: BillingUnderTest, account: Account) -> list[int]:
    """Credits run low once more; what was paid so far, newest first."""
    await account.credits_arrive()
    await account.falls_to(50)
    await billing.run_top_ups()
    return [purchase.amount_minor for purchase in await account.bought()]


async def test_a_pack_that_costs_more_is_not_bought(any_billing: BillingUnderTest) -> None:
    """It stops, once, and says why; its owner agrees to the new price by turning it on again."""
    account = await ready(any_billing)
    assert (await account.standing()).accepted == AGREED
    await costs(any_billing, 1001)
    assert await run_low(any_billing, account) == []
    assert any_billing.processor.attempts == []
    stands = await account.standing()
    assert (stands.status, stands.reason, stands.in_flight) == (
        AutoTopUpStatus.PAUSED_BY_FAILURE,
        StopReason.PRICE_RAISED,
        None,
    )
    assert stands.accepted == AGREED
    assert await run_low(any_billing, account) == []
    await any_billing.facts.expect(STOPPED)
    await account.want()
    assert await run_low(any_billing, account) == [1001]
    await any_billing.facts.pass_over()


async def test_a_pack_that_costs_less_is_bought_and_what_was_agreed_stays(
    any_billing: BillingUnderTest,
) -> None:
    """So that it may cost again what it did; a cent more stops it."""
    account = await ready(any_billing)
    paid = []
    for price_minor in (900, 1000, 1001):
        await costs(any_billing, price_minor)
        paid = await run_low(any_billing, account)
    assert paid == [1000, 900]
    assert (await account.standing()).reason is StopReason.PRICE_RAISED
    await any_billing.facts.pass_over()


async def test_another_currency_is_not_what_was_agreed(any_billing: BillingUnderTest) -> None:
    """Fewer yen are not less than a dollar for all we know."""
    account = await ready(any_billing)
    async with any_billing.units.of(USER) as work:
        known = await work.auto_top_up(USER)
        assert known is not None
        await work.save_auto_top_up(known.accepting(Price(price_minor=5000, currency="jpy")))
    assert await run_low(any_billing, account) == []
    await any_billing.facts.expect(STOPPED)


async def test_who_set_it_up_before_prices_were_kept_agrees_to_the_first(
    any_billing: BillingUnderTest,
) -> None:
    """What is paid then is what counts from then on."""
    account = await ready(any_billing)
    async with any_billing.units.of(USER) as work:
        known = await work.auto_top_up(USER)
        assert known is not None
        await work.save_auto_top_up(replace(known, price_minor=None, currency=None))
    assert await run_low(any_billing, account) == [1000]
    assert (await account.standing()).accepted == AGREED
    await costs(any_billing, 1100)
    assert await run_low(any_billing, account) == [1000]
    await any_billing.facts.pass_over()


async def test_whoever_was_shown_another_price_agrees_to_nothing(any_billing: BillingUnderTest) -> None:
    """It stays as it was; turned off it is whatever the pack costs."""
    account = await ready(any_billing)
    before = await account.standing()
    await costs(any_billing, 1200)
    wish = SetAutoTopUp(
        user_id=USER,
        is_on=True,
        threshold_credits=500,
        pack_id="starter",
        purchases_max=9,
        expected_price=AGREED,
    )
    with pytest.raises(PriceChanged) as refused:
        await any_billing.set_auto_top_up(wish)
    assert refused.value.details == {"price_minor": "1200", "currency": "usd"}
    assert await account.standing() == before
    await any_billing.set_auto_top_up(replace(wish, is_on=False))
    off = await account.standing()
    assert (off.status, off.accepted) == (AutoTopUpStatus.OFF, AGREED)
    await any_billing.set_auto_top_up(replace(wish, expected_price=replace(AGREED, price_minor=1200)))
    assert (await account.standing()).accepted == Price(price_minor=1200, currency="usd")
