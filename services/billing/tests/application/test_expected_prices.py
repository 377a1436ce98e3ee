"""What somebody was shown is what they pay, or they are told the new price first."""

from dataclasses import replace

import pytest
from billing.application.change_subscription import ChangeSubscription
from billing.domain.checkout import CheckoutStatus
from billing.domain.errors import IdempotencyKeyReused, PlanNotOnSale, PriceChanged, UnknownPack
from billing.domain.identifiers import PlanId, RequestId, UserId
from billing.domain.price import Price
from billing.domain.standing import BillingInterval
from billing_support import BillingUnderTest, order, plan_order
from price_world import STARTER, publish

SHOWN = Price(price_minor=1000, currency="usd")
USER = UserId("usr_1")


async def repriced(billing: BillingUnderTest, price_name: str, price_minor: int) -> None:
    """A price changes at the processor, and billing knows it: only whoever has an old page doesn't."""
    billing.processor.reprice(price_name, price_minor)
    await billing.refresh_prices()


def told(refused: pytest.ExceptionInfo[PriceChanged]) -> tuple[str, str]:
    """What a refusal says that is asked now."""
    return refused.value.details["price_minor"], refused.value.details["currency"]


async def test_a_page_older_than_the_price_sells_nothing_unsaid(any_billing: BillingUnderTest) -> None:
    """Nothing is opened, nor the key used up; with the new price it is sold by the same key."""
    await publish(any_billing)
    await repriced(any_billing, STARTER, 1200)
    wanted = replace(order(key="k1"), expected_price=SHOWN)
    with pytest.raises(PriceChanged) as refused:
        await any_billing.create(wanted)
    assert told(refused) == ("1200", "usd")
    assert any_billing.processor.sessions == {}
    async with any_billing.units.of(USER) as work:
        assert await work.checkout_of_key(USER, "k1") is None
    again = replace(wanted, expected_price=replace(SHOWN, price_minor=1200))
    opened = (await any_billing.create(again)).checkout
    assert (opened.price_minor, len(any_billing.processor.sessions)) == (1200, 1)


@pytest.mark.parametrize("shown", [replace(SHOWN, price_minor=1001), replace(SHOWN, currency="eur")])
async def test_a_lower_price_and_another_currency_are_other_prices(
    memory_billing: BillingUnderTest, shown: Price
) -> None:
    """Whoever was shown it is told, whichever way it changed."""
    with pytest.raises(PriceChanged):
        await memory_billing.create(replace(order(), expected_price=shown))
    assert memory_billing.processor.sessions == {}


async def test_a_price_that_nobody_told_us_is_told_as_well(any_billing: BillingUnderTest) -> None:
    """The refusal says what the processor asks, though its copy said something else; then that is sold."""
    await publish(any_billing)
    any_billing.processor.reprice(STARTER, 1200)
    wanted = replace(order(key="k1"), expected_price=SHOWN)
    with pytest.raises(PriceChanged) as refused:
        await any_billing.create(wanted)
    assert told(refused) == ("1200", "usd")
    opened = await any_billing.create(replace(wanted, expected_price=replace(SHOWN, price_minor=1200)))
    assert opened.checkout.price_minor == 1200


async def test_a_plan_is_bought_at_the_price_that_was_shown(any_billing: BillingUnderTest) -> None:
    """By its interval."""
    await publish(any_billing)
    await repriced(any_billing, "tintype_pro_year", 31_000)
    wanted = replace(plan_order(interval="year"), expected_price=Price(price_minor=29_000, currency="usd"))
    with pytest.raises(PriceChanged) as refused:
        await any_billing.create(wanted)
    assert told(refused) == ("31000", "usd")
    assert any_billing.processor.sessions == {}
    monthly = replace(plan_order(), expected_price=Price(price_minor=2900, currency="usd"))
    assert (await any_billing.create(monthly)).checkout.price_minor == 2900


async def test_a_key_that_opened_a_page_leads_to_it(any_billing: BillingUnderTest) -> None:
    """Whatever it costs by now and whether it is on sale; with another price it is another request."""
    await publish(any_billing)
    wanted = replace(order(key="k1"), expected_price=SHOWN)
    first = (await any_billing.create(wanted)).checkout
    await repriced(any_billing, STARTER, 1200)
    again = await any_billing.create(wanted)
    assert (again.checkout, again.replayed) == (first, True)
    with pytest.raises(IdempotencyKeyReused):
        await any_billing.create(replace(wanted, expected_price=replace(SHOWN, price_minor=1200)))
    any_billing.processor.archived.add(STARTER)
    await any_billing.refresh_prices()
    again = await any_billing.create(wanted)
    assert (again.checkout, again.replayed) == (first, True)
    with pytest.raises(UnknownPack):
        await any_billing.create(replace(wanted, idempotency_key="k2"))
    assert len(any_billing.processor.sessions) == 1


async def test_a_key_whose_page_has_expired_opens_none_that_is_not_sold(
    any_billing: BillingUnderTest,
) -> None:
    """It says that it has; at another price it says that."""
    await publish(any_billing)
    wanted = replace(order(key="k1"), expected_price=SHOWN)
    first = (await any_billing.create(wanted)).checkout
    any_billing.processor.expire(first.page_id or "")
    await repriced(any_billing, STARTER, 1200)
    with pytest.raises(PriceChanged):
        await any_billing.create(wanted)
    any_billing.processor.archived.add(STARTER)
    await any_billing.refresh_prices()
    again = await any_billing.create(wanted)
    assert (again.checkout.checkout_id, again.replayed) == (first.checkout_id, True)
    assert (again.checkout.status, again.checkout.page) == (CheckoutStatus.EXPIRED, 1)


async def test_a_key_that_opened_nothing_is_told_that_nothing_is_sold(any_billing: BillingUnderTest) -> None:
    """There is no first answer to repeat."""
    await publish(any_billing)
    any_billing.processor.reprice(STARTER, 1200)
    with pytest.raises(PriceChanged):
        await any_billing.open(key="k1")
    any_billing.processor.archived.add(STARTER)
    await any_billing.refresh_prices()
    with pytest.raises(UnknownPack):
        await any_billing.open(key="k1")


async def on_plan(billing: BillingUnderTest, plan: str = "pro") -> None:
    """Have a plan."""
    opened = (await billing.create(plan_order(plan=plan))).checkout
    billing.processor.pay(opened.page_id or "")
    await billing.settle(opened.page_id or "")  # type: ignore[arg-type]


def change(plan: str, price_minor: int | None = None) -> ChangeSubscription:
    """What the gateway sends."""
    return ChangeSubscription(
        user_id=USER,
        plan_id=PlanId(plan),
        interval=BillingInterval.MONTH,
        expected_price=None if price_minor is None else Price(price_minor=price_minor, currency="usd"),
        request_id=RequestId(f"r-{plan}-{price_minor}"),
    )


@pytest.mark.parametrize(("mine", "wanted", "shown"), [("pro", "business", 5900), ("business", "pro", 2900)])
async def test_a_plan_is_changed_at_the_price_that_was_shown(
    any_billing: BillingUnderTest, mine: str, wanted: str, shown: int
) -> None:
    """At once or later; nothing changes before."""
    await publish(any_billing)
    await on_plan(any_billing, mine)
    before = await any_billing.reader.subscription(USER)
    await repriced(any_billing, f"tintype_{wanted}_month", shown + 500)
    with pytest.raises(PriceChanged) as refused:
        await any_billing.change_plan(change(wanted, shown))
    assert told(refused) == (str(shown + 500), "usd")
    assert await any_billing.reader.subscription(USER) == before
    changed = (await any_billing.change_plan(change(wanted, shown + 500))).subscription
    assert changed.paid is not None
    scheduled = changed.paid.change
    assert (scheduled.plan_id if scheduled else changed.plan_id) == wanted
    # What it is, or will be, costs what it was agreed on, whatever others are asked by now.
    await repriced(any_billing, f"tintype_{wanted}_month", shown + 900)
    again = await any_billing.change_plan(change(wanted, shown + 500))
    assert again.subscription == changed
    await any_billing.facts.pass_over()


async def test_a_plan_that_is_sold_no_more_is_kept_and_left(any_billing: BillingUnderTest) -> None:
    """Whoever has it takes back a change, cancels, resumes and changes away; nobody else gets it."""
    await publish(any_billing)
    await on_plan(any_billing, "business")
    await any_billing.change_plan(change("pro"))
    any_billing.processor.archived |= {"tintype_business_month", "tintype_business_year"}
    await any_billing.refresh_prices()
    with pytest.raises(PlanNotOnSale):
        await any_billing.create(plan_order("usr_2", plan="business"))
    kept = (await any_billing.change_plan(change("business"))).subscription
    assert kept.paid is not None
    assert (kept.plan_id, kept.paid.change) == ("business", None)
    cancelled = await any_billing.cancel_plan(USER, request_id=RequestId("r1"))
    assert cancelled.subscription.paid is not None
    assert cancelled.subscription.paid.cancels_at is not None
    resumed = await any_billing.resume_plan(USER, request_id=RequestId("r2"))
    assert resumed.subscription == kept
    left = (await any_billing.change_plan(change("pro", 2900))).subscription
    assert left.paid is not None
    assert left.paid.change is not None
    assert left.paid.change.plan_id == "pro"
    await any_billing.facts.pass_over()


async def test_a_plan_that_is_gone_from_the_catalogue_is_kept_and_left(any_billing: BillingUnderTest) -> None:
    """Later, whatever comes after it: what is paid for stays; nothing is charged meanwhile."""
    await publish(any_billing)
    await on_plan(any_billing, "business")
    fewer = tuple(plan for plan in any_billing.catalogue.plans if plan.plan_id != "business")
    offers = replace(any_billing.offers, offered=replace(any_billing.catalogue, plans=fewer))
    gone = replace(any_billing.change_plan, offers=offers)
    paid = len(await any_billing.purchases())
    left = (await gone(change("pro", 2900))).subscription
    assert left.paid is not None
    assert left.paid.change is not None
    assert (left.plan_id, left.paid.change.plan_id) == ("business", "pro")
    assert len(await any_billing.purchases()) == paid
    kept = (await gone(change("business", 5900))).subscription
    assert kept.paid is not None
    assert (kept.plan_id, kept.paid.change) == ("business", None)
    with pytest.raises(PlanNotOnSale):
        await gone(replace(change("business"), interval=BillingInterval.YEAR))
    await any_billing.facts.pass_over()
