"""Plans whose webhooks never come: found in the processor's list of paid invoices, over every store."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from billing.application.list_processor_payments import ListProcessorPaymentsHandler
from billing.application.processor_lists import DisputeList, InvoicePaymentList, RefundList
from billing.application.reconcile_list import ReconcileListHandler, ScanPlan
from billing.domain.dispute import DisputeState
from billing.domain.identifiers import DisputeId, PageId, RefundId, UserId
from billing.domain.processor_payment import ListedInvoicePayment, ReconciledPayment
from billing.domain.refund import RefundStatus
from billing.domain.webhook_event import WebhookState
from billing_support import BillingUnderTest, plan_order, renewed

ADA = UserId("usr_ada")
BEGAN = datetime(2026, 1, 31, 9, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 28, 9, tzinfo=UTC)
RECENT = ScanPlan(name="recent", looks_back=timedelta(hours=1))


def scan(billing: BillingUnderTest) -> ReconcileListHandler[ListedInvoicePayment]:
    """The list of invoices by the recent plan."""
    return ReconcileListHandler(billing.units, InvoicePaymentList(billing.processor), billing.clock, RECENT)


async def sent_off(billing: BillingUnderTest) -> PageId:
    """Open a plan's page and pay it, and tell nobody; return the page."""
    billing.clock.time = BEGAN
    page_id = (await billing.create(plan_order(ADA))).checkout.page_id
    assert page_id is not None
    billing.processor.pay(page_id)
    return page_id


async def at_processor(billing: BillingUnderTest) -> list[ReconciledPayment]:
    """Every payment of ours, as the processor knows it."""
    return [payment async for payment in ListProcessorPaymentsHandler(billing.processor)()]


async def months(billing: BillingUnderTest) -> list[tuple[object, ...]]:
    """The months that were told."""
    return [fact for fact in await billing.told_facts() if fact[0] == "SubscriptionRenewed"]


async def test_a_plan_that_nobody_spoke_of_begins(any_billing: BillingUnderTest) -> None:
    """Billing died before it wrote the page down: the invoice names the plan. Once, told once."""
    page_id = await sent_off(any_billing)
    async with any_billing.units.of_system() as work:
        checkout = await work.checkout(any_billing.processor.sessions[page_id].reference or "")
        assert checkout is not None
        await work.save_checkout(replace(checkout, page_id=None, url=None, next_check_at=None))
    invoices = scan(any_billing)
    assert [await invoices(), await invoices()] == [1, 0]
    assert await any_billing.process_all() == [WebhookState.DONE]
    assert await months(any_billing) == [renewed(ADA, BEGAN, 3000)]
    (purchase,) = await any_billing.purchases(ADA)
    assert (purchase.amount_minor, purchase.invoice_id is not None) == (2900, True)
    assert await invoices() == 0


async def test_a_renewal_that_nobody_spoke_of_is_granted(any_billing: BillingUnderTest) -> None:
    """Once, though the scheduler looks at it, too."""
    await sent_off(any_billing)
    await scan(any_billing)()
    await any_billing.process_all()
    any_billing.clock.time = FEBRUARY
    any_billing.processor.tick()
    assert await scan(any_billing)() == 1
    assert await any_billing.process_all() == [WebhookState.DONE]
    while await any_billing.renew():
        pass
    assert await months(any_billing) == [renewed(ADA, BEGAN, 3000), renewed(ADA, FEBRUARY, 3000)]


async def test_money_of_a_plan_that_went_back_without_a_webhook_is_found(
    any_billing: BillingUnderTest,
) -> None:
    """Its payment carries nothing of ours: what is recorded of it says whose it is."""
    await sent_off(any_billing)
    await scan(any_billing)()
    await any_billing.process_all()
    (purchase,) = await any_billing.purchases(ADA)
    processor, units, clock = any_billing.processor, any_billing.units, any_billing.clock
    processor.refund(purchase.payment_id, RefundId("re_1"), 290, RefundStatus.SUCCEEDED)
    processor.dispute(purchase.payment_id, DisputeId("dp_1"), 290, DisputeState.OPENED)
    assert await ReconcileListHandler(units, RefundList(processor), clock, RECENT)() == 1
    assert await ReconcileListHandler(units, DisputeList(processor), clock, RECENT)() == 1
    assert await any_billing.process_all() == [WebhookState.DONE] * 2
    (standing,) = await any_billing.standings(ADA)
    assert (standing.purchase.refunded_minor, standing.disputed_minor) == (290, 290)
    (told,) = await at_processor(any_billing)
    assert (told.payment_id, told.amount_minor, told.refunded_minor) == (purchase.payment_id, 2900, 290)
    assert told.disputes == {"dp_1": DisputeState.OPENED}
    await any_billing.facts.pass_over()
