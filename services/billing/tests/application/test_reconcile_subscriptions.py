"""Plans of which neither a webhook nor a payment tells: found in the processor's list, over every store."""

from dataclasses import replace
from datetime import timedelta

import pytest
from billing.application.processor_lists import InvoicePaymentList, SubscriptionList
from billing.application.reconcile_list import ReconcileListHandler, ScanPlan
from billing.domain.checkout import CheckoutStatus, PaymentStatus
from billing.domain.identifiers import PageId, PlanId, RequestId, UserId
from billing.domain.plan import Plan
from billing.domain.processor_subscription import ListedSubscription
from billing.domain.standing import SubscriptionStatus
from billing.domain.webhook_event import Subject, SubjectKind, WebhookState
from billing_support import BillingUnderTest, changed, plan_order, renewed
from paid_plan_world import ADA, BEGAN, PRO, subscribed

RECENT = ScanPlan(name="recent", looks_back=timedelta(hours=1))
DEEP = ScanPlan(name="deep", looks_back=timedelta(days=180), every=timedelta(hours=6), wakes=True)


def scan(
    billing: BillingUnderTest, plan: ScanPlan = RECENT, found: list[tuple[str, int]] | None = None
) -> ReconcileListHandler[ListedSubscription]:
    """The list of subscriptions by one plan; what it finds is noted."""
    notes = [] if found is None else found
    return ReconcileListHandler(
        billing.units,
        SubscriptionList(billing.processor),
        billing.clock,
        plan,
        lambda name, count: notes.append((name, count)),
    )


async def tried(billing: BillingUnderTest, user_id: str = ADA) -> PageId:
    """Begin a trial on a page whose id billing did not live to write down; return the page."""
    plan: Plan = billing.catalogue.plans[1]
    object.__setattr__(plan, "trial_days", 7)
    billing.clock.time = BEGAN
    page_id = (await billing.create(plan_order(UserId(user_id)))).checkout.page_id
    assert page_id is not None
    billing.processor.pay(page_id)
    async with billing.units.of_system() as work:
        checkout = await work.checkout(billing.processor.sessions[page_id].reference or "")
        assert checkout is not None
        await work.save_checkout(replace(checkout, page_id=None, url=None, next_check_at=None))
    return page_id


async def test_a_trial_that_nobody_spoke_of_begins(any_billing: BillingUnderTest) -> None:
    """No other list has it, nobody asks about its page. Once, counted once, told once."""
    await tried(any_billing)
    any_billing.clock.advance(60)
    assert await any_billing.reconcile() == 0
    payments = InvoicePaymentList(any_billing.processor)
    assert await ReconcileListHandler(any_billing.units, payments, any_billing.clock, RECENT)() == 0
    found: list[tuple[str, int]] = []
    subscriptions = scan(any_billing, found=found)
    assert [await subscriptions(), await subscriptions()] == [1, 0]
    assert found == [("subscriptions", 1)]
    assert await any_billing.process_all() == [WebhookState.DONE]
    await any_billing.facts.expect(renewed(ADA, BEGAN, 3000), changed(ADA, 1, "pro", *PRO))
    mine = await any_billing.reader.subscription(ADA)
    assert mine is not None
    assert mine.paid is not None
    assert mine.standing.status is SubscriptionStatus.TRIALING
    assert await any_billing.purchases(ADA) == []
    # Its checkout is over with it: whoever asks is told, and nobody may pay another page of it.
    checkout_id = any_billing.processor.subscriptions[mine.paid.processor_id].reference
    closed = await any_billing.follow(ADA, checkout_id)  # type: ignore[arg-type]
    assert (closed.status, closed.payment_status, closed.subscription_id) == (
        CheckoutStatus.COMPLETE,
        PaymentStatus.NO_PAYMENT_REQUIRED,
        mine.subscription_id,
    )
    assert [await subscriptions(), await scan(any_billing, DEEP)()] == [0, 0]


async def test_one_that_is_tried_for_days_is_found_by_the_deep_scan(any_billing: BillingUnderTest) -> None:
    """It is older than the recent list."""
    await tried(any_billing)
    any_billing.clock.advance(3 * 86_400)
    assert [await scan(any_billing)(), await scan(any_billing, DEEP)()] == [0, 1]
    await any_billing.process_all()
    assert await any_billing.reader.subscription(ADA) is not None
    await any_billing.facts.pass_over()


async def test_a_poisoned_one_stops_none_of_the_others(any_billing: BillingUnderTest) -> None:
    """Each is worked out by itself, and it waits, seen like any webhook."""
    users = [UserId(f"usr_{number}") for number in range(3)]
    for user_id in users:
        await tried(any_billing, user_id)
    processor = any_billing.processor
    bad = list(processor.subscriptions)[1]
    processor.failures[bad] = RuntimeError("it is poisoned")
    assert await scan(any_billing)() == 3
    states = await any_billing.process_all()
    assert sorted(states) == [WebhookState.DONE, WebhookState.DONE, WebhookState.WAITING]
    plans = [await any_billing.reader.subscription(user_id) for user_id in users]
    assert [plan is not None for plan in plans] == [True, False, True]
    (waiting,) = await any_billing.webhooks.webhooks(state=WebhookState.WAITING, limit=9)
    assert (waiting.event.kind, waiting.event.subject) == (
        "reconciled.subscription",
        Subject(kind=SubjectKind.SUBSCRIPTION, object_id=bad),
    )
    await any_billing.facts.pass_over()


@pytest.mark.parametrize("lacking", ["reference", "plan_id"])
async def test_what_others_sold_is_left_alone(any_billing: BillingUnderTest, lacking: str) -> None:
    """Another app of the same account: nobody gets credits, and nobody is asked about it."""
    await tried(any_billing)
    processor = any_billing.processor
    ((processor_id, ours),) = processor.subscriptions.items()
    processor.subscriptions[processor_id] = replace(ours, **{lacking: None})  # type: ignore[arg-type]
    assert await scan(any_billing)() == 0
    assert await any_billing.process_all() == []
    assert await any_billing.reader.subscription(ADA) is None


async def test_one_that_waits_for_its_first_payment_is_nothing_yet(any_billing: BillingUnderTest) -> None:
    """Once it has begun it is found; one that ended before anybody knew of it never is."""
    await tried(any_billing)
    processor = any_billing.processor
    ((processor_id, waiting),) = processor.subscriptions.items()
    processor.subscriptions[processor_id] = replace(waiting, is_begun=False)
    assert await scan(any_billing)() == 0
    processor.end(processor_id)
    processor.subscriptions[processor_id] = replace(processor.subscriptions[processor_id], is_begun=True)
    assert await scan(any_billing)() == 0
    processor.subscriptions[processor_id] = waiting
    assert await scan(any_billing)() == 1
    await any_billing.process_all()
    assert await any_billing.reader.subscription(ADA) is not None
    await any_billing.facts.pass_over()


async def test_one_that_was_changed_or_ended_unheard_is_found(any_billing: BillingUnderTest) -> None:
    """What is recorded otherwise gives a hint; what has ended here stays ended, whatever is listed."""
    mine = await subscribed(any_billing)
    assert mine.paid is not None
    processor_id, processor = mine.paid.processor_id, any_billing.processor
    assert await scan(any_billing)() == 0
    terms = any_billing.catalogue.on_sale(PlanId("business"), mine.paid.interval)
    await processor.change_now(processor_id, *terms, request_id=RequestId("c1"))
    assert await scan(any_billing)() == 1
    await any_billing.process_all()
    bigger = await any_billing.reader.subscription(ADA)
    assert bigger is not None
    assert bigger.plan_id == "business"
    before = processor.subscriptions[processor_id]
    processor.end(processor_id)
    assert await scan(any_billing)() == 1
    await any_billing.process_all()
    free = await any_billing.reader.subscription(ADA)
    assert free is not None
    assert free.plan_id == "free"
    processor.subscriptions[processor_id] = before
    assert await scan(any_billing)() == 0
    await any_billing.facts.pass_over()
