"""Refunds that somebody orders: once, never more than was paid, and whatever dies or is away meanwhile."""

import asyncio
from dataclasses import replace

import pytest
from billing.application.carry_on_refunds import CarryOnRefundsHandler
from billing.application.make_refund import RefundMaker
from billing.application.record_refund import RecordRefundHandler
from billing.application.refund_purchase import CARRIED_ON_AFTER, Refunded, RefundPurchase
from billing.domain.checkout import Purchase
from billing.domain.dispute import DisputeState
from billing.domain.errors import (
    IdempotencyKeyReused,
    InvalidField,
    NothingLeftToRefund,
    PaymentProcessorRefused,
    PaymentProcessorUnavailable,
    PurchaseNotFound,
)
from billing.domain.identifiers import DisputeId, PurchaseId, RefundId
from billing.domain.purchase_standing import PurchaseStatus
from billing.domain.refund import RefundStatus
from billing.domain.refund_order import RefundOrder, RefundOrderState
from billing_support import BillingUnderTest


async def refund(
    billing: BillingUnderTest,
    purchase: Purchase,
    amount_minor: int | None = None,
    *,
    key: str | None = None,
    reason: str = "bought twice",
    actor: str = "usr_admin",
) -> Refunded:
    """Order a refund as an administrator does."""
    return await billing.refund_purchase(
        RefundPurchase(
            purchase_id=purchase.purchase_id,
            amount_minor=amount_minor,
            reason=reason,
            actor=actor,
            idempotency_key=key,
        )
    )


async def orders(billing: BillingUnderTest, purchase: Purchase) -> list[RefundOrder]:
    """Every order of a purchase."""
    async with billing.units.of_system() as work:
        return list(await work.refund_orders(purchase.purchase_id))


def at_processor(billing: BillingUnderTest, purchase: Purchase) -> list[int]:
    """The amounts that the processor sent back."""
    return [refund.amount_minor for refund in billing.processor.payments[purchase.payment_id].refunds]


def refunded(purchase: Purchase, amount: int) -> tuple[object, ...]:
    """The fact that money went back, in short: a starter pack is a credit a cent."""
    return "PaymentRefunded", purchase.payment_id, amount, amount


def ordered(
    purchase: Purchase, amount: int, *, left: int = 1000, reason: str = "bought twice"
) -> tuple[object, ...]:
    """The fact that somebody had it refunded, in short."""
    return "RefundOrdered", purchase.purchase_id, amount, left, reason


async def test_a_part_then_the_rest(any_billing: BillingUnderTest) -> None:
    """No webhook comes: the answer has the money, the facts take the credits, the orders say who and why."""
    purchase = await any_billing.bought()
    first = await refund(any_billing, purchase, 300)
    assert (first.standing.status, first.standing.purchase.refunded_minor) == (
        PurchaseStatus.PARTIALLY_REFUNDED,
        300,
    )
    rest = await refund(any_billing, purchase, reason="and the rest")
    assert (rest.standing.status, rest.standing.purchase.refunded_minor) == (PurchaseStatus.REFUNDED, 1000)
    await any_billing.facts.expect(
        ordered(purchase, 300),
        refunded(purchase, 300),
        ordered(purchase, 700, left=700, reason="and the rest"),
        refunded(purchase, 1000),
    )
    told = [
        (order.asked_minor, order.amount_minor, order.reason, order.actor, order.state)
        for order in await orders(any_billing, purchase)
    ]
    assert told == [
        (300, 300, "bought twice", "usr_admin", RefundOrderState.MADE),
        (None, 700, "and the rest", "usr_admin", RefundOrderState.MADE),
    ]
    with pytest.raises(NothingLeftToRefund):
        await refund(any_billing, purchase)
    assert at_processor(any_billing, purchase) == [300, 700]
    # What the webhook says afterwards is nothing new.
    await any_billing.told_about("evt_1", payment_id=purchase.payment_id)
    await any_billing.process_all()


async def test_two_at_once_are_one_refund(any_billing: BillingUnderTest) -> None:
    """Of ten whole ones one is made, with a key of its own each; of ten with one key all are answered."""
    purchase = await any_billing.bought()
    asked = await asyncio.gather(*(refund(any_billing, purchase) for _ in range(10)), return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in asked) == ["NothingLeftToRefund"] * 9 + ["Refunded"]
    assert at_processor(any_billing, purchase) == [1000]
    await any_billing.facts.expect(ordered(purchase, 1000), refunded(purchase, 1000))
    other = await any_billing.bought("usr_2")
    answers = await asyncio.gather(*(refund(any_billing, other, 400, key="k1") for _ in range(10)))
    assert [answer.replayed for answer in answers].count(False) == 1
    assert at_processor(any_billing, other) == [400]
    await any_billing.facts.expect(ordered(other, 400), refunded(other, 400))


async def test_a_key_is_one_order(any_billing: BillingUnderTest) -> None:
    """The same again is the first answer; another amount or reason is refused, and changes nothing."""
    purchase = await any_billing.bought()
    first = await refund(any_billing, purchase, 300, key="k1")
    again = await refund(any_billing, purchase, 300, key="k1")
    assert (again.order, again.replayed) == (first.order, True)
    with pytest.raises(IdempotencyKeyReused):
        await refund(any_billing, purchase, 400, key="k1")
    with pytest.raises(IdempotencyKeyReused):
        await refund(any_billing, purchase, 300, key="k1", reason="another")
    assert at_processor(any_billing, purchase) == [300]
    await any_billing.facts.expect(ordered(purchase, 300), refunded(purchase, 300))


@pytest.mark.parametrize("amount_minor", [0, -1, 1001])
async def test_more_than_is_left_is_refused(any_billing: BillingUnderTest, amount_minor: int) -> None:
    """And so is nothing, or less: no order is stored and nobody is asked."""
    purchase = await any_billing.bought()
    with pytest.raises(InvalidField, match="amount_minor"):
        await refund(any_billing, purchase, amount_minor)
    assert await orders(any_billing, purchase) == []
    assert at_processor(any_billing, purchase) == []


async def test_who_and_why_are_required(memory_billing: BillingUnderTest) -> None:
    """In bounds: the processor keeps them, too."""
    purchase = await memory_billing.bought()
    for reason in ("", "x" * 201, "a\nb"):
        with pytest.raises(InvalidField, match="reason"):
            await refund(memory_billing, purchase, reason=reason)
    with pytest.raises(InvalidField, match="actor"):
        await memory_billing.refund_purchase(
            RefundPurchase(
                purchase_id=purchase.purchase_id,
                amount_minor=None,
                reason="x",
                actor="",
                idempotency_key=None,
            )
        )
    assert at_processor(memory_billing, purchase) == []


async def test_an_unknown_purchase_is_told_apart(any_billing: BillingUnderTest) -> None:
    """It is nobody's."""
    purchase = await any_billing.bought()
    with pytest.raises(PurchaseNotFound):
        await refund(any_billing, replace(purchase, purchase_id=PurchaseId("pay_other")))


async def test_what_cost_nothing_has_nothing_to_refund(any_billing: BillingUnderTest) -> None:
    """A coupon took everything off."""
    opened = await any_billing.open()
    page_id = opened.checkout.page_id
    assert page_id is not None
    any_billing.processor.order_at_no_cost(page_id)
    await any_billing.settle(page_id)
    (purchase,) = await any_billing.purchases()
    with pytest.raises(NothingLeftToRefund):
        await refund(any_billing, purchase)
    await any_billing.facts.pass_over()


async def test_a_disputed_payment_is_refused_by_the_processor(any_billing: BillingUnderTest) -> None:
    """With its reason, which the same key gets again; once the dispute is won another order is made."""
    purchase = await any_billing.bought()
    any_billing.processor.dispute(purchase.payment_id, DisputeId("dp_1"), 1000, DisputeState.OPENED)
    for _ in range(2):
        with pytest.raises(PaymentProcessorRefused, match="charged back"):
            await refund(any_billing, purchase, key="k1")
    assert [order.state for order in await orders(any_billing, purchase)] == [RefundOrderState.REFUSED]
    any_billing.processor.dispute(purchase.payment_id, DisputeId("dp_1"), 1000, DisputeState.WON)
    assert (await refund(any_billing, purchase, key="k2")).standing.status is PurchaseStatus.REFUNDED
    await any_billing.facts.expect(ordered(purchase, 1000), ordered(purchase, 1000), refunded(purchase, 1000))


async def test_a_refund_that_takes_days_counts_once_it_has_arrived(any_billing: BillingUnderTest) -> None:
    """Until then nothing of it is ordered twice; when it fails, it may be ordered again."""
    purchase = await any_billing.bought()
    any_billing.processor.refund_status = RefundStatus.PENDING
    pending = await refund(any_billing, purchase)
    assert pending.standing.status is PurchaseStatus.PAID
    with pytest.raises(NothingLeftToRefund):
        await refund(any_billing, purchase)
    assert pending.order.refund_id is not None
    any_billing.processor.refund(purchase.payment_id, pending.order.refund_id, 1000, RefundStatus.FAILED)
    await any_billing.refund(purchase.payment_id)
    any_billing.processor.refund_status = RefundStatus.SUCCEEDED
    assert (await refund(any_billing, purchase)).standing.status is PurchaseStatus.REFUNDED
    await any_billing.facts.expect(ordered(purchase, 1000), ordered(purchase, 1000), refunded(purchase, 1000))


async def test_what_was_refunded_elsewhere_is_not_refunded_again(any_billing: BillingUnderTest) -> None:
    """In the processor's dashboard, which nobody told us of yet: the processor refuses."""
    purchase = await any_billing.bought()
    any_billing.processor.refund(purchase.payment_id, RefundId("re_1"), 400, RefundStatus.SUCCEEDED)
    with pytest.raises(PaymentProcessorRefused):
        await refund(any_billing, purchase)
    await any_billing.refund(purchase.payment_id)
    assert (await refund(any_billing, purchase)).order.amount_minor == 600
    await any_billing.facts.expect(
        ordered(purchase, 1000),
        refunded(purchase, 400),
        ordered(purchase, 600, left=600),
        refunded(purchase, 1000),
    )


async def test_an_outage_leaves_an_order_that_is_carried_on(any_billing: BillingUnderTest) -> None:
    """By itself, once, after a while; meanwhile no second one is ordered."""
    purchase = await any_billing.bought()
    carry_on = CarryOnRefundsHandler(any_billing.units, any_billing.maker, any_billing.clock)
    any_billing.processor.answers = False
    with pytest.raises(PaymentProcessorUnavailable):
        await refund(any_billing, purchase)
    with pytest.raises(NothingLeftToRefund):
        await refund(any_billing, purchase)
    assert await carry_on() == 0
    any_billing.clock.advance(CARRIED_ON_AFTER.total_seconds())
    # Away still: the lease brings it back.
    assert await carry_on() == 1
    any_billing.processor.answers = True
    any_billing.clock.advance(CARRIED_ON_AFTER.total_seconds())
    assert [await carry_on(), await carry_on()] == [1, 0]
    assert at_processor(any_billing, purchase) == [1000]
    await any_billing.facts.expect(ordered(purchase, 1000), refunded(purchase, 1000))


async def test_a_key_is_whose_it_is(any_billing: BillingUnderTest) -> None:
    """Another administrator's order of the same key is another order, and never the answer to theirs."""
    purchase = await any_billing.bought()
    first = await refund(any_billing, purchase, 300, key="k1")
    second = await refund(any_billing, purchase, 300, key="k1", actor="usr_other")
    third = await refund(any_billing, purchase, 100, key="k1", actor="usr_third", reason="goodwill")
    assert [first.replayed, second.replayed, third.replayed] == [False] * 3
    assert (await refund(any_billing, purchase, 300, key="k1", actor="usr_other")).order == second.order
    assert sorted(at_processor(any_billing, purchase)) == [100, 300, 300]
    assert {order.actor for order in await orders(any_billing, purchase)} == {
        "usr_admin",
        "usr_other",
        "usr_third",
    }
    await any_billing.facts.pass_over()


async def test_a_crash_after_the_processor_answered_refunds_once(any_billing: BillingUnderTest) -> None:
    """The order stays open; whoever carries it on gets the same refund, and a webhook may come before."""
    purchase = await any_billing.bought()

    class Died(RefundMaker):
        async def _save(self, order: RefundOrder) -> None:
            raise SystemExit

    died = Died(any_billing.units, any_billing.processor, any_billing.refund)
    with pytest.raises(SystemExit):
        await replace(any_billing.refund_purchase, maker=died)(
            RefundPurchase(
                purchase_id=purchase.purchase_id,
                amount_minor=300,
                reason="bought twice",
                actor="usr_admin",
                idempotency_key="k1",
            )
        )
    await any_billing.told_about("evt_1", payment_id=purchase.payment_id)
    await any_billing.process_all()
    assert [order.state for order in await orders(any_billing, purchase)] == [RefundOrderState.OPEN]
    again = await refund(any_billing, purchase, 300, key="k1")
    assert (again.replayed, again.order.state) == (True, RefundOrderState.MADE)
    assert at_processor(any_billing, purchase) == [300]
    await any_billing.facts.expect(ordered(purchase, 300), refunded(purchase, 300))


async def test_a_refund_that_cant_be_recorded_now_was_made(any_billing: BillingUnderTest) -> None:
    """It is recorded when the processor's list is read."""
    purchase = await any_billing.bought()

    class Away(RecordRefundHandler):
        async def __call__(self, payment_id: object) -> bool:
            raise PaymentProcessorUnavailable("away")

    record = Away(any_billing.units, any_billing.processor, any_billing.clock)
    maker = RefundMaker(any_billing.units, any_billing.processor, record)
    made = await replace(any_billing.refund_purchase, maker=maker)(
        RefundPurchase(
            purchase_id=purchase.purchase_id,
            amount_minor=None,
            reason="bought twice",
            actor="usr_admin",
            idempotency_key=None,
        )
    )
    assert (made.order.state, made.standing.status) == (RefundOrderState.MADE, PurchaseStatus.PAID)
    with pytest.raises(NothingLeftToRefund):
        await refund(any_billing, purchase)
    await any_billing.refund(purchase.payment_id)
    await any_billing.facts.expect(ordered(purchase, 1000), refunded(purchase, 1000))


async def test_a_poisoned_order_stops_no_other(any_billing: BillingUnderTest) -> None:
    """Nor does one that the processor refuses."""
    purchases = [await any_billing.bought(f"usr_{number}") for number in range(3)]
    any_billing.processor.answers = False
    for purchase in purchases:
        with pytest.raises(PaymentProcessorUnavailable):
            await refund(any_billing, purchase)
    any_billing.processor.answers = True
    any_billing.processor.failures[purchases[0].payment_id] = RuntimeError("poison")
    any_billing.processor.failures[purchases[1].payment_id] = PaymentProcessorRefused("no")
    any_billing.clock.advance(CARRIED_ON_AFTER.total_seconds())
    assert await CarryOnRefundsHandler(any_billing.units, any_billing.maker, any_billing.clock)() == 3
    states = [(await orders(any_billing, purchase))[0].state for purchase in purchases]
    assert states == [RefundOrderState.OPEN, RefundOrderState.REFUSED, RefundOrderState.MADE]
    await any_billing.facts.expect(*(ordered(one, 1000) for one in purchases), refunded(purchases[2], 1000))
