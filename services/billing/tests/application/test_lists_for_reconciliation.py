"""What the processor's lists say of our payments, and what ends a list that has no end."""

from dataclasses import replace
from datetime import timedelta

import pytest
from billing.application import list_processor_payments, reconcile_list
from billing.application.list_processor_payments import ListProcessorPaymentsHandler
from billing.application.processor_lists import DisputeList
from billing.application.reconcile_list import ReconcileListHandler, ScanPlan
from billing.domain.dispute import DisputeState
from billing.domain.errors import PaymentProcessorRefused
from billing.domain.processor_payment import ReconciledPayment
from billing.domain.refund import RefundStatus
from billing_support import BillingUnderTest

PENDING, SUCCEEDED, FAILED = RefundStatus
RECENT = ScanPlan(name="recent", looks_back=timedelta(hours=1))


async def payments(billing: BillingUnderTest) -> list[ReconciledPayment]:
    """Every payment of ours, as the processor knows it."""
    return [payment async for payment in ListProcessorPaymentsHandler(billing.processor)()]


async def test_a_payment_is_told_with_what_moved_it_last(memory_billing: BillingUnderTest) -> None:
    """Refunds that arrived are added up; one on its way, one that failed and an inquiry count for nothing."""
    bought = await memory_billing.bought()
    payment_id, paid_at = bought.payment_id, memory_billing.clock.now()
    processor = memory_billing.processor

    async def told() -> tuple[int, object, object]:
        (payment,) = await payments(memory_billing)
        assert (payment.payment_id, payment.amount_minor, payment.currency) == (payment_id, 1000, "usd")
        return payment.refunded_minor, payment.disputes, payment.moved_at

    assert await told() == (0, {}, paid_at)
    memory_billing.clock.advance(60)
    processor.refund(payment_id, "re_1", 1, PENDING)
    processor.refund(payment_id, "re_2", 2, FAILED)
    processor.dispute(payment_id, "dp_inquiry", 4, None)
    assert await told() == (0, {}, paid_at)
    processor.refund(payment_id, "re_3", 300, SUCCEEDED)
    refunded_at = memory_billing.clock.now()
    assert await told() == (300, {}, refunded_at)
    memory_billing.clock.advance(60)
    processor.dispute(payment_id, "dp_1", 500, DisputeState.LOST)
    assert await told() == (300, {"dp_1": DisputeState.LOST}, memory_billing.clock.now())
    processor.disputes["dp_1"] = replace(processor.disputes["dp_1"], moved_at=None)
    assert await told() == (300, {"dp_1": DisputeState.LOST}, refunded_at)


async def test_what_others_sold_is_left_out(memory_billing: BillingUnderTest) -> None:
    """And none of ours that comes after it."""
    ours = [(await memory_billing.bought(f"usr_{number}")).payment_id for number in range(3)]
    sessions = memory_billing.processor.sessions
    (others,) = (page for page, session in sessions.items() if session.payment_id == ours[1])
    sessions[others] = replace(sessions[others], reference=None)
    assert [payment.payment_id for payment in await payments(memory_billing)] == [ours[2], ours[0]]


@pytest.mark.parametrize(("pages_max", "is_refused"), [(3, False), (2, True)])
async def test_a_list_is_read_to_its_end_or_refused(
    memory_billing: BillingUnderTest, monkeypatch: pytest.MonkeyPatch, pages_max: int, is_refused: bool
) -> None:
    """Half a list is no answer: what it leaves out would look like money that we invented."""
    ours = [(await memory_billing.bought(f"usr_{number}")).payment_id for number in range(3)]
    memory_billing.processor.page_size = 1
    monkeypatch.setattr(list_processor_payments, "PAGES_MAX", pages_max)
    if is_refused:
        with pytest.raises(PaymentProcessorRefused, match="more than 2 pages"):
            await payments(memory_billing)
    else:
        assert [payment.payment_id for payment in await payments(memory_billing)] == ours[::-1]


async def test_lists_have_room_for_a_million_payments() -> None:
    """At a hundred a page; a pass of a scan reads ten pages."""
    assert (list_processor_payments.PAGES_MAX, reconcile_list.PAGES_MAX) == (10_000, 10)


async def test_a_dispute_gives_a_hint_until_it_is_recorded_as_it_stands(
    memory_billing: BillingUnderTest,
) -> None:
    """The hint says that it is a dispute, and of which."""
    payment = (await memory_billing.bought()).payment_id
    scan = ReconcileListHandler(
        memory_billing.units, DisputeList(memory_billing.processor), memory_billing.clock, RECENT
    )
    memory_billing.processor.dispute(payment, "dp_known", 200, DisputeState.OPENED)
    await memory_billing.dispute("dp_known")
    await memory_billing.facts.expect(("PaymentDisputed", "dp_known", 200, 200))
    assert await scan() == 0
    memory_billing.processor.dispute(payment, "dp_known", 200, DisputeState.WON)
    assert await scan() == 1
    hint = (await memory_billing.stored("reconciled_dp_known_won")).event
    assert (hint.kind, hint.body, hint.received_at) == (
        "reconciled.dispute",
        b"",
        memory_billing.clock.now(),
    )
    # What the processor calls an inquiry again has moved nothing that is not recorded.
    memory_billing.processor.dispute(payment, "dp_known", 200, None)
    assert await scan() == 0
