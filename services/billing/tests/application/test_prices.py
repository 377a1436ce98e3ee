"""What people see and pay is what the payment processor asks, whatever its webhooks did."""

from dataclasses import replace
from datetime import timedelta

import pytest
from billing.application.change_subscription import ChangeSubscription
from billing.domain.catalogue import Catalogue
from billing.domain.errors import (
    PaymentProcessorUnavailable,
    PlanNotOnSale,
    PriceChanged,
    UnknownPack,
)
from billing.domain.identifiers import PlanId, RequestId, UserId
from billing.domain.processor_price import ProcessorPrice
from billing.domain.standing import BillingInterval
from billing.domain.webhook_event import IgnoredCause, WebhookState
from billing_support import BillingUnderTest, plan_order
from price_world import STARTER, publish


async def shown(billing: BillingUnderTest) -> dict[str, int]:
    """What packs cost, as people see it."""
    return {pack.pack_id: pack.price_minor for pack in await billing.packs()}


async def told(billing: BillingUnderTest, event_id: str, article_id: str) -> list[WebhookState]:
    """Deliver a webhook about a product, and work it out."""
    await billing.told_about(event_id, article_id=article_id)
    return await billing.process_all()


async def test_a_webhook_has_the_price_read(any_billing: BillingUnderTest) -> None:
    """It says nothing of the price itself; twice or late it changes nothing."""
    await publish(any_billing)
    any_billing.processor.reprice(STARTER, 1200)
    assert (await shown(any_billing))["starter"] == 1000
    assert await told(any_billing, "evt_1", f"prod_{STARTER}") == [WebhookState.DONE]
    assert await shown(any_billing) == {"starter": 1200, "builder": 2500, "production": 5000}
    any_billing.processor.reprice(STARTER, 1300)
    assert await told(any_billing, "evt_2", f"prod_{STARTER}") == [WebhookState.DONE]
    # Of the change before, and only now.
    assert await told(any_billing, "evt_0", f"prod_{STARTER}") == [WebhookState.DONE]
    assert (await shown(any_billing))["starter"] == 1300
    bought = await any_billing.bought()
    assert (bought.amount_minor, bought.credits) == (1300, 1000)


async def test_without_any_webhook_prices_are_looked_at(any_billing: BillingUnderTest) -> None:
    """A plan's as well, by each interval."""
    await publish(any_billing)
    any_billing.processor.reprice("tintype_pro_year", 27_000)
    await any_billing.refresh_prices()
    _, pro, _ = await any_billing.list_plans()
    assert [price.price_minor for price in pro.prices] == [2900, 27_000]
    opened = (await any_billing.create(plan_order(interval="year"))).checkout
    assert opened.price_minor == 27_000


async def test_a_price_that_nobody_told_is_never_charged_unsaid(any_billing: BillingUnderTest) -> None:
    """Whoever was shown the old one is told so and no page is opened; then the new one is shown and asked."""
    await publish(any_billing)
    any_billing.processor.reprice(STARTER, 1200)
    with pytest.raises(PriceChanged):
        await any_billing.open(key="k1")
    assert any_billing.processor.sessions == {}
    assert (await shown(any_billing))["starter"] == 1200
    opened = (await any_billing.open(key="k1")).checkout
    assert (opened.price_minor, len(any_billing.processor.sessions)) == (1200, 1)


async def test_a_page_that_is_open_keeps_its_price(any_billing: BillingUnderTest) -> None:
    """What it said is what is paid, though it costs more by now; its key leads to it."""
    await publish(any_billing)
    first = (await any_billing.open(key="k1")).checkout
    any_billing.processor.reprice(STARTER, 1200)
    await any_billing.refresh_prices()
    again = await any_billing.open(key="k1")
    assert (again.checkout.page_id, again.replayed) == (first.page_id, True)
    any_billing.processor.pay(first.page_id or "")
    await any_billing.settle(first.page_id or "")  # type: ignore[arg-type]
    (bought,) = await any_billing.purchases()
    assert bought.amount_minor == 1000
    await any_billing.facts.pass_over()


async def test_what_is_withdrawn_is_neither_shown_nor_sold(any_billing: BillingUnderTest) -> None:
    """And keeps nothing else from being; back on sale it is there again."""
    await publish(any_billing)
    any_billing.processor.archived |= {STARTER, "tintype_pro_month", "tintype_pro_year"}
    assert await told(any_billing, "evt_1", f"prod_{STARTER}") == [WebhookState.DONE]
    assert list(await shown(any_billing)) == ["builder", "production"]
    assert [plan.plan_id for plan in await any_billing.list_plans()] == ["free", "business"]
    with pytest.raises(UnknownPack):
        await any_billing.open()
    with pytest.raises(PlanNotOnSale):
        await any_billing.create(plan_order())
    assert any_billing.processor.sessions == {}
    any_billing.processor.archived.clear()
    assert await told(any_billing, "evt_2", f"prod_{STARTER}") == [WebhookState.DONE]
    assert list(await shown(any_billing)) == ["starter", "builder", "production"]


async def test_what_is_deleted_is_withdrawn(any_billing: BillingUnderTest) -> None:
    """It is known by what it was before."""
    await publish(any_billing)
    del any_billing.processor.published[STARTER]
    assert await told(any_billing, "evt_1", f"prod_{STARTER}") == [WebhookState.DONE]
    assert list(await shown(any_billing)) == ["builder", "production"]


async def test_other_apps_products_are_not_ours(any_billing: BillingUnderTest) -> None:
    """Ignored after one question, with the cause."""
    await publish(any_billing)
    before = await shown(any_billing)
    assert await told(any_billing, "evt_1", "prod_else") == [WebhookState.IGNORED]
    assert (await any_billing.stored("evt_1")).event.cause is IgnoredCause.NOT_OURS
    assert await shown(any_billing) == before


async def test_while_the_processor_is_away_the_last_known_is_shown(any_billing: BillingUnderTest) -> None:
    """Its webhooks wait; nothing is forgotten, and nothing is sold at a guess."""
    await publish(any_billing)
    any_billing.processor.reprice(STARTER, 1200)
    await any_billing.refresh_prices()
    any_billing.processor.reprice(STARTER, 1300)
    any_billing.processor.answers = False
    with pytest.raises(PaymentProcessorUnavailable):
        await any_billing.refresh_prices()
    assert await told(any_billing, "evt_1", f"prod_{STARTER}") == [WebhookState.WAITING]
    assert (await shown(any_billing))["starter"] == 1200
    with pytest.raises(PaymentProcessorUnavailable):
        await any_billing.open()
    any_billing.processor.answers = True
    any_billing.clock.advance(60)
    assert await any_billing.process_all() == [WebhookState.DONE]
    assert (await shown(any_billing))["starter"] == 1300


async def test_an_answer_that_comes_late_does_not_undo_a_newer_one(any_billing: BillingUnderTest) -> None:
    """Whoever asked later is right, whoever writes last."""
    now = any_billing.clock.now()
    price = ProcessorPrice(
        price_name=STARTER, article_id="prod_1", price_minor=1300, currency="jpy", is_on_sale=True
    )
    async with any_billing.units.of_system() as work:
        await work.save_processor_prices([], asked_at=now)
        await work.save_processor_prices([price], asked_at=now)
        older = replace(price, price_minor=1200)
        await work.save_processor_prices([older], asked_at=now - timedelta(seconds=1))
        assert await work.processor_prices() == {STARTER: price}
    assert await any_billing.reader.processor_prices() == {STARTER: price}
    (starter, *_) = await any_billing.packs()
    assert (starter.price_minor, starter.currency) == (1300, "jpy")


async def test_what_a_newer_release_sells_stays(memory_billing: BillingUnderTest) -> None:
    """A replica that does not know of it yet neither withdraws nor forgets it."""
    await publish(memory_billing)
    fewer = Catalogue(memory_billing.catalogue.packs[1:])
    await replace(memory_billing.refresh_prices, offered=fewer)()
    assert (await shown(memory_billing))["starter"] == 1000


async def test_what_was_never_published_is_shown_as_the_catalogue_has_it(
    any_billing: BillingUnderTest,
) -> None:
    """Until the processor has it; nothing is made up in its place."""
    assert await any_billing.refresh_prices() is False
    assert (await shown(any_billing))["starter"] == 1000
    assert await any_billing.reader.processor_prices() == {}


async def test_a_plan_is_not_changed_to_a_price_that_nobody_was_shown(
    any_billing: BillingUnderTest,
) -> None:
    """Who changes is told first; then the processor's price is what is paid."""
    await publish(any_billing)
    opened = (await any_billing.create(plan_order())).checkout
    any_billing.processor.pay(opened.page_id or "")
    await any_billing.settle(opened.page_id or "")  # type: ignore[arg-type]
    any_billing.processor.reprice("tintype_business_month", 6500)
    wish = ChangeSubscription(
        user_id=UserId("usr_1"),
        plan_id=PlanId("business"),
        interval=BillingInterval.MONTH,
        request_id=RequestId("r1"),
    )
    with pytest.raises(PriceChanged):
        await any_billing.change_plan(wish)
    live = await any_billing.reader.subscription(UserId("usr_1"))
    assert (live is not None and live.plan_id) == "pro"
    await any_billing.change_plan(wish)
    live = await any_billing.reader.subscription(UserId("usr_1"))
    assert live is not None
    assert live.paid is not None
    assert (live.plan_id, live.paid.price_minor) == ("business", 6500)
    await any_billing.facts.pass_over()
