"""What the gateway needs of billing, by the gateway's own port: its fake and the real thing."""

import json
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Protocol

import pytest
from billing.application.add_promotion import AddPromotion
from billing.application.end_promotion import EndPromotionHandler
from billing.application.start_free_plan import StartFreePlanHandler
from billing.domain.refund import RefundStatus
from billing_support import ORIGIN, BillingUnderTest, billing_in_memory
from contract_support import connect, serve_billing
from gateway.adapters.outbound.grpc_billing import GrpcBilling
from gateway.adapters.outbound.memory.billing import MemoryBilling
from gateway.domain.errors import Conflict, IdempotencyKeyReused, InvalidRequest, MalformedRequest, NotFound
from gateway.domain.invoice import InvoiceStatus
from gateway.domain.purchase import Checkout, CheckoutStatus, PaymentStatus, Purchase, PurchaseStatus
from gateway.domain.subscription import BillingInterval, SubscriptionStatus
from gateway.ports.billing import Billing
from support import HandClock

ME = "usr_me"


class Shop(Protocol):
    """The port, and a visitor who pays."""

    port: Billing

    async def pay(self, checkout: Checkout) -> None:
        """Pay, and wait until billing knows."""

    def play(self, checkout: Checkout, *acts: str) -> None:
        """Play the page and the bank, in this order; no webhook speaks of it."""

    async def refund(self, purchase: Purchase, amount_minor: int) -> None:
        """Send a part of the money back, and wait until billing knows."""

    async def register(self) -> None:
        """Give me the free plan, as a registration does."""

    async def begin(self, checkout: Checkout) -> None:
        """Pay for a plan."""

    async def decline(self) -> None:
        """Have my payment method declined from now on."""

    async def promote(self, code: str, *, is_over: bool = False) -> None:
        """Make a code for 100 credits."""


@dataclass
class FakeShop:
    """The gateway's own fake."""

    port: MemoryBilling

    async def pay(self, checkout: Checkout) -> None:
        self.port.pay(checkout.checkout_id)

    def play(self, checkout: Checkout, *acts: str) -> None:
        for act in acts:
            getattr(self.port, act)(checkout.checkout_id)

    async def refund(self, purchase: Purchase, amount_minor: int) -> None:
        self.port.refund(ME, purchase.purchase_id, amount_minor)

    async def register(self) -> None:
        self.port.subscribe(ME)

    async def begin(self, checkout: Checkout) -> None:
        self.port.begin(checkout.checkout_id)

    async def decline(self) -> None:
        self.port.declined.add(ME)

    async def promote(self, code: str, *, is_over: bool = False) -> None:
        self.port.promotions[code] = 0 if is_over else 100


@dataclass
class RealShop:
    """Billing itself."""

    port: GrpcBilling
    billing: BillingUnderTest

    async def pay(self, checkout: Checkout) -> None:
        session = f"cs_{checkout.checkout_id}"
        self.billing.processor.pay(session)
        await self.billing.settle(session)

    def play(self, checkout: Checkout, *acts: str) -> None:
        # Past the pause between two questions.
        self.billing.clock.advance(5)
        for act in acts:
            getattr(self.billing.processor, act)(f"cs_{checkout.checkout_id}")

    async def refund(self, purchase: Purchase, amount_minor: int) -> None:
        refund_id = f"re_{amount_minor}"
        self.billing.processor.refund(purchase.payment_id, refund_id, amount_minor, RefundStatus.SUCCEEDED)
        await self.billing.refund(purchase.payment_id)

    async def register(self) -> None:
        billing = self.billing
        start = StartFreePlanHandler(billing.units, billing.clock, billing.ids, billing.catalogue.plans[0])
        await start(ME, since=billing.clock.now())

    async def begin(self, checkout: Checkout) -> None:
        self.billing.processor.pay(f"cs_{checkout.checkout_id}")
        await self.billing.settle(f"cs_{checkout.checkout_id}")

    async def decline(self) -> None:
        self.billing.processor.declined |= set(self.billing.processor.subscriptions)

    async def promote(self, code: str, *, is_over: bool = False) -> None:
        await self.billing.add_promotion(AddPromotion(code=code, credits=100))
        if is_over:
            await EndPromotionHandler(self.billing.units, self.billing.clock)(code)


@pytest.fixture(params=["fake", "real"])
async def shop(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Shop:
    """The fake, and the real adapter before the real service."""
    if request.param == "fake":
        return FakeShop(MemoryBilling(HandClock()))
    billing = billing_in_memory()
    target = await serve_billing(stack, billing)
    return RealShop(GrpcBilling(await connect(stack, target, "gateway")), billing)


async def buy(
    shop: Shop,
    *,
    key: str = "k1",
    pack: str = "starter",
    user: str = ME,
    success_url: str = f"{ORIGIN}/done",
) -> tuple[Checkout, bool]:
    """Open a checkout."""
    return await shop.port.create_checkout(
        user_id=user,
        email="ada@example.com",
        pack_id=pack,
        idempotency_key=key,
        success_url=success_url,
        cancel_url=f"{ORIGIN}/back",
    )


async def test_packs_are_on_sale(shop: Shop) -> None:
    """Each has a price and grants credits."""
    packs = await shop.port.packs()
    assert "starter" in [pack.pack_id for pack in packs]
    assert all(pack.credits > 0 and pack.price_minor > 0 and pack.title for pack in packs)


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


async def test_a_code_is_redeemed_once(shop: Shop) -> None:
    """The same key replays; another key, a code that is over and one that is none are refused by reason."""
    await shop.promote("SPRING")
    first, replayed = await shop.port.redeem_promotion(ME, code="spring", idempotency_key="k1")
    assert (first.code, first.credits, first.expires_at, replayed) == ("SPRING", 100, None, False)
    assert first.redemption_id
    again, replayed = await shop.port.redeem_promotion(ME, code="SPRING", idempotency_key="k1")
    assert (again, replayed) == (first, True)
    await shop.promote("AUTUMN", is_over=True)
    for code, kind, reason in (
        ("SPRING", Conflict, "PROMOTION_REDEEMED_BEFORE"),
        ("AUTUMN", Conflict, "PROMOTION_ENDED"),
        ("WINTER", NotFound, "UNKNOWN_PROMOTION"),
    ):
        with pytest.raises(kind) as refused:
            await shop.port.redeem_promotion(ME, code=code, idempotency_key="k2")
        assert refused.value.reason == reason
    with pytest.raises(InvalidRequest):
        await shop.port.redeem_promotion(ME, code="x", idempotency_key="k3")


async def test_a_key_opens_one_checkout(shop: Shop) -> None:
    """A replay says so; the same key for another pack is refused."""
    first, replayed = await buy(shop)
    assert (first.status, replayed) == (CheckoutStatus.OPEN, False)
    assert first.url
    again, replayed = await buy(shop)
    assert (again.checkout_id, replayed) == (first.checkout_id, True)
    with pytest.raises(IdempotencyKeyReused):
        await buy(shop, pack="builder")
    with pytest.raises(IdempotencyKeyReused):
        await buy(shop, success_url=f"{ORIGIN}/elsewhere")


async def test_a_key_whose_page_has_expired_opens_another(shop: Shop) -> None:
    """The same checkout, open again at another address."""
    first, _ = await buy(shop)
    shop.play(first, "expire")
    seen = await shop.port.checkout(ME, first.checkout_id)
    assert (seen.status, seen.payment_status, seen.url) == (
        CheckoutStatus.EXPIRED,
        PaymentStatus.UNPAID,
        None,
    )
    again, replayed = await buy(shop)
    assert (again.checkout_id, again.status, replayed) == (first.checkout_id, CheckoutStatus.OPEN, True)
    assert again.url not in (None, first.url)


@pytest.mark.parametrize(
    ("acts", "payment_status"),
    [
        ((), PaymentStatus.UNPAID),
        (("promise",), PaymentStatus.PROCESSING),
        (("promise", "fail"), PaymentStatus.FAILED),
        (("pay",), PaymentStatus.PAID),
    ],
)
async def test_a_checkout_says_where_its_money_is(
    shop: Shop, acts: tuple[str, ...], payment_status: PaymentStatus
) -> None:
    """At the next look, without any webhook."""
    checkout, _ = await buy(shop)
    assert checkout.payment_status is PaymentStatus.UNPAID
    shop.play(checkout, *acts)
    seen = await shop.port.checkout(ME, checkout.checkout_id)
    status = CheckoutStatus.COMPLETE if acts else CheckoutStatus.OPEN
    assert (seen.status, seen.payment_status, seen.url is None) == (status, payment_status, bool(acts))
    assert (seen.purchase_id is not None) == (payment_status is PaymentStatus.PAID)


async def test_unknown_packs_and_other_peoples_checkouts_are_not_found(shop: Shop) -> None:
    """And nothing says that they exist."""
    with pytest.raises(NotFound) as refused:
        await buy(shop, pack="gold")
    assert refused.value.reason == "UNKNOWN_PACK"
    checkout, _ = await buy(shop)
    with pytest.raises(NotFound):
        await shop.port.checkout("usr_other", checkout.checkout_id)


async def test_a_paid_checkout_is_a_purchase(shop: Shop) -> None:
    """Complete, without an address, and listed for its buyer alone."""
    checkout, _ = await buy(shop)
    await shop.pay(checkout)
    done = await shop.port.checkout(ME, checkout.checkout_id)
    assert (done.status, done.url) == (CheckoutStatus.COMPLETE, None)
    page = await shop.port.purchases(ME, cursor=None, limit=5)
    assert [one.pack_id for one in page.items] == ["starter"]
    assert page.items[0].purchase_id == done.purchase_id
    assert page.items[0].payment_id
    assert list((await shop.port.purchases("usr_other", cursor=None, limit=5)).items) == []


async def test_purchases_are_paged(shop: Shop) -> None:
    """Newest first; pages meet."""
    for number in range(3):
        checkout, _ = await buy(shop, key=f"k{number}")
        await shop.pay(checkout)
    first = await shop.port.purchases(ME, cursor=None, limit=2)
    second = await shop.port.purchases(ME, cursor=first.next_cursor, limit=2)
    seen = [one.purchase_id for one in (*first.items, *second.items)]
    assert (len(seen), len(set(seen)), second.next_cursor) == (3, 3, None)


async def test_a_purchase_says_what_was_refunded(shop: Shop) -> None:
    """Nothing, a part, the whole."""
    checkout, _ = await buy(shop)
    await shop.pay(checkout)
    seen = []
    for amount_minor in (0, 300, 700):
        (purchase,) = (await shop.port.purchases(ME, cursor=None, limit=5)).items
        if amount_minor:
            await shop.refund(purchase, amount_minor)
            (purchase,) = (await shop.port.purchases(ME, cursor=None, limit=5)).items
        seen.append((purchase.refunded_minor, purchase.disputed_minor, purchase.status))
    assert seen == [
        (0, 0, PurchaseStatus.PAID),
        (300, 0, PurchaseStatus.PARTIALLY_REFUNDED),
        (1000, 0, PurchaseStatus.REFUNDED),
    ]


async def test_a_cursor_that_nobody_gave_is_refused(shop: Shop) -> None:
    """By its name on the public surface."""
    checkout, _ = await buy(shop)
    await shop.pay(checkout)
    with pytest.raises(InvalidRequest) as refused:
        await shop.port.purchases(ME, cursor="zz", limit=2)
    assert [one.field for one in refused.value.fields] == ["cursor"]


async def test_a_forged_webhook_is_refused(shop: Shop) -> None:
    """By its own reason."""
    body = json.dumps({"event_id": "evt_1", "kind": "paid"}).encode()
    with pytest.raises(MalformedRequest) as refused:
        await shop.port.receive_webhook(body=body, headers={"stripe-signature": "forged"})
    assert refused.value.reason == "INVALID_SIGNATURE"


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
