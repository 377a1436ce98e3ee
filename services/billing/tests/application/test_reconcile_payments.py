"""Payments whose webhook never comes, found in the processor's own list, over every store."""

from dataclasses import replace
from datetime import timedelta

import pytest
from billing.application.processor_lists import PaymentList
from billing.application.reconcile_list import ReconcileListHandler, ScanPlan
from billing.domain.processor_payment import ListedPayment
from billing.domain.webhook_event import Subject, SubjectKind, WebhookState
from billing_support import BillingUnderTest, completed

RECENT = ScanPlan(name="recent", looks_back=timedelta(hours=1))
DEEP = ScanPlan(name="deep", looks_back=timedelta(days=180), every=timedelta(hours=6), wakes=True)


def scan(
    billing: BillingUnderTest, plan: ScanPlan = RECENT, found: list[tuple[str, int]] | None = None
) -> ReconcileListHandler[ListedPayment]:
    """The list of payments by one plan; what it finds is noted."""
    notes = [] if found is None else found
    return ReconcileListHandler(
        billing.units,
        PaymentList(billing.processor),
        billing.clock,
        plan,
        lambda name, count: notes.append((name, count)),
    )


async def paid(billing: BillingUnderTest, user_id: str = "usr_1") -> str:
    """Open a page and pay it, and tell nobody; return the page."""
    page_id = (await billing.open(user_id)).checkout.page_id
    assert page_id is not None
    billing.processor.pay(page_id)
    return page_id


async def test_a_paid_page_that_nobody_spoke_of_is_settled(any_billing: BillingUnderTest) -> None:
    """Once, counted once, and told once; what is a purchase already gives no hint."""
    known = await any_billing.bought("usr_known")
    page_id = await paid(any_billing)
    found: list[tuple[str, int]] = []
    payments = scan(any_billing, found=found)
    assert [await payments(), await payments()] == [1, 0]
    assert found == [("payments", 1)]
    assert await any_billing.process_all() == [WebhookState.DONE]
    (purchase,) = await any_billing.purchases()
    assert purchase.payment_id == any_billing.processor.sessions[page_id].payment_id != known.payment_id
    await any_billing.facts.expect(completed(purchase))
    assert [await payments(), await scan(any_billing, DEEP)()] == [0, 0]


async def test_a_page_whose_id_was_lost_is_settled(any_billing: BillingUnderTest) -> None:
    """Billing died between the processor's answer and its commit: nobody here asks about that page."""
    page_id = await paid(any_billing)
    async with any_billing.units.of_system() as work:
        checkout = await work.checkout(any_billing.processor.sessions[page_id].reference or "")
        assert checkout is not None
        await work.save_checkout(replace(checkout, page_id=None, url=None, next_check_at=None))
    any_billing.clock.advance(60)
    assert await any_billing.reconcile() == 0
    assert await scan(any_billing)() == 1
    assert await any_billing.process_all() == [WebhookState.DONE]
    (purchase,) = await any_billing.purchases()
    await any_billing.facts.expect(completed(purchase))


async def test_what_cost_nothing_is_found_too(any_billing: BillingUnderTest) -> None:
    """Its page stands for the payment."""
    page_id = (await any_billing.open()).checkout.page_id
    assert page_id is not None
    any_billing.processor.order_at_no_cost(page_id)
    assert await scan(any_billing)() == 1
    await any_billing.process_all()
    (purchase,) = await any_billing.purchases()
    assert (purchase.payment_id, purchase.amount_minor) == (page_id, 0)
    await any_billing.facts.expect(completed(purchase))


async def test_a_poisoned_payment_stops_none_of_the_others(any_billing: BillingUnderTest) -> None:
    """Each is worked out by itself, and it waits, seen like any webhook."""
    pages = [await paid(any_billing, f"usr_{number}") for number in range(3)]
    any_billing.processor.failures[pages[1]] = RuntimeError("it is poisoned")
    assert await scan(any_billing)() == 3
    states = await any_billing.process_all()
    assert sorted(states) == [WebhookState.DONE, WebhookState.DONE, WebhookState.WAITING]
    bought = [await any_billing.purchases(f"usr_{number}") for number in range(3)]
    assert [len(purchases) for purchases in bought] == [1, 0, 1]
    (waiting,) = await any_billing.webhooks.webhooks(state=WebhookState.WAITING, limit=9)
    assert (waiting.event.kind, waiting.event.subject) == (
        "reconciled.payment",
        Subject(kind=SubjectKind.PAGE, object_id=pages[1]),
    )
    await any_billing.facts.pass_over()


async def test_a_debit_that_arrives_after_days_is_found_by_the_deep_scan(
    any_billing: BillingUnderTest,
) -> None:
    """Its page is older than the recent list."""
    page_id = await paid(any_billing)
    recent, deep = scan(any_billing), scan(any_billing, DEEP)
    session = any_billing.processor.sessions.pop(page_id)
    assert [await recent(), await deep()] == [0, 0]
    any_billing.clock.advance(7 * 86_400)
    assert await recent() == 0
    any_billing.processor.sessions[page_id] = session
    assert [await recent(), await deep()] == [0, 1]
    await any_billing.process_all()
    await any_billing.facts.pass_over()
    assert len(await any_billing.purchases()) == 1


@pytest.mark.parametrize("reference", [None, "chk_of_nobody"])
async def test_what_others_sold_is_left_alone(any_billing: BillingUnderTest, reference: str | None) -> None:
    """Another app of the same account, or another installation of ours: nobody gets credits."""
    page_id = await paid(any_billing)
    session = any_billing.processor.sessions.pop(page_id)
    any_billing.processor.sessions["cs_other"] = replace(session, page_id="cs_other", reference=reference)
    assert await scan(any_billing)() == (0 if reference is None else 1)
    assert set(await any_billing.process_all()) <= {WebhookState.IGNORED}
    assert await any_billing.purchases() == []
