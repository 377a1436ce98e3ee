"""What somebody reads who waits for their payment."""

import asyncio
from typing import Any

import pytest
from billing.application.follow_checkout import FollowCheckoutHandler
from billing.application.settle_checkout import SettleCheckoutHandler, SettledCheckout
from billing.domain.checkout import Checkout, CheckoutStatus, PaymentStatus
from billing.domain.errors import CheckoutNotFound, InvalidField, PaymentProcessorUnavailable
from billing_support import BillingUnderTest

COMPLETE = CheckoutStatus.COMPLETE


async def opened(billing: BillingUnderTest) -> tuple[str, str]:
    """Open a checkout; return its id and its session."""
    checkout = (await billing.open()).checkout
    return checkout.checkout_id, checkout.page_id or ""


async def look(billing: BillingUnderTest, checkout_id: str) -> Checkout:
    """Read the checkout after the pause between two questions."""
    billing.clock.advance(2)
    return await billing.follow("usr_1", checkout_id)


async def test_a_webhook_that_is_held_back_keeps_nobody_waiting(any_billing: BillingUnderTest) -> None:
    """The first look after paying sees it paid, with its purchase; the webhook then changes nothing."""
    checkout_id, session = await opened(any_billing)
    any_billing.processor.pay(session)
    seen = await any_billing.follow("usr_1", checkout_id)
    (purchase,) = await any_billing.purchases()
    assert (seen.status, seen.payment_status, seen.url) == (COMPLETE, PaymentStatus.PAID, None)
    assert seen.purchase_id == purchase.purchase_id
    await any_billing.told(session, event_id="evt_late")
    await any_billing.process_all()
    assert await any_billing.told_facts() == [("PaymentCompleted", "pi_1", 1000, 1000)]


async def test_a_bank_debit_that_fails_is_said_to_have_failed(any_billing: BillingUnderTest) -> None:
    """On its way first, failed in the end, for good: nobody asks any more, and nothing was bought."""
    checkout_id, session = await opened(any_billing)
    any_billing.processor.promise(session)
    assert (await look(any_billing, checkout_id)).payment_status is PaymentStatus.PROCESSING
    any_billing.processor.fail(session)
    seen = await look(any_billing, checkout_id)
    assert (seen.status, seen.payment_status, seen.purchase_id) == (COMPLETE, PaymentStatus.FAILED, None)
    asked = len(any_billing.processor.questions)
    any_billing.clock.advance(86_400)
    assert await any_billing.reconcile() == 0
    assert await look(any_billing, checkout_id) == seen
    assert len(any_billing.processor.questions) == asked
    assert await any_billing.told_facts() == []


async def test_money_that_arrives_after_it_had_failed_counts(any_billing: BillingUnderTest) -> None:
    """The processor's word is the last."""
    checkout_id, session = await opened(any_billing)
    any_billing.processor.promise(session)
    any_billing.processor.fail(session)
    await look(any_billing, checkout_id)
    any_billing.processor.pay(session)
    await any_billing.told(session, event_id="evt_1")
    await any_billing.process_all()
    assert await any_billing.told_facts() == [("PaymentCompleted", "pi_2", 1000, 1000)]


async def test_an_order_at_no_cost_is_granted_by_its_session(any_billing: BillingUnderTest) -> None:
    """Once, however often it is told; there is no payment to name it."""
    checkout_id, session = await opened(any_billing)
    any_billing.processor.order_at_no_cost(session)
    for _ in range(3):
        await any_billing.settle(session)
    seen = await look(any_billing, checkout_id)
    assert (seen.status, seen.payment_status) == (COMPLETE, PaymentStatus.NO_PAYMENT_REQUIRED)
    assert await any_billing.told_facts() == [("PaymentCompleted", session, 1000, 0)]


async def test_what_was_bought_counts(any_billing: BillingUnderTest) -> None:
    """Three of a pack are thrice its credits."""
    checkout_id, session = await opened(any_billing)
    any_billing.processor.pay(session, quantity=3)
    await look(any_billing, checkout_id)
    assert await any_billing.told_facts() == [("PaymentCompleted", "pi_1", 3000, 3000)]


async def test_many_who_look_are_one_question(any_billing: BillingUnderTest) -> None:
    """At one moment one is asked; after the pause one more."""
    checkout_id, _ = await opened(any_billing)
    for questions in (1, 2):
        await asyncio.gather(*(any_billing.follow("usr_1", checkout_id) for _ in range(8)))
        assert len(any_billing.processor.questions) == questions
        any_billing.clock.advance(2)


async def test_what_is_known_is_the_answer_while_nobody_can_be_asked(any_billing: BillingUnderTest) -> None:
    """The page stays open until the processor says otherwise."""
    checkout_id, session = await opened(any_billing)
    any_billing.processor.pay(session)
    any_billing.processor.answers = False
    seen = await look(any_billing, checkout_id)
    assert (seen.status, seen.payment_status) == (CheckoutStatus.OPEN, PaymentStatus.UNPAID)
    assert seen.url
    any_billing.processor.answers = True
    assert (await look(any_billing, checkout_id)).payment_status is PaymentStatus.PAID
    await any_billing.facts.expect(("PaymentCompleted", "pi_1", 1000, 1000))


class Silent(SettleCheckoutHandler):
    """A processor that never answers."""

    async def __call__(self, page_id: str) -> SettledCheckout | None:
        """Wait for ever."""
        await asyncio.Event().wait()
        raise PaymentProcessorUnavailable("never")


async def test_a_slow_processor_keeps_nobody_waiting(
    memory_billing: BillingUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past the patience what is known is the answer."""
    monkeypatch.setattr("billing.application.follow_checkout.PATIENCE_S", 0.01)
    checkout_id, _ = await opened(memory_billing)
    silent = Silent(
        memory_billing.units,
        memory_billing.processor,
        memory_billing.settle_plan,
        memory_billing.clock,
        memory_billing.ids,
    )
    follow = FollowCheckoutHandler(
        memory_billing.units, memory_billing.reader, silent, memory_billing.clock, ask_every_s=2
    )
    assert (await follow("usr_1", checkout_id)).status is CheckoutStatus.OPEN


async def test_nobody_asks_about_another_users_checkout(any_billing: BillingUnderTest) -> None:
    """It is not found, and the processor hears nothing."""
    checkout_id, _ = await opened(any_billing)
    with pytest.raises(CheckoutNotFound):
        await any_billing.follow("usr_2", checkout_id)
    assert any_billing.processor.questions == []


async def test_of_a_settled_checkout_nobody_asks(memory_billing: BillingUnderTest) -> None:
    """Neither the processor, nor does anybody write that it was asked."""
    checkout_id, session = await opened(memory_billing)
    memory_billing.processor.pay(session)
    settled = await memory_billing.follow("usr_1", checkout_id)
    await memory_billing.facts.expect(("PaymentCompleted", "pi_1", 1000, 1000))
    assert settled.asked_at == memory_billing.clock.now()
    assert len(memory_billing.processor.questions) == 1
    assert await look(memory_billing, checkout_id) == settled
    assert await memory_billing.follow.look_again(settled) == settled
    assert len(memory_billing.processor.questions) == 1


@pytest.mark.parametrize("field", ["user_id", "checkout_id"])
@pytest.mark.parametrize("value", ["", "x" * 256, "a\x00"])
async def test_what_no_id_can_be_is_refused_by_its_field(
    memory_billing: BillingUnderTest, field: str, value: str
) -> None:
    """Before anything is looked up."""
    asked: dict[str, Any] = {"user_id": "usr_1", "checkout_id": "chk_1", field: value}
    with pytest.raises(InvalidField) as refused:
        await memory_billing.follow(**asked)
    assert refused.value.field == field
