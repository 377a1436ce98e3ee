"""Packs that are bought by themselves: when they are, once each, and never more than was asked for."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from billing.application.set_auto_top_up import SetAutoTopUp
from billing.domain.auto_top_up import AutoTopUpStatus, ChargeStatus, StopReason
from billing.domain.checkout import CheckoutStatus, PaymentStatus
from billing.domain.errors import (
    InvalidField,
    NoPaymentMethod,
    PaymentProcessorMisconfigured,
    PaymentProcessorRefused,
    PaymentProcessorUnavailable,
    UnknownPack,
)
from billing_support import TOP_UP_RETRY, BillingUnderTest, completed
from top_up_world import USER, Account


async def ready(
    billing: BillingUnderTest, *, bank: ChargeStatus = ChargeStatus.PAID, most: int = 3
) -> Account:
    """An account with a card that wants a pack below 100 credits."""
    account = Account(billing)
    await account.keep_card(bank)
    await account.want(most=most)
    return account


async def test_a_fall_below_the_threshold_buys_one_pack(any_billing: BillingUnderTest) -> None:
    """Not at the threshold, and once below it; the purchase is one like any other."""
    account = await ready(any_billing)
    await account.falls_to(100)
    assert await any_billing.run_top_ups() == 0
    await account.falls_to(99)
    assert await any_billing.run_top_ups() == 1
    (bought,) = await account.bought()
    assert (bought.credits, bought.amount_minor, bought.currency) == (1_000, 1_000, "usd")
    await any_billing.facts.expect(completed(bought))
    checkout = await any_billing.follow(USER, bought.checkout_id)
    assert (checkout.status, checkout.payment_status) == (CheckoutStatus.COMPLETE, PaymentStatus.PAID)
    assert checkout.purchase_id == bought.purchase_id


async def test_nothing_is_bought_before_the_credits_are_in_the_balance(any_billing: BillingUnderTest) -> None:
    """However often the low balance is told meanwhile, and for how long; then the next fall buys again."""
    account = await ready(any_billing)
    await account.falls_to(50)
    await any_billing.run_top_ups()
    for available in (40, 30, 20):
        await account.falls_to(available)
        any_billing.clock.advance(timedelta(days=1))
        assert await any_billing.run_top_ups() == 0
    assert (await account.view()).standing is not None
    assert (await account.standing()).is_paid
    await account.credits_arrive()
    assert (await account.standing()).in_flight is None
    await any_billing.run_top_ups()
    assert len(await account.bought()) == 1
    await account.falls_to(10)
    await any_billing.run_top_ups()
    assert len(await account.bought()) == 2
    await any_billing.facts.pass_over()


async def test_credits_that_pay_a_debt_first_leave_it_low(any_billing: BillingUnderTest) -> None:
    """The balance that shows the purchase decides: still low, the next one is due."""
    account = await ready(any_billing)
    await account.falls_to(0)
    await any_billing.run_top_ups()
    (first,) = await account.bought()
    await any_billing.hear(account.moves_to(30, payment_id=first.payment_id))
    await any_billing.run_top_ups()
    assert len(await account.bought()) == 2
    await any_billing.facts.pass_over()


async def test_the_months_bound_holds_and_ends_with_the_month(any_billing: BillingUnderTest) -> None:
    """Of calendar months, UTC: with nothing told at its turn, the next one begins by itself."""
    any_billing.clock.time = datetime(2026, 1, 30, 12, tzinfo=UTC)
    account = await ready(any_billing, most=2)
    for _ in range(5):
        await account.falls_to(10)
        await any_billing.run_top_ups()
        await account.credits_arrive()
    await account.falls_to(10)
    assert len(await account.bought()) == 2
    any_billing.clock.time = datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC)
    await any_billing.run_top_ups()
    assert len(await account.bought()) == 2
    any_billing.clock.time = datetime(2026, 2, 1, tzinfo=UTC)
    await any_billing.run_top_ups()
    assert len(await account.bought()) == 3
    view = (await account.view()).standing
    assert view is not None
    assert view.purchases == 1
    await any_billing.facts.pass_over()


async def test_a_refused_card_is_tried_twice_and_then_left_alone(any_billing: BillingUnderTest) -> None:
    """An hour apart, whatever is told in between; then its owner hears why, and nothing is tried for good."""
    account = await ready(any_billing, bank=ChargeStatus.REFUSED)
    attempts = any_billing.processor.attempts
    await account.falls_to(50)
    await any_billing.run_top_ups()
    assert (await account.standing()).status is AutoTopUpStatus.ACTIVE
    any_billing.clock.advance(TOP_UP_RETRY - timedelta(seconds=1))
    await account.falls_to(40)
    await any_billing.run_top_ups()
    assert len(attempts) == 1
    any_billing.clock.advance(timedelta(seconds=1))
    await any_billing.run_top_ups()
    assert len(set(attempts)) == 2
    await any_billing.facts.expect(
        ("AutoTopUpStopped", USER, "AUTO_TOP_UP_STOP_REASON_PAYMENT_REFUSED"),
    )
    stopped = await account.standing()
    assert (stopped.status, stopped.reason) == (
        AutoTopUpStatus.PAUSED_BY_FAILURE,
        StopReason.PAYMENT_REFUSED,
    )
    for day in range(40):
        await account.falls_to(30 - day % 2)
        any_billing.clock.advance(timedelta(days=1))
        assert await any_billing.run_top_ups() == 0
    assert len(attempts) == 2
    assert await account.bought() == []
    await account.keep_card()
    await account.want()
    await any_billing.run_top_ups()
    assert len(await account.bought()) == 1
    await any_billing.facts.pass_over()


async def test_a_success_forgets_the_refusal_before_it(any_billing: BillingUnderTest) -> None:
    """Two in a row stop it, not two in all."""
    account = await ready(any_billing, bank=ChargeStatus.REFUSED)
    for bank in (ChargeStatus.REFUSED, ChargeStatus.PAID) * 2:
        await account.keep_card(bank)
        await account.falls_to(50)
        any_billing.clock.advance(TOP_UP_RETRY)
        await any_billing.run_top_ups()
        await account.credits_arrive()
    assert (await account.standing()).status is AutoTopUpStatus.ACTIVE
    assert len(await account.bought()) == 2
    await any_billing.facts.pass_over()


async def test_what_the_bank_asks_is_answered_on_a_page(any_billing: BillingUnderTest) -> None:
    """It stops at once, and the page is the same top-up's: paid there, it goes on by itself."""
    account = await ready(any_billing, bank=ChargeStatus.NEEDS_AUTHENTICATION)
    await account.falls_to(50)
    await any_billing.run_top_ups()
    await any_billing.facts.expect(
        ("AutoTopUpStopped", USER, "AUTO_TOP_UP_STOP_REASON_AUTHENTICATION_REQUIRED"),
    )
    view = (await account.view()).standing
    assert view is not None
    assert view.auto_top_up.status is AutoTopUpStatus.NEEDS_AUTHENTICATION
    assert view.url is not None
    assert view.purchases == 0
    await account.falls_to(40)
    assert await any_billing.run_top_ups() == 0
    page_id = view.url.rpartition("/")[2]
    any_billing.processor.pay(page_id)
    await any_billing.settle(page_id)
    (bought,) = await account.bought()
    await any_billing.facts.expect(completed(bought))
    await account.credits_arrive()
    assert (await account.standing()).status is AutoTopUpStatus.ACTIVE
    shown = (await account.view()).standing
    assert shown is not None
    assert (shown.url, shown.auto_top_up.reason) == (None, None)


@pytest.mark.parametrize(
    "failure", [PaymentProcessorUnavailable("away"), PaymentProcessorMisconfigured("us")]
)
async def test_an_outage_is_no_refusal(any_billing: BillingUnderTest, failure: Exception) -> None:
    """The same top-up is asked for again until it is answered; nobody is told anything."""
    account = await ready(any_billing)
    await account.falls_to(50)
    any_billing.processor.failure = failure
    for _ in range(5):
        await any_billing.run_top_ups()
        any_billing.clock.advance(timedelta(minutes=5))
    (begun,) = {(await account.standing()).in_flight}
    any_billing.processor.failure = None
    await any_billing.run_top_ups()
    (bought,) = await account.bought()
    assert bought.checkout_id == begun
    await any_billing.facts.expect(completed(bought))


async def test_an_answer_that_was_lost_is_found_and_not_paid_twice(any_billing: BillingUnderTest) -> None:
    """The bank paid and we died before we wrote it down: the next look finds that payment."""
    account = await ready(any_billing)
    await account.falls_to(50)
    asked = any_billing.processor.charge_saved_method

    class Lost(Exception):
        pass

    class Dying:
        def __getattr__(self, name: str) -> object:
            return getattr(any_billing.processor, name)

        async def charge_saved_method(self, checkout: object, *, customer_id: object) -> None:
            await asked(checkout, customer_id=customer_id)  # type: ignore[arg-type]
            raise Lost

    with pytest.raises(Lost):
        await replace(any_billing.buy_top_up, processor=Dying())(USER)  # type: ignore[arg-type]
    assert await account.bought() == []
    await any_billing.run_top_ups()
    assert await account.bought() == []
    any_billing.clock.advance(timedelta(minutes=2))
    await any_billing.run_top_ups()
    (bought,) = await account.bought()
    assert len(any_billing.processor.attempts) == 1
    await any_billing.facts.expect(completed(bought))


async def test_money_that_takes_days_is_waited_for(any_billing: BillingUnderTest) -> None:
    """Nothing else is bought meanwhile."""
    account = await ready(any_billing, bank=ChargeStatus.PROCESSING)
    await account.falls_to(50)
    for _ in range(3):
        await any_billing.run_top_ups()
        any_billing.clock.advance(timedelta(hours=1))
    (attempt,) = any_billing.processor.attempts
    assert await account.bought() == []
    any_billing.processor.arrive(attempt)
    await any_billing.run_top_ups()
    (bought,) = await account.bought()
    await any_billing.facts.expect(completed(bought))


async def test_old_and_repeated_facts_change_nothing(any_billing: BillingUnderTest) -> None:
    """A low balance that is older than a high one is over; the grant's fact counts once, and late too."""
    account = await ready(any_billing)
    low, high = account.moves_to(10), account.moves_to(500)
    assert await any_billing.hear(high)
    assert not await any_billing.hear(low)
    assert not await any_billing.hear(high)
    assert await any_billing.run_top_ups() == 0
    await account.falls_to(50)
    await any_billing.run_top_ups()
    (bought,) = await account.bought()
    granted = account.moves_to(1_050, payment_id=bought.payment_id)
    spent = account.moves_to(700)
    await any_billing.hear(spent)
    assert (await account.standing()).in_flight is not None
    assert await any_billing.hear(granted)
    assert not await any_billing.hear(granted)
    stands = await account.standing()
    assert (stands.in_flight, stands.available) == (None, 700)
    await any_billing.facts.expect(completed(bought))


async def test_credits_of_another_payment_do_not_count_as_the_top_ups(any_billing: BillingUnderTest) -> None:
    """A pack that its owner buys on a page meanwhile ends no wait."""
    account = await ready(any_billing)
    await account.falls_to(50)
    await any_billing.run_top_ups()
    await any_billing.facts.pass_over()
    other = await any_billing.bought(USER)
    await any_billing.hear(account.moves_to(40, payment_id=other.payment_id))
    assert (await account.standing()).in_flight is not None
    assert await any_billing.run_top_ups() == 0


async def test_who_has_too_few_credits_already_is_topped_up_at_once(any_billing: BillingUnderTest) -> None:
    """With the balance that comes with the wish; without one it takes the next fact."""
    account = Account(any_billing, available=20, sequence=7)
    await account.keep_card()
    await account.want()
    assert await any_billing.run_top_ups() == 0
    await account.want(seen=True)
    await any_billing.run_top_ups()
    assert len(await account.bought()) == 1
    await any_billing.facts.pass_over()


async def test_turned_off_nothing_is_bought_but_what_was_begun_is_settled(
    any_billing: BillingUnderTest,
) -> None:
    """Money that moved is not forgotten."""
    account = await ready(any_billing)
    await account.falls_to(50)
    any_billing.processor.failure = PaymentProcessorUnavailable("away")
    await any_billing.run_top_ups()
    any_billing.processor.failure = None
    await account.want(is_on=False)
    any_billing.clock.advance(timedelta(minutes=1))
    await any_billing.run_top_ups()
    assert len(await account.bought()) == 1
    await account.credits_arrive()
    await account.falls_to(5)
    assert await any_billing.run_top_ups() == 0
    assert (await account.standing()).status is AutoTopUpStatus.OFF
    await any_billing.facts.pass_over()


async def test_turned_off_a_refusal_turns_nothing_into_a_stop(any_billing: BillingUnderTest) -> None:
    """Who turned it off is told nothing of what would have stopped it."""
    account = await ready(any_billing, bank=ChargeStatus.NEEDS_AUTHENTICATION)
    await account.falls_to(50)
    any_billing.processor.failure = PaymentProcessorUnavailable("away")
    await any_billing.run_top_ups()
    any_billing.processor.failure = None
    await account.want(is_on=False)
    any_billing.clock.advance(timedelta(minutes=1))
    await any_billing.run_top_ups()
    stands = await account.standing()
    assert (stands.status, stands.reason, stands.in_flight) == (AutoTopUpStatus.OFF, None, None)


async def test_without_anything_to_pay_with_it_stops(any_billing: BillingUnderTest) -> None:
    """A card that was taken away, and a customer whom the processor does not know."""
    account = await ready(any_billing)
    any_billing.processor.gone.add(await account.customer())
    await account.falls_to(50)
    await any_billing.run_top_ups()
    assert (await account.standing()).reason is StopReason.NO_PAYMENT_METHOD
    assert any_billing.processor.attempts == []
    await any_billing.facts.expect(
        ("AutoTopUpStopped", USER, "AUTO_TOP_UP_STOP_REASON_NO_PAYMENT_METHOD"),
    )


async def test_a_pack_that_is_not_sold_any_more_stops_it(any_billing: BillingUnderTest) -> None:
    """Nothing else is bought in its place."""
    account = await ready(any_billing)
    async with any_billing.units.of(USER) as work:
        known = await work.auto_top_up(USER)
        assert known is not None
        await work.save_auto_top_up(replace(known, pack_id="gone"))
    await account.falls_to(50)
    await any_billing.run_top_ups()
    assert (await account.standing()).reason is StopReason.PACK_NOT_ON_SALE
    await any_billing.facts.expect(("AutoTopUpStopped", USER, "AUTO_TOP_UP_STOP_REASON_PACK_NOT_ON_SALE"))


async def test_a_pack_that_was_withdrawn_stops_it(any_billing: BillingUnderTest) -> None:
    """It is not bought at the price that it had; at a new one that is lower it is."""
    account = await ready(any_billing)
    pack = any_billing.catalogue.packs[0]
    await any_billing.processor.publish(pack)
    any_billing.processor.reprice(pack.price_name, 900)
    await any_billing.refresh_prices()
    await account.falls_to(50)
    await any_billing.run_top_ups()
    assert [purchase.amount_minor for purchase in await account.bought()] == [900]
    await account.credits_arrive()
    any_billing.processor.archived.add(pack.price_name)
    await any_billing.refresh_prices()
    await account.falls_to(50)
    await any_billing.run_top_ups()
    assert (await account.standing()).reason is StopReason.PACK_NOT_ON_SALE
    assert len(any_billing.processor.attempts) == 1
    await any_billing.facts.expect(
        ("PaymentCompleted", "pi_top_up_1", 1000, 900),
        ("AutoTopUpStopped", USER, "AUTO_TOP_UP_STOP_REASON_PACK_NOT_ON_SALE"),
    )
    with pytest.raises(UnknownPack):
        await account.want()
    await account.want(is_on=False)


async def test_a_processor_that_refuses_the_request_counts_as_a_refusal(
    memory_billing: BillingUnderTest,
) -> None:
    """It is not asked for ever."""
    account = await ready(memory_billing)
    await account.falls_to(50)
    memory_billing.processor.failure = PaymentProcessorRefused("no")
    for _ in range(4):
        await memory_billing.run_top_ups()
        memory_billing.clock.advance(TOP_UP_RETRY)
    assert (await account.standing()).status is AutoTopUpStatus.PAUSED_BY_FAILURE
    await memory_billing.facts.pass_over()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"threshold_credits": 0}, InvalidField),
        ({"threshold_credits": 1_000_000_001}, InvalidField),
        ({"purchases_max": 0}, InvalidField),
        ({"purchases_max": 101}, InvalidField),
        ({"pack_id": "none"}, UnknownPack),
        ({}, NoPaymentMethod),
    ],
)
async def test_what_can_not_be_wanted_changes_nothing(
    any_billing: BillingUnderTest, changes: dict[str, object], error: type[Exception]
) -> None:
    """And without a card nothing can be on."""
    wanted = SetAutoTopUp(user_id=USER, is_on=True, threshold_credits=100, pack_id="starter", purchases_max=3)
    with pytest.raises(error):
        await any_billing.set_auto_top_up(replace(wanted, **changes))  # type: ignore[arg-type]
    assert (await Account(any_billing).view()).standing is None


async def test_what_is_paid_with_is_shown_where_it_can_be_told(any_billing: BillingUnderTest) -> None:
    """A processor that is away keeps back that alone; another user's is nobody's business."""
    account = await ready(any_billing)
    method = (await account.view()).method
    assert method is not None
    assert (method.brand, method.last4) == ("visa", "4242")
    stranger = await Account(any_billing, user_id="usr_2").view()
    assert (stranger.standing, stranger.method) == (None, None)
    any_billing.processor.answers = False
    view = await account.view()
    assert view.method is None
    assert view.standing is not None


async def test_however_many_look_at_once_one_buys(any_billing: BillingUnderTest) -> None:
    """Two facts, four sweepers and the use case itself, all at the same time."""
    account = await ready(any_billing, most=1)
    await asyncio.gather(*(any_billing.hear(account.moves_to(available)) for available in (50, 40)))
    await asyncio.gather(*(any_billing.run_top_ups() for _ in range(4)), any_billing.buy_top_up(USER))
    (bought,) = await account.bought()
    await any_billing.facts.expect(completed(bought))
    assert len(any_billing.processor.attempts) == 1
