"""What the gateway needs of billing about plans, by the gateway's own port: its fake and the real thing."""

import pytest
from billing_support import ORIGIN
from gateway.domain.errors import Conflict, InvalidRequest, NotFound, PriceChanged
from gateway.domain.invoice import InvoiceStatus
from gateway.domain.price import Price
from gateway.domain.purchase import Checkout, CheckoutStatus
from gateway.domain.subscription import BillingInterval, SubscriptionStatus
from shops import ME, Shop


async def test_plans_say_what_they_cost(shop: Shop) -> None:
    """One price an interval; the free one has none, and is not sold."""
    free, pro, business = await shop.port.plans()
    assert (free.plan_id, free.title, free.credits, free.prices) == ("free", "Free", 500, ())
    assert free.entitlements == ()
    assert all(plan.features for plan in (free, pro, business))
    assert (pro.plan_id, pro.credits, pro.trial_days) == ("pro", 3000, 0)
    assert [(price.interval, price.price_minor, price.currency) for price in pro.prices] == [
        (BillingInterval.MONTH, 2900, "usd"),
        (BillingInterval.YEAR, 29000, "usd"),
    ]
    assert [price.price_minor for price in business.prices] == [5900, 59000]


async def test_everybody_has_at_most_one_plan(shop: Shop) -> None:
    """Nobody else's is ever told; a month's credits come when its first moment does."""
    free = (await shop.port.plans())[0]
    with pytest.raises(NotFound) as refused:
        await shop.port.subscription(ME)
    assert refused.value.reason == "SUBSCRIPTION_NOT_FOUND"
    await shop.register()
    mine = await shop.port.subscription(ME)
    assert (mine.plan_id, mine.plan) == ("free", free)
    assert mine.subscription_id
    assert mine.entitlements == ()
    assert mine.began_at == mine.period_start < mine.period_end
    with pytest.raises(NotFound):
        await shop.port.subscription("usr_other")


async def subscribe(shop: Shop, plan: str = "pro", interval: str = "month", key: str = "s1") -> Checkout:
    """Buy a plan."""
    checkout, _ = await shop.port.create_checkout(
        user_id=ME,
        email="ada@example.com",
        plan_id=plan,
        interval=BillingInterval(interval),
        idempotency_key=key,
        success_url=f"{ORIGIN}/done",
        cancel_url=f"{ORIGIN}/back",
    )
    await shop.begin(checkout)
    return checkout


async def test_a_plan_is_bought_once(shop: Shop) -> None:
    """The checkout names what came of it; a second plan is refused, as is one that is not on sale."""
    opened = await subscribe(shop)
    assert (opened.pack_id, opened.plan_id, opened.interval) == (None, "pro", BillingInterval.MONTH)
    mine = await shop.port.subscription(ME)
    done = await shop.port.checkout(ME, opened.checkout_id)
    assert (done.status, done.subscription_id) == (CheckoutStatus.COMPLETE, mine.subscription_id)
    assert (mine.plan_id, mine.interval, mine.price_minor, mine.currency) == ("pro", "month", 2900, "usd")
    assert (mine.status, mine.cancels_at, mine.scheduled_change) == (SubscriptionStatus.ACTIVE, None, None)
    assert mine.next_allocation_at == mine.period_end
    for plan, interval, kind, reason in (
        ("business", "month", Conflict, "SUBSCRIBED_ALREADY"),
        ("free", "month", NotFound, "UNKNOWN_PLAN"),
    ):
        with pytest.raises(kind) as refused:
            await subscribe(shop, plan, interval, key=f"of {plan}")
        assert refused.value.reason == reason


async def test_a_plan_is_changed_ended_and_kept(shop: Shop) -> None:
    """More at once, less at the end of what is paid for; and all of it can be taken back."""
    await subscribe(shop)
    month = BillingInterval.MONTH
    more = await shop.port.change_subscription(ME, plan_id="business", interval=month, idempotency_key="c1")
    assert (more.plan_id, more.price_minor, more.scheduled_change) == ("business", 5900, None)
    less = await shop.port.change_subscription(ME, plan_id="pro", interval=month, idempotency_key="c2")
    change = less.scheduled_change
    assert change is not None
    assert (less.plan_id, change.plan_id, change.interval, change.at) == (
        "business",
        "pro",
        month,
        less.paid_period_end,
    )
    ending = await shop.port.cancel_subscription(ME, idempotency_key="c3")
    assert (ending.cancels_at, ending.scheduled_change) == (less.paid_period_end, None)
    assert (await shop.port.subscription(ME)).cancels_at == ending.cancels_at
    kept = await shop.port.resume_subscription(ME, idempotency_key="c4")
    assert (kept.plan_id, kept.cancels_at, kept.scheduled_change) == ("business", None, None)


@pytest.mark.parametrize("held", [("pro", "month"), ("pro", "year"), ("business", "month")])
@pytest.mark.parametrize(
    "wanted", [("pro", "month"), ("pro", "year"), ("business", "month"), ("business", "year")]
)
async def test_what_a_person_is_told_of_a_change_is_what_comes(
    shop: Shop, held: tuple[str, str], wanted: tuple[str, str]
) -> None:
    """The gateway says before whether it comes at once; billing decides."""
    if held == wanted:
        return
    await subscribe(shop, *held)
    mine = await shop.port.subscription(ME)
    interval = BillingInterval(wanted[1])
    (plan,) = [plan for plan in await shop.port.plans() if plan.plan_id == wanted[0]]
    changed = await shop.port.change_subscription(
        ME, plan_id=plan.plan_id, interval=interval, idempotency_key="c1"
    )
    assert (changed.scheduled_change is None) is mine.changes_at_once(plan, interval)


async def test_a_declined_change_leaves_the_plan_as_it_is(shop: Shop) -> None:
    """Told by its own reason, as is an unknown plan."""
    await subscribe(shop)
    await shop.decline()
    for plan, kind, reason in (
        ("business", Conflict, "PAYMENT_DECLINED"),
        ("gold", NotFound, "UNKNOWN_PLAN"),
    ):
        with pytest.raises(kind) as refused:
            await shop.port.change_subscription(
                ME, plan_id=plan, interval=BillingInterval.MONTH, idempotency_key="c1"
            )
        assert refused.value.reason == reason
    assert (await shop.port.subscription(ME)).plan_id == "pro"


async def test_who_pays_for_no_plan_changes_none(shop: Shop) -> None:
    """Whoever has none, and whoever has the free one."""
    for reason, kind in (("SUBSCRIPTION_NOT_FOUND", NotFound), ("PLAN_IS_FREE", Conflict)):
        for call in (
            shop.port.cancel_subscription(ME, idempotency_key="c1"),
            shop.port.resume_subscription(ME, idempotency_key="c1"),
            shop.port.change_subscription(
                ME, plan_id="pro", interval=BillingInterval.MONTH, idempotency_key="c1"
            ),
        ):
            with pytest.raises(kind) as refused:
                await call
            assert refused.value.reason == reason
        await shop.register()


async def test_the_portal_has_an_address(shop: Shop) -> None:
    """For everybody, whether they ever paid or not."""
    url = await shop.port.open_portal(
        user_id=ME, email="ada@example.com", return_url=f"{ORIGIN}/billing", idempotency_key="p1"
    )
    assert url.startswith("https://")


async def test_invoices_are_listed(shop: Shop) -> None:
    """With their pages; nobody else's, and by cursors that somebody gave."""
    assert list((await shop.port.invoices(ME, cursor=None, limit=5)).items) == []
    await subscribe(shop)
    page = await shop.port.invoices(ME, cursor=None, limit=5)
    (invoice,) = page.items
    assert (invoice.total_minor, invoice.currency, invoice.status) == (2900, "usd", InvoiceStatus.PAID)
    assert invoice.number
    assert invoice.page_url
    assert invoice.pdf_url
    assert page.next_cursor is None
    assert list((await shop.port.invoices("usr_other", cursor=None, limit=5)).items) == []
    with pytest.raises(InvalidRequest):
        await shop.port.invoices(ME, cursor="zz", limit=5)


async def test_a_plan_is_bought_and_changed_at_the_price_that_is_expected(shop: Shop) -> None:
    """At another one nothing is opened and nothing changes."""
    wrong = Price(price_minor=100, currency="usd")
    month = BillingInterval.MONTH
    with pytest.raises(PriceChanged) as refused:
        await shop.port.create_checkout(
            user_id=ME,
            email="ada@example.com",
            plan_id="pro",
            interval=month,
            expected_price=wrong,
            idempotency_key="k1",
            success_url=f"{ORIGIN}/done",
            cancel_url=f"{ORIGIN}/back",
        )
    assert refused.value.price == Price(price_minor=2900, currency="usd")
    await subscribe(shop)
    before = await shop.port.subscription(ME)
    with pytest.raises(PriceChanged) as refused:
        await shop.port.change_subscription(
            ME, plan_id="business", interval=month, expected_price=wrong, idempotency_key="c1"
        )
    asked = Price(price_minor=5900, currency="usd")
    assert refused.value.price == asked
    assert await shop.port.subscription(ME) == before
    changed = await shop.port.change_subscription(
        ME, plan_id="business", interval=month, expected_price=asked, idempotency_key="c1"
    )
    assert changed.plan_id == "business"
