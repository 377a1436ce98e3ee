"""Who is about to be erased pays for nothing more; who stays after all has what ran before."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from billing.application.carry_on_departures import LEASE, LOOK_AGAIN, PAUSE
from billing.application.change_subscription import ChangeSubscription
from billing.application.hear_departure import HearDeparture
from billing.application.open_portal import OpenPortal
from billing.domain.auto_top_up import ChargeStatus
from billing.domain.departure import Departure
from billing.domain.errors import AccountLeaving, PaymentProcessorUnavailable
from billing.domain.identifiers import PlanId, RequestId, UserId
from billing.domain.standing import BillingInterval, SubscriptionStatus
from billing.domain.subscription import PaidTerms
from billing_support import ORIGIN, BillingUnderTest, order, plan_order
from paid_plan_world import ADA, BEGAN, FEBRUARY, buy, come, subscribed
from top_up_world import USER, Account

EVE = UserId("usr_eve")
ERASED_FROM = BEGAN + timedelta(days=14)
_ASKED = RequestId("asked")


@pytest.fixture(autouse=True)
async def facts(any_billing: BillingUnderTest) -> AsyncIterator[None]:
    """What plans tell is the matter of other tests."""
    yield
    await any_billing.facts.pass_over()


def leaves(revision: int = 1, user_id: UserId = ADA) -> HearDeparture:
    """What identity says when somebody wants to be erased."""
    return HearDeparture(user_id=user_id, revision=revision, erased_from=ERASED_FROM)


def stays(revision: int = 2, user_id: UserId = ADA) -> HearDeparture:
    """What it says when they take that back."""
    return HearDeparture(user_id=user_id, revision=revision, erased_from=None)


async def known(billing: BillingUnderTest, user_id: UserId = ADA) -> Departure:
    """What is written down."""
    async with billing.units.of(user_id) as work:
        found = await work.departure(user_id)
    assert found is not None
    return found


async def paid(billing: BillingUnderTest) -> PaidTerms:
    """How the plan stands, as it is told here; the processor says the same."""
    live = await billing.reader.subscription(ADA)
    assert live is not None
    assert live.paid is not None
    assert billing.processor.subscriptions[live.paid.processor_id].terms == live.paid
    return live.paid


async def test_a_paid_plan_ends_with_its_period_and_nothing_is_charged(any_billing: BillingUnderTest) -> None:
    """What is paid for stays until then, and the next month never comes."""
    await subscribed(any_billing)
    charged = len(any_billing.processor.invoices)
    assert await any_billing.hear_departure(leaves())
    assert await any_billing.carry_on_departures() == 1
    terms = await paid(any_billing)
    assert (terms.status, terms.cancels_at) == (SubscriptionStatus.ACTIVE, terms.period_end)
    await come(any_billing, FEBRUARY + timedelta(days=1))
    assert len(any_billing.processor.invoices) == charged
    # Who pays for nothing has the plan that everybody has.
    live = await any_billing.reader.subscription(ADA)
    assert live is not None
    assert live.paid is None


async def test_who_stays_has_the_plan_as_it_ran(any_billing: BillingUnderTest) -> None:
    """It is renewed again, and what is done a second time changes nothing."""
    await subscribed(any_billing)
    before = await paid(any_billing)
    await any_billing.hear_departure(leaves())
    await any_billing.carry_on_departures()
    assert await any_billing.hear_departure(stays())
    assert [await any_billing.carry_on_departures() for _ in range(2)] == [1, 0]
    assert await paid(any_billing) == before
    assert (await known(any_billing)).set_to_end is None


async def test_what_ended_before_ends_still(any_billing: BillingUnderTest) -> None:
    """Its owner wanted that, and staying says nothing of it."""
    await subscribed(any_billing)
    await any_billing.cancel_plan(ADA, request_id=_ASKED)
    for told in (leaves(), stays()):
        await any_billing.hear_departure(told)
        await any_billing.carry_on_departures()
    assert (await paid(any_billing)).cancels_at is not None


@pytest.mark.parametrize("when", ["before it is looked at", "afterwards"])
async def test_what_its_owner_ends_while_leaving_ends_still(any_billing: BillingUnderTest, when: str) -> None:
    """A plan that ends because they leave, and that they end themselves, is not begun again."""
    await subscribed(any_billing)
    await any_billing.hear_departure(leaves())
    if when == "afterwards":
        await any_billing.carry_on_departures()
    await any_billing.cancel_plan(ADA, request_id=_ASKED)
    await any_billing.carry_on_departures()
    await any_billing.hear_departure(stays())
    await any_billing.carry_on_departures()
    assert (await paid(any_billing)).cancels_at is not None


async def test_what_was_paused_or_to_become_another_is_not_begun_again(any_billing: BillingUnderTest) -> None:
    """Set back it would cost what nobody agreed to: it ends, and its owner chooses."""
    billing = any_billing
    plan = await subscribed(billing, "business")
    assert plan.paid is not None
    await billing.change_plan(
        ChangeSubscription(
            user_id=ADA, plan_id=PlanId("pro"), interval=BillingInterval.MONTH, request_id=_ASKED
        )
    )
    assert (await paid(billing)).change is not None
    for told in (leaves(), stays()):
        await billing.hear_departure(told)
        await billing.carry_on_departures()
    assert (await paid(billing)).cancels_at is not None
    await billing.resume_plan(ADA, request_id=_ASKED)
    billing.processor.pause(plan.paid.processor_id)
    for told in (leaves(3), stays(4)):
        await billing.hear_departure(told)
        await billing.carry_on_departures()
    terms = await paid(billing)
    assert (terms.status, terms.cancels_at is None) == (SubscriptionStatus.PAUSED, False)


@pytest.mark.parametrize("told", [*itertools.permutations([leaves(1), stays(2), leaves(3)])])
async def test_the_newest_counts_in_whatever_order_they_come(
    any_billing: BillingUnderTest, told: tuple[HearDeparture, ...]
) -> None:
    """Each twice, with a look after each: in the end the account leaves."""
    await subscribed(any_billing)
    for fact in (*told, *told):
        await any_billing.hear_departure(fact)
        await any_billing.carry_on_departures()
    assert (await known(any_billing)).revision == 3
    assert (await paid(any_billing)).cancels_at is not None
    await any_billing.hear_departure(stays(4))
    await any_billing.carry_on_departures()
    assert (await paid(any_billing)).cancels_at is None


async def test_what_is_heard_again_is_no_news(any_billing: BillingUnderTest) -> None:
    """Neither the same, nor what is older: nothing is due."""
    await any_billing.hear_departure(leaves(3))
    await any_billing.carry_on_departures()
    before = await known(any_billing)
    for old in (leaves(3), stays(2), leaves(1)):
        assert not await any_billing.hear_departure(old)
    assert await known(any_billing) == before
    assert await any_billing.carry_on_departures() == 0


@pytest.mark.parametrize("call", ["cancel_later", "keep"])
@pytest.mark.parametrize("dies", ["before", "after"])
async def test_a_crash_around_the_processors_answer_goes_on(
    any_billing: BillingUnderTest, monkeypatch: pytest.MonkeyPatch, call: str, dies: str
) -> None:
    """Whether it was asked or not: the next round ends the plan, or sets it back."""
    billing = any_billing
    await subscribed(billing)
    await billing.hear_departure(leaves())
    if call == "keep":
        await billing.carry_on_departures()
        await billing.hear_departure(stays())
    asked = getattr(billing.processor, call)

    async def killed(*args: Any, **named: Any) -> None:
        if dies == "after":
            await asked(*args, **named)
        raise KeyboardInterrupt

    monkeypatch.setattr(billing.processor, call, killed)
    with pytest.raises(KeyboardInterrupt):
        await billing.carry_on_departures()
    monkeypatch.undo()
    assert await billing.carry_on_departures() == 0
    billing.clock.advance(LEASE.total_seconds())
    assert await billing.carry_on_departures() == 1
    assert ((await paid(billing)).cancels_at is None) is (call == "keep")
    if call == "cancel_later":
        await billing.hear_departure(stays())
        await billing.carry_on_departures()
        assert (await paid(billing)).cancels_at is None


async def test_an_outage_of_the_processor_only_delays_it(any_billing: BillingUnderTest) -> None:
    """Both ways, and what is another's goes on meanwhile."""
    billing = any_billing
    await subscribed(billing)
    for told, ends in ((leaves(), True), (stays(), False)):
        await billing.hear_departure(told)
        billing.processor.failure = PaymentProcessorUnavailable("away")
        await billing.hear_departure(replace(told, user_id=EVE))
        assert await billing.carry_on_departures() == 2
        assert (await known(billing, EVE)).due_at == (await known(billing, EVE)).looked_at(
            billing.clock.now() + LOOK_AGAIN
        ).due_at
        billing.processor.failure = None
        assert ((await paid(billing)).cancels_at is None) is ends
        billing.clock.advance(PAUSE.total_seconds())
        assert await billing.carry_on_departures() == 1
        assert ((await paid(billing)).cancels_at is None) is not ends


async def test_who_stays_while_the_plan_is_being_ended_keeps_it(
    any_billing: BillingUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Heard while the processor is asked: nobody else takes the account, and the next round sets it back."""
    billing = any_billing
    await subscribed(billing)
    await billing.hear_departure(leaves())
    ask = billing.processor.cancel_later

    async def meanwhile(*args: Any, **named: Any) -> None:
        await billing.hear_departure(stays())
        assert await billing.carry_on_departures() == 0
        await ask(*args, **named)

    monkeypatch.setattr(billing.processor, "cancel_later", meanwhile)
    await billing.carry_on_departures()
    monkeypatch.undo()
    assert (await paid(billing)).cancels_at is not None
    assert await billing.carry_on_departures() == 1
    assert (await paid(billing)).cancels_at is None


async def test_what_is_taken_up_on_the_processors_pages_is_ended_again(any_billing: BillingUnderTest) -> None:
    """Its own page lets a plan go on, and one that was opened before can be paid: within the hour it ends."""
    billing = any_billing
    billing.clock.time = BEGAN
    page = (await billing.create(plan_order(ADA))).checkout
    await billing.hear_departure(leaves())
    await billing.carry_on_departures()
    billing.processor.pay(page.page_id)
    billing.clock.advance(5)
    await billing.follow(ADA, page.checkout_id)
    for _ in range(2):
        terms = await paid(billing)
        assert terms.cancels_at is None
        billing.clock.advance(LOOK_AGAIN.total_seconds())
        assert await billing.carry_on_departures() == 1
        assert (await paid(billing)).cancels_at is not None
        await billing.processor.keep(terms.processor_id, request_id=_ASKED)
        await billing.settle_plan(terms.processor_id)


async def test_nothing_is_sold_or_taken_up_until_they_stay(any_billing: BillingUnderTest) -> None:
    """Refused here, whatever the gateway let pass: nothing is written, and the processor is not asked."""
    billing = any_billing
    await subscribed(billing)
    key = await billing.create(order(ADA, key="before"))
    await billing.hear_departure(leaves())
    await billing.carry_on_departures()
    before = await paid(billing)
    billing.processor.failure = AssertionError("the processor was asked")
    change = ChangeSubscription(
        user_id=ADA, plan_id=PlanId("business"), interval=BillingInterval.MONTH, request_id=_ASKED
    )
    for refused in (
        billing.create(order(ADA)),
        billing.create(order(ADA, key="before")),
        billing.create(plan_order(ADA, "business")),
        billing.change_plan(change),
        billing.resume_plan(ADA, request_id=_ASKED),
        Account(billing, user_id=ADA).want(),
    ):
        with pytest.raises(AccountLeaving, match="14 February 2026"):
            await refused
    billing.processor.failure = None
    assert await paid(billing) == before
    await billing.create(order(EVE))
    await billing.hear_departure(stays())
    await billing.carry_on_departures()
    assert (await billing.create(order(ADA, key="before"))).checkout == key.checkout
    await billing.change_plan(change)


async def test_what_costs_nothing_goes_on(any_billing: BillingUnderTest) -> None:
    """A plan may be ended, auto top-up turned off, and the processor's page opened: without other plans."""
    billing = any_billing
    await subscribed(billing)
    account = Account(billing, user_id=ADA)
    await account.keep_card()
    await account.want()
    await billing.hear_departure(leaves())
    await account.want(is_on=False)
    await billing.cancel_plan(ADA, request_id=_ASKED)
    portal = OpenPortal(user_id=ADA, email="ada@example.com", return_url=ORIGIN, request_id=_ASKED)
    offered = list[int]()
    opening = billing.processor.open_portal

    async def counted(*args: Any, plans: Any, **named: Any) -> str:
        offered.append(len(plans))
        return await opening(*args, plans=plans, **named)

    billing.processor.open_portal = counted  # type: ignore[method-assign]
    await billing.open_portal(portal)
    await billing.hear_departure(stays())
    await billing.open_portal(portal)
    assert offered[0] == 0 < offered[1]


async def test_no_pack_is_bought_by_itself_until_they_stay(any_billing: BillingUnderTest) -> None:
    """However often the balance falls; then it is bought at once, and once."""
    billing, user = any_billing, UserId(USER)
    account = Account(billing)
    await account.keep_card()
    await account.want()
    await billing.hear_departure(leaves(1, user))
    for available in (50, 40):
        await account.falls_to(available)
        await billing.run_top_ups()
    assert await account.bought() == []
    await billing.hear_departure(stays(2, user))
    assert [await billing.run_top_ups() for _ in range(2)] == [1, 0]
    assert len(await account.bought()) == 1


async def test_what_was_due_when_they_left_is_not_bought(any_billing: BillingUnderTest) -> None:
    """Written down as due a moment before; nothing is due until they stay."""
    billing, user = any_billing, UserId(USER)
    account = Account(billing)
    await account.keep_card()
    await account.want()
    await account.falls_to(50)
    await billing.hear_departure(leaves(1, user))
    assert [await billing.run_top_ups() for _ in range(2)] == [1, 0]
    assert await account.bought() == []
    await billing.hear_departure(stays(2, user))
    await billing.run_top_ups()
    assert len(await account.bought()) == 1


async def test_what_was_in_flight_is_charged_no_more_while_they_leave(
    any_billing: BillingUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer was lost: who leaves is not charged anew, and is asked about once they stay."""
    billing, user = any_billing, UserId(USER)
    account = Account(billing)
    await account.keep_card(ChargeStatus.PROCESSING)
    await account.want()
    await account.falls_to(50)
    await billing.run_top_ups()
    charge, asked = billing.processor.charge_saved_method, list[str]()

    async def counted(*args: Any, **named: Any) -> Any:
        asked.append("charged")
        return await charge(*args, **named)

    monkeypatch.setattr(billing.processor, "charge_saved_method", counted)
    await billing.hear_departure(leaves(1, user))
    for _ in range(2):
        billing.clock.advance(3_600)
        await billing.run_top_ups()
    assert asked == []
    assert (await account.standing()).in_flight is not None
    await billing.hear_departure(stays(2, user))
    await billing.run_top_ups()
    assert asked == ["charged"]


async def test_nothing_is_left_of_it_once_they_are_erased(any_billing: BillingUnderTest) -> None:
    """The plan ends at once, as ever, and what is heard afterwards is no news."""
    billing = any_billing
    plan = await subscribed(billing)
    await billing.hear_departure(leaves())
    await billing.carry_on_departures()
    await billing.begin_erasure(ADA)
    assert await billing.carry_on_erasures() == 1
    assert plan.paid is not None
    assert billing.processor.subscriptions[plan.paid.processor_id].ended_at is not None
    assert not await billing.hear_departure(stays())
    async with billing.units.of(ADA) as work:
        assert await work.departure(ADA) is None
    assert await billing.carry_on_departures() == 0


async def test_free_credits_come_all_the_same(any_billing: BillingUnderTest) -> None:
    """Nobody pays for them."""
    billing = any_billing
    await subscribed(billing)
    await billing.hear_departure(leaves())
    await billing.carry_on_departures()
    await come(billing, FEBRUARY + timedelta(days=1))
    told = [fact for fact in await billing.told_facts() if fact[0] == "SubscriptionRenewed"]
    assert len(told) == 2


async def test_who_bought_nothing_has_nothing_asked(any_billing: BillingUnderTest) -> None:
    """No customer, no plan: it is written down, and the processor hears nothing."""
    any_billing.processor.failure = PaymentProcessorUnavailable("away")
    await any_billing.hear_departure(leaves())
    await any_billing.carry_on_departures()
    assert (await known(any_billing)).set_to_end is None
    any_billing.processor.failure = None
    with pytest.raises(AccountLeaving):
        await buy(any_billing)
