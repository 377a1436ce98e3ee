"""Refunds and disputes, from the webhook to the fact, over every store."""

import asyncio
from typing import Any

import pytest
from billing.adapters.outbound.postgres import billing_reader
from billing.domain.dispute import DisputeState
from billing.domain.errors import PaymentProcessorUnavailable, PurchaseNotKnownYet
from billing.domain.refund import RefundStatus
from billing.domain.webhook_event import WebhookState
from billing_support import BillingUnderTest
from structlog.testing import capture_logs
from tintype.billing.v1 import events_pb2 as pb

PENDING, SUCCEEDED, FAILED = RefundStatus
OPENED, LOST, WON = DisputeState


async def refunds(billing: BillingUnderTest) -> list[tuple[int, int, int, bool]]:
    """What was published about refunds: credits, money, series, reversed."""
    told = [one for one in await billing.money_back() if isinstance(one, pb.PaymentRefunded)]
    return [(one.refunded_credits, one.refunded_minor, one.series, one.reversed) for one in told]


async def disputes(billing: BillingUnderTest) -> list[tuple[str, Any, int]]:
    """What was published about disputes: id, state, credits."""
    told = [one for one in await billing.money_back() if isinstance(one, pb.PaymentDisputed)]
    return [(one.dispute_id, one.state, one.disputed_credits) for one in told]


async def test_refunds_are_told_as_one_total(any_billing: BillingUnderTest) -> None:
    """A part, then the rest: each total is told once, however often and by however many webhooks it comes."""
    purchase = await any_billing.bought()
    payment = purchase.payment_id
    for number, (refund_id, amount_minor) in enumerate([("re_1", 300), ("re_2", 700)]):
        any_billing.processor.refund(payment, refund_id, amount_minor, SUCCEEDED)
        for copy in range(3):
            await any_billing.told_about(f"evt_{number}_{copy}", payment_id=payment)
        assert await any_billing.process_all() == [WebhookState.DONE] * 3
    assert await refunds(any_billing) == [(300, 300, 0, False), (1000, 1000, 0, False)]
    (message,) = (await any_billing.money_back())[:1]
    assert isinstance(message, pb.PaymentRefunded)
    assert (message.account_id, message.purchase_id) == ("usr_1", purchase.purchase_id)
    (refunded,) = await any_billing.purchases()
    assert (refunded.refunded_minor, refunded.refunded_credits) == (1000, 1000)


async def test_only_money_that_went_back_counts(any_billing: BillingUnderTest) -> None:
    """A refund that is on its way takes nothing; one that never arrives neither."""
    payment = (await any_billing.bought()).payment_id
    any_billing.processor.refund(payment, "re_1", 400, PENDING)
    assert await any_billing.refund(payment)
    any_billing.processor.refund(payment, "re_2", 100, FAILED)
    assert await any_billing.refund(payment)
    assert await refunds(any_billing) == []
    assert (await any_billing.purchases())[0].refunded_minor == 0
    any_billing.processor.refund(payment, "re_1", 400, SUCCEEDED)
    await any_billing.refund(payment)
    assert await refunds(any_billing) == [(400, 400, 0, False)]


async def test_a_refund_that_failed_later_counts_no_more(any_billing: BillingUnderTest) -> None:
    """What is left is told in a series of its own before the last is reversed; all can be refunded."""
    payment = (await any_billing.bought()).payment_id
    for refund_id, amount_minor, status in [
        ("re_1", 300, SUCCEEDED),
        ("re_2", 200, SUCCEEDED),
        ("re_1", 300, FAILED),
        ("re_2", 200, FAILED),
        ("re_3", 1000, SUCCEEDED),
    ]:
        any_billing.processor.refund(payment, refund_id, amount_minor, status)
        await any_billing.refund(payment)
    assert await refunds(any_billing) == [
        (300, 300, 0, False),
        (500, 500, 0, False),
        (200, 200, 1, False),
        (500, 500, 0, True),
        (200, 200, 1, True),
        (1000, 1000, 2, False),
    ]


async def test_an_answer_that_is_old_by_now_undoes_nothing(any_billing: BillingUnderTest) -> None:
    """Read before another webhook's, written after it: the later truth stands."""
    payment = (await any_billing.bought()).payment_id
    processor = any_billing.processor
    processor.refund(payment, "re_1", 300, SUCCEEDED)
    old = processor.payments[payment]
    processor.refund(payment, "re_1", 300, FAILED)
    processor.refund(payment, "re_2", 100, SUCCEEDED)
    await any_billing.refund(payment)
    processor.payments[payment] = old
    await any_billing.refund(payment)
    assert await refunds(any_billing) == [(100, 100, 0, False)]


async def test_many_workers_tell_a_refund_once(any_billing: BillingUnderTest) -> None:
    """Eight at a time, about a refund and a dispute of one payment."""
    payment = (await any_billing.bought()).payment_id
    any_billing.processor.refund(payment, "re_1", 300, SUCCEEDED)
    any_billing.processor.dispute(payment, "dp_1", 700, OPENED)
    about = [any_billing.refund(payment) for _ in range(8)]
    assert all(await asyncio.gather(*about, *(any_billing.dispute("dp_1") for _ in range(8))))
    assert await refunds(any_billing) == [(300, 300, 0, False)]
    assert await disputes(any_billing) == [("dp_1", pb.DISPUTE_STATE_OPENED, 700)]


async def test_a_dispute_is_told_as_it_moves(any_billing: BillingUnderTest) -> None:
    """Opened and won are told once each; what comes late changes nothing."""
    payment = (await any_billing.bought()).payment_id
    for number, state in enumerate([None, OPENED, OPENED, WON, OPENED]):
        any_billing.processor.dispute(payment, "dp_1", 1000, state)
        await any_billing.told_about(f"evt_{number}", dispute_id="dp_1")
        assert await any_billing.process_all() == [WebhookState.DONE]
    assert await disputes(any_billing) == [
        ("dp_1", pb.DISPUTE_STATE_OPENED, 1000),
        ("dp_1", pb.DISPUTE_STATE_WON, 1000),
    ]
    (message, _) = await any_billing.money_back()
    assert isinstance(message, pb.PaymentDisputed)
    assert (message.account_id, message.payment_id, message.disputed_minor) == ("usr_1", payment, 1000)


async def test_a_lost_dispute_that_is_withdrawn_is_won(any_billing: BillingUnderTest) -> None:
    """The money came back after all; and each dispute of a payment is told apart."""
    payment = (await any_billing.bought()).payment_id
    for dispute_id, state in [("dp_1", LOST), ("dp_2", LOST), ("dp_1", WON)]:
        any_billing.processor.dispute(payment, dispute_id, 400, state)
        await any_billing.dispute(dispute_id)
    assert await disputes(any_billing) == [
        ("dp_1", pb.DISPUTE_STATE_LOST, 400),
        ("dp_2", pb.DISPUTE_STATE_LOST, 400),
        ("dp_1", pb.DISPUTE_STATE_WON, 400),
    ]


async def test_an_inquiry_takes_nothing(any_billing: BillingUnderTest) -> None:
    """The bank asks, and asks no further: no money moved, nothing is told."""
    payment = (await any_billing.bought()).payment_id
    any_billing.processor.dispute(payment, "dp_1", 1000, None)
    assert await any_billing.dispute("dp_1")
    assert await any_billing.money_back() == []


async def test_money_that_went_back_before_its_purchase_waits(any_billing: BillingUnderTest) -> None:
    """Webhooks before `checkout.session.completed` are tried again until the purchase is there."""
    await any_billing.open()
    (session,) = any_billing.processor.sessions
    any_billing.processor.pay(session)
    (payment,) = any_billing.processor.payments
    any_billing.processor.refund(payment, "re_1", 1000, SUCCEEDED)
    any_billing.processor.dispute(payment, "dp_1", 1000, OPENED)
    await any_billing.told_about("evt_1", payment_id=payment)
    await any_billing.told_about("evt_2", dispute_id="dp_1")
    assert await any_billing.process_all() == [WebhookState.WAITING] * 2
    for about in (any_billing.refund(payment), any_billing.dispute("dp_1")):
        with pytest.raises(PurchaseNotKnownYet):
            await about
    assert await any_billing.money_back() == []
    await any_billing.settle(session)
    await any_billing.facts.expect(("PaymentCompleted", payment, 1000, 1000))
    any_billing.clock.advance(300)
    assert await any_billing.process_all() == [WebhookState.DONE] * 2
    assert await refunds(any_billing) == [(1000, 1000, 0, False)]
    assert await disputes(any_billing) == [("dp_1", pb.DISPUTE_STATE_OPENED, 1000)]


@pytest.mark.parametrize("reference", [None, "order of another shop"])
async def test_another_products_payment_is_left_alone(
    any_billing: BillingUnderTest, reference: str | None
) -> None:
    """It is ignored with a line in the log, and nothing is told or kept."""
    purchase = await any_billing.bought()
    processor = any_billing.processor
    processor.payments["pi_other"] = type(processor.payments[purchase.payment_id])(
        payment_id="pi_other", reference=reference, refunds=()
    )
    processor.refund("pi_other", "re_1", 1000, SUCCEEDED)
    processor.dispute("pi_other", "dp_1", 1000, OPENED)
    await any_billing.told_about("evt_1", payment_id="pi_other")
    await any_billing.told_about("evt_2", dispute_id="dp_1")
    with capture_logs() as lines:
        assert await any_billing.process_all() == [WebhookState.IGNORED] * 2
    assert [line["payment_id"] for line in lines] == ["pi_other"] * 2
    assert [await any_billing.refund("pi_other"), await any_billing.dispute("dp_1")] == [False, False]
    assert await any_billing.money_back() == []
    assert await any_billing.purchases() == [purchase]


async def test_a_silent_processor_changes_nothing(any_billing: BillingUnderTest) -> None:
    """Both are tried again later, and then told."""
    purchase = await any_billing.bought()
    any_billing.processor.refund(purchase.payment_id, "re_1", 300, SUCCEEDED)
    any_billing.processor.dispute(purchase.payment_id, "dp_1", 700, OPENED)
    any_billing.processor.answers = False
    for about in (any_billing.refund(purchase.payment_id), any_billing.dispute("dp_1")):
        with pytest.raises(PaymentProcessorUnavailable):
            await about
    assert await any_billing.purchases() == [purchase]
    assert await any_billing.money_back() == []


async def test_a_purchase_says_where_its_money_is(any_billing: BillingUnderTest) -> None:
    """Paid, refunded in part and whole, disputed, charged back; a dispute that is won changes nothing."""
    purchase = await any_billing.bought()
    payment, processor = purchase.payment_id, any_billing.processor

    async def standing() -> tuple[str, int, int, int]:
        (one,) = await any_billing.standings()
        assert [one] == [each async for each in any_billing.reader.settled_payments()]
        return (one.status, one.purchase.refunded_minor, one.disputed_minor, one.taken_back_credits)

    assert await standing() == ("paid", 0, 0, 0)
    processor.dispute(payment, "dp_1", 400, OPENED)
    await any_billing.dispute("dp_1")
    assert await standing() == ("disputed", 0, 400, 400)
    processor.dispute(payment, "dp_1", 400, WON)
    await any_billing.dispute("dp_1")
    assert await standing() == ("paid", 0, 0, 0)
    processor.refund(payment, "re_1", 300, SUCCEEDED)
    await any_billing.refund(payment)
    assert await standing() == ("partially_refunded", 300, 0, 300)
    processor.refund(payment, "re_2", 700, SUCCEEDED)
    await any_billing.refund(payment)
    assert await standing() == ("refunded", 1000, 0, 1000)
    processor.dispute(payment, "dp_2", 800, LOST)
    await any_billing.dispute("dp_2")
    assert await standing() == ("charged_back", 1000, 800, 1000)
    await any_billing.facts.expect(
        ("PaymentDisputed", "dp_1", 400, 400),
        ("PaymentDisputed", "dp_1", 400, 400),
        ("PaymentRefunded", payment, 300, 300),
        ("PaymentRefunded", payment, 1000, 1000),
        ("PaymentDisputed", "dp_2", 800, 800),
    )


async def test_every_purchase_is_streamed_with_its_own_disputes(
    any_billing: BillingUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many batches it takes."""
    monkeypatch.setattr(billing_reader, "_STREAM_ROWS", 2)
    expected = {}
    for number in range(5):
        payment = (await any_billing.bought(f"usr_{number}")).payment_id
        for dispute_id in [f"dp_{number}_{one}" for one in range(number)]:
            any_billing.processor.dispute(payment, dispute_id, 100, LOST)
            await any_billing.dispute(dispute_id)
            await any_billing.facts.expect(("PaymentDisputed", dispute_id, 100, 100))
        expected[payment] = [f"dp_{number}_{one}" for one in range(number)]
    streamed = [one async for one in any_billing.reader.settled_payments()]
    assert {
        one.purchase.payment_id: [each.dispute_id for each in one.disputes] for one in streamed
    } == expected
