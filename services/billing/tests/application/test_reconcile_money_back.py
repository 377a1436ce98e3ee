"""Refunds and disputes whose webhook never comes, found in the processor's lists, over every store."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from billing.application import reconcile_list
from billing.application.process_webhook import ATTEMPTS_MAX
from billing.application.processor_lists import DisputeList, RefundList
from billing.application.reconcile_list import ReconcileListHandler, ScanPlan
from billing.domain.dispute import DisputeState
from billing.domain.errors import PaymentProcessorUnavailable
from billing.domain.refund import RefundStatus
from billing.domain.webhook_event import Subject, SubjectKind, WebhookState
from billing_support import BillingUnderTest
from google.protobuf.message import Message
from tintype.billing.v1 import events_pb2 as pb

PENDING, SUCCEEDED, FAILED = RefundStatus
HOUR_S, DAY_S = 3_600, 86_400


class Scans:
    """Both lists by the recent plan, and by the deep one."""

    def __init__(self, billing: BillingUnderTest) -> None:
        recent = ScanPlan(name="recent", looks_back=timedelta(hours=1))
        deep = ScanPlan(name="deep", looks_back=timedelta(days=180), every=timedelta(hours=6), wakes=True)
        refunds, disputes = RefundList(billing.processor), DisputeList(billing.processor)
        self.refunds = ReconcileListHandler(billing.units, refunds, billing.clock, recent)
        self.disputes = ReconcileListHandler(billing.units, disputes, billing.clock, recent)
        self.deep_refunds = ReconcileListHandler(billing.units, refunds, billing.clock, deep)
        self.deep_disputes = ReconcileListHandler(billing.units, disputes, billing.clock, deep)

    async def all(self) -> int:
        """Run every scan once; return how many hints are new."""
        handlers = (self.refunds, self.disputes, self.deep_refunds, self.deep_disputes)
        return sum([await one() for one in handlers])


def told(facts: Sequence[Message]) -> list[tuple[str, int]]:
    """Each fact with its credits."""
    return [
        ("refunded", one.refunded_credits)
        if isinstance(one, pb.PaymentRefunded)
        else (f"dispute {one.state}", one.disputed_credits)  # type: ignore[attr-defined]
        for one in facts
    ]


async def test_money_that_went_back_without_a_webhook_is_found(any_billing: BillingUnderTest) -> None:
    """Each refund and dispute once, and told once, however often the lists are read."""
    payment = (await any_billing.bought()).payment_id
    scans = Scans(any_billing)
    assert await scans.all() == 0
    any_billing.processor.refund(payment, "re_1", 300, SUCCEEDED)
    any_billing.processor.dispute(payment, "dp_1", 500, DisputeState.OPENED)
    assert await scans.all() == 2
    assert await scans.all() == 0
    assert await any_billing.process_all() == [WebhookState.DONE] * 2
    for _ in range(30):
        any_billing.clock.advance(HOUR_S)
        assert await scans.all() == 0
    assert sorted(told(await any_billing.money_back())) == [
        (f"dispute {pb.DISPUTE_STATE_OPENED}", 500),
        ("refunded", 300),
    ]


async def test_what_is_recorded_gives_no_hint(any_billing: BillingUnderTest) -> None:
    """A webhook came first; an inquiry moved no money."""
    payment = (await any_billing.bought()).payment_id
    any_billing.processor.refund(payment, "re_1", 300, SUCCEEDED)
    any_billing.processor.dispute(payment, "dp_1", 500, None)
    await any_billing.refund(payment)
    await any_billing.facts.expect(("PaymentRefunded", payment, 300, 300))
    assert await Scans(any_billing).all() == 0


async def test_what_moves_later_is_found_by_the_deep_scan(any_billing: BillingUnderTest) -> None:
    """A refund that fails after weeks, a dispute that is won after months."""
    payment = (await any_billing.bought()).payment_id
    scans = Scans(any_billing)
    any_billing.processor.refund(payment, "re_1", 300, SUCCEEDED)
    any_billing.processor.dispute(payment, "dp_1", 500, DisputeState.OPENED)
    await scans.all()
    await any_billing.process_all()
    any_billing.clock.advance(60 * DAY_S)
    assert await scans.all() == 0
    any_billing.clock.advance(7 * HOUR_S)
    any_billing.processor.refund(payment, "re_1", 300, FAILED)
    any_billing.processor.dispute(payment, "dp_1", 500, DisputeState.WON)
    assert [await scans.refunds(), await scans.disputes()] == [0, 0]
    assert [await scans.deep_refunds(), await scans.deep_disputes()] == [1, 1]
    assert await any_billing.process_all() == [WebhookState.DONE] * 2
    (purchase,) = await any_billing.purchases()
    assert purchase.refunded_minor == 0
    assert told(await any_billing.money_back())[-1][0] == f"dispute {pb.DISPUTE_STATE_WON}"


async def test_a_poisoned_refund_stops_none_of_the_others(any_billing: BillingUnderTest) -> None:
    """Each is worked out by itself; the poisoned one is parked, and tried again by the next deep scan."""
    payments = [(await any_billing.bought(f"usr_{number}")).payment_id for number in range(3)]
    for number, payment in enumerate(payments):
        any_billing.processor.refund(payment, f"re_{number}", 1000, SUCCEEDED)
    any_billing.processor.failures[payments[1]] = RuntimeError("it is poisoned")
    scans = Scans(any_billing)
    assert await scans.all() == 3
    for _ in range(ATTEMPTS_MAX):
        await any_billing.process_all()
        any_billing.clock.advance(301)
        await scans.refunds()
    assert told(await any_billing.money_back()) == [("refunded", 1000)] * 2
    (parked,) = await any_billing.webhooks.webhooks(state=WebhookState.PARKED, limit=9)
    assert (parked.event.kind, parked.event.subject) == (
        "reconciled.refund",
        Subject(kind=SubjectKind.PAYMENT, object_id=payments[1]),
    )
    any_billing.processor.failures.clear()
    any_billing.clock.advance(7 * HOUR_S)
    assert await scans.deep_refunds() == 1
    assert await any_billing.process_all() == [WebhookState.DONE]
    assert told(await any_billing.money_back()) == [("refunded", 1000)] * 3


async def test_only_the_deep_scan_tries_again_what_was_parked(any_billing: BillingUnderTest) -> None:
    """The recent one would do so every minute; and the deep one begins every six hours, no sooner."""
    payment = (await any_billing.bought()).payment_id
    scans = Scans(any_billing)
    assert await scans.deep_refunds() == 0
    any_billing.processor.refund(payment, "re_1", 300, SUCCEEDED)
    any_billing.processor.failures[payment] = RuntimeError("it is poisoned")
    recent = ScanPlan(name="recent", looks_back=timedelta(days=7))
    handler = ReconcileListHandler(
        any_billing.units, RefundList(any_billing.processor), any_billing.clock, recent
    )
    assert await handler() == 1
    for _ in range(ATTEMPTS_MAX):
        await any_billing.process_all()
        any_billing.clock.advance(301)
        assert await handler() == 0
        assert await scans.deep_refunds() == 0
    assert [one.state for one in await any_billing.webhooks.webhooks(state=None, limit=9)] == [
        WebhookState.PARKED
    ]
    any_billing.clock.advance(6 * HOUR_S)
    assert await handler() == 0
    assert await scans.deep_refunds() == 1


async def test_lists_are_read_page_by_page_and_a_scan_goes_on(
    any_billing: BillingUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a bound a pass; what is added meanwhile is found by the next scan."""
    monkeypatch.setattr(reconcile_list, "PAGES_MAX", 2)
    any_billing.processor.page_size = 3
    payment = (await any_billing.bought()).payment_id
    for number in range(14):
        any_billing.processor.refund(payment, f"re_{number}", 10, SUCCEEDED)
    refunds = Scans(any_billing).refunds
    assert await refunds() == 6
    any_billing.processor.refund(payment, "re_new", 10, SUCCEEDED)
    assert [await refunds(), await refunds()] == [6, 2]
    assert await refunds() == 1


async def test_an_outage_in_the_middle_skips_nothing(
    any_billing: BillingUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For two days; then it goes on where it stopped, and what happened meanwhile is found."""
    monkeypatch.setattr(reconcile_list, "PAGES_MAX", 1)
    any_billing.processor.page_size = 1
    payment = (await any_billing.bought()).payment_id
    any_billing.processor.refund(payment, "re_1", 10, SUCCEEDED)
    any_billing.processor.refund(payment, "re_2", 10, SUCCEEDED)
    refunds = Scans(any_billing).refunds
    assert await refunds() == 1
    any_billing.processor.answers = False
    for _ in range(48):
        any_billing.clock.advance(HOUR_S)
        any_billing.processor.refund(payment, "re_3", 10, SUCCEEDED)
        with pytest.raises(PaymentProcessorUnavailable):
            await refunds()
    any_billing.processor.answers = True
    assert [await refunds() for _ in range(4)] == [1, 1, 0, 0]


async def test_a_place_that_is_gone_begins_from_the_newest(
    any_billing: BillingUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is skipped."""
    monkeypatch.setattr(reconcile_list, "PAGES_MAX", 1)
    any_billing.processor.page_size = 1
    payment = (await any_billing.bought()).payment_id
    for number in range(3):
        any_billing.processor.dispute(payment, f"dp_{number}", 10, DisputeState.OPENED)
    disputes = Scans(any_billing).disputes
    assert await disputes() == 1
    del any_billing.processor.disputes["dp_2"]
    assert [await disputes() for _ in range(4)] == [0, 1, 1, 0]


async def test_another_products_money_gives_no_hint(any_billing: BillingUnderTest) -> None:
    """It carries no reference of ours."""
    purchase = await any_billing.bought()
    processor = any_billing.processor
    processor.payments["pi_other"] = type(processor.payments[purchase.payment_id])(
        payment_id="pi_other", reference=None, refunds=()
    )
    processor.refund("pi_other", "re_1", 1000, SUCCEEDED)
    processor.dispute("pi_other", "dp_1", 1000, DisputeState.OPENED)
    assert await Scans(any_billing).all() == 0
    assert await any_billing.webhooks.webhook_counts() == {}


async def test_money_of_a_purchase_that_is_not_there_yet_waits(any_billing: BillingUnderTest) -> None:
    """A hint like any: told once the purchase is settled."""
    await any_billing.open()
    (session,) = any_billing.processor.sessions
    any_billing.processor.pay(session)
    (payment,) = any_billing.processor.payments
    any_billing.processor.refund(payment, "re_1", 1000, SUCCEEDED)
    assert await Scans(any_billing).refunds() == 1
    assert await any_billing.process_all() == [WebhookState.WAITING]
    assert await any_billing.money_back() == []
    await any_billing.settle(session)
    await any_billing.facts.expect(("PaymentCompleted", payment, 1000, 1000))
    any_billing.clock.advance(301)
    assert await any_billing.process_all() == [WebhookState.DONE]
    assert told(await any_billing.money_back()) == [("refunded", 1000)]
