"""The money of paid plans: credits come with it, and go when it goes back."""

from datetime import timedelta

from billing.application.list_processor_payments import ListProcessorPaymentsHandler
from billing.application.processor_lists import InvoicePaymentList, RefundList
from billing.application.reconcile_list import ReconcileListHandler, ScanPlan
from billing.domain.checkout import PaymentStatus
from billing.domain.identifiers import RefundId
from billing.domain.refund import RefundStatus
from billing.domain.standing import SubscriptionStatus
from billing_support import BillingUnderTest, changed, plan_order, renewed
from paid_plan_world import ADA, BEGAN, FEBRUARY, PRO, come, subscribed


async def test_a_payment_that_fails_brings_no_credits_until_it_comes(any_billing: BillingUnderTest) -> None:
    """The plan stays meanwhile; the month's credits come late, and once."""
    mine = await subscribed(any_billing)
    assert mine.paid is not None
    any_billing.processor.declined.add(mine.paid.processor_id)
    await come(any_billing, FEBRUARY)
    await come(any_billing, FEBRUARY + timedelta(days=2))
    late = await any_billing.reader.subscription(ADA)
    assert late is not None
    assert late.standing.status is SubscriptionStatus.PAST_DUE
    any_billing.processor.recover(mine.paid.processor_id)
    await come(any_billing, FEBRUARY + timedelta(days=3))
    await any_billing.facts.expect(
        renewed(ADA, BEGAN, 3000),
        changed(ADA, 1, "pro", *PRO),
        changed(ADA, 2, "pro", *PRO),
        renewed(ADA, FEBRUARY, 3000),
        changed(ADA, 3, "pro", *PRO),
    )


async def test_nothing_comes_while_it_is_paused(any_billing: BillingUnderTest) -> None:
    """Neither credits nor what the plan opens, though a year is paid for; both come when it goes on."""
    mine = await subscribed(any_billing, interval="year")
    assert mine.paid is not None
    any_billing.processor.pause(mine.paid.processor_id)
    await come(any_billing, FEBRUARY)
    await any_billing.processor.keep(mine.paid.processor_id, request_id="r1")
    await come(any_billing, FEBRUARY + timedelta(days=5))
    await any_billing.facts.expect(
        renewed(ADA, BEGAN, 3000),
        changed(ADA, 1, "pro", *PRO),
        changed(ADA, 2, "pro"),
        renewed(ADA, FEBRUARY, 3000),
        changed(ADA, 3, "pro", *PRO),
    )


async def test_a_refunded_month_takes_its_credits_back(any_billing: BillingUnderTest) -> None:
    """A part of the money is that part of the credits, as of a pack."""
    await subscribed(any_billing)
    (purchase,) = await any_billing.purchases(ADA)
    assert (purchase.pack_id, purchase.checkout_id, purchase.amount_minor) == ("pro", None, 2900)
    any_billing.processor.refund(purchase.payment_id, RefundId("re_1"), 1450, RefundStatus.SUCCEEDED)
    assert await any_billing.refund(purchase.payment_id)
    await any_billing.facts.expect(
        renewed(ADA, BEGAN, 3000),
        changed(ADA, 1, "pro", *PRO),
        ("PaymentRefunded", purchase.payment_id, 1500, 1450),
    )


async def test_a_year_that_was_refunded_grants_no_further_month(any_billing: BillingUnderTest) -> None:
    """And a month that is not told yet is told of what was kept alone."""
    await subscribed(any_billing, interval="year")
    (purchase,) = await any_billing.purchases(ADA)
    any_billing.processor.refund(purchase.payment_id, RefundId("re_1"), 29000, RefundStatus.SUCCEEDED)
    assert await any_billing.refund(purchase.payment_id)
    await come(any_billing, FEBRUARY)
    await any_billing.facts.expect(
        renewed(ADA, BEGAN, 3000),
        changed(ADA, 1, "pro", *PRO),
        ("PaymentRefunded", purchase.payment_id, 3000, 29000),
    )


async def test_money_that_went_back_before_it_was_known_is_not_forgotten(
    any_billing: BillingUnderTest,
) -> None:
    """The refund is told with the credits of the payment."""
    any_billing.clock.time = BEGAN
    opened = await any_billing.create(plan_order(ADA))
    any_billing.processor.pay(opened.checkout.page_id)
    (subscription,) = any_billing.processor.subscriptions.values()
    (period,) = subscription.periods
    any_billing.processor.refund(period.payment_id, RefundId("re_1"), 2900, RefundStatus.SUCCEEDED)
    assert not await any_billing.refund(period.payment_id)
    await any_billing.settle(opened.checkout.page_id)
    await any_billing.facts.expect(
        renewed(ADA, BEGAN, 3000),
        ("PaymentRefunded", period.payment_id, 3000, 2900),
        changed(ADA, 1, "pro", *PRO),
    )


async def test_at_no_cost_it_is_granted_too(any_billing: BillingUnderTest) -> None:
    """A coupon for everything: no payment, no purchase, and the month's credits."""
    any_billing.clock.time = BEGAN
    opened = await any_billing.create(plan_order(ADA))
    any_billing.processor.order_at_no_cost(opened.checkout.page_id)
    any_billing.clock.advance(5)
    done = await any_billing.follow(ADA, opened.checkout.checkout_id)
    assert done.payment_status is PaymentStatus.NO_PAYMENT_REQUIRED
    assert await any_billing.purchases(ADA) == []
    await any_billing.facts.expect(renewed(ADA, BEGAN, 3000), changed(ADA, 1, "pro", *PRO))


async def test_a_plans_payments_are_among_those_that_are_compared(memory_billing: BillingUnderTest) -> None:
    """As the processor has them and as they are recorded: the same money, and what went back of it."""
    await subscribed(memory_billing)
    (purchase,) = await memory_billing.purchases(ADA)
    memory_billing.processor.refund(purchase.payment_id, RefundId("re_1"), 900, RefundStatus.SUCCEEDED)
    await memory_billing.refund(purchase.payment_id)
    (there,) = [payment async for payment in ListProcessorPaymentsHandler(memory_billing.processor)()]
    (here,) = [standing async for standing in memory_billing.reader.settled_payments()]
    assert (there.payment_id, there.amount_minor, there.refunded_minor) == (purchase.payment_id, 2900, 900)
    assert (here.purchase.payment_id, here.purchase.amount_minor, here.purchase.refunded_minor) == (
        purchase.payment_id,
        2900,
        900,
    )
    await memory_billing.told_facts()


async def test_a_payment_that_nobody_told_is_found_in_the_list(any_billing: BillingUnderTest) -> None:
    """And a refund of it: each becomes a hint, until it is recorded."""
    any_billing.clock.time = BEGAN
    opened = await any_billing.create(plan_order(ADA))
    any_billing.processor.pay(opened.checkout.page_id)
    lists = (InvoicePaymentList(any_billing.processor), RefundList(any_billing.processor))
    plan = ScanPlan(name="recent", looks_back=timedelta(days=1))
    scans = [ReconcileListHandler(any_billing.units, listed, any_billing.clock, plan) for listed in lists]
    for scan in scans:
        await scan()
    assert await any_billing.process_all() == ["done"]
    (purchase,) = await any_billing.purchases(ADA)
    any_billing.processor.refund(purchase.payment_id, RefundId("re_1"), 2900, RefundStatus.SUCCEEDED)
    for _ in range(2):
        for scan in scans:
            await scan()
    assert await any_billing.process_all() == ["done"]
    await any_billing.facts.expect(
        renewed(ADA, BEGAN, 3000),
        changed(ADA, 1, "pro", *PRO),
        ("PaymentRefunded", purchase.payment_id, 3000, 2900),
    )


async def test_what_was_allocated_is_told_with_the_payment_of_its_invoice(
    any_billing: BillingUnderTest,
) -> None:
    """Two months of a year by one payment, and one of nothing to pay; free plans with their last month."""
    mine = await subscribed(any_billing, interval="year")
    await come(any_billing, FEBRUARY)
    opened = await any_billing.create(plan_order("usr_coupon"))
    any_billing.processor.order_at_no_cost(opened.checkout.page_id)
    any_billing.clock.advance(5)
    await any_billing.follow("usr_coupon", opened.checkout.checkout_id)
    (purchase,) = await any_billing.purchases(ADA)
    told = [paid async for paid in any_billing.reader.allocations()]
    of_ada = [paid for paid in told if paid.allocation.user_id == ADA]
    assert [(paid.allocation.span.start, paid.payment_id) for paid in of_ada] == [
        (BEGAN, purchase.payment_id),
        (FEBRUARY, purchase.payment_id),
    ]
    assert {paid.allocation.subscription_id for paid in of_ada} == {mine.subscription_id}
    (free,) = [paid for paid in told if paid.allocation.user_id == "usr_coupon"]
    assert (free.allocation.credits, free.payment_id) == (3000, None)
    assert [plan async for plan in any_billing.reader.free_plans()] == []
    assert mine.paid is not None
    any_billing.processor.end(mine.paid.processor_id)
    await any_billing.settle_plan(mine.paid.processor_id)
    (back,) = [plan async for plan in any_billing.reader.free_plans()]
    assert (back.user_id, back.paid, back.allocated_from) == (ADA, None, back.began_at)
    await any_billing.facts.pass_over()
