"""Whatever is told, repeated, lost or killed, in whatever order: no more is bought than was asked for."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from billing.domain.auto_top_up import AutoTopUpStatus, ChargeStatus
from billing.domain.checkout import Checkout
from billing.domain.errors import PaymentProcessorUnavailable
from billing.domain.month import calendar_month
from billing_support import BillingUnderTest, billing_in_memory
from embedded.memory_only import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from top_up_world import USER, Account

MOST = 2
STEPS = st.sampled_from([
    "spend", "spend", "tell again", "tell an old one", "look", "look", "look three at once",
    "a minute passes", "an hour passes", "a week passes", "credits arrive", "credits arrive",
    "processor away", "processor back", "card refused", "card good", "card asks", "killed before the answer",
    "killed after the answer", "page paid", "balance corrected",
])  # fmt: skip


class Killed(Exception):
    """The process was killed."""


class Dying:
    """A processor that is the last thing that a process asks: before it hears the question, or after."""

    def __init__(self, billing: BillingUnderTest, *, is_heard: bool) -> None:
        self._processor, self._is_heard = billing.processor, is_heard

    def __getattr__(self, name: str) -> Any:
        return getattr(self._processor, name)

    async def charge_saved_method(self, checkout: Checkout, *, customer_id: str) -> None:
        """Die."""
        if self._is_heard:
            await self._processor.charge_saved_method(checkout, customer_id=customer_id)
        raise Killed


async def act(account: Account, step: str) -> None:
    """Do one thing that happens."""
    billing = account.billing
    bank = {
        "card refused": ChargeStatus.REFUSED,
        "card good": ChargeStatus.PAID,
        "card asks": ChargeStatus.NEEDS_AUTHENTICATION,
    }
    match step:
        case "spend":
            # All but a little at once: each look may find a reason to buy.
            await account.falls_to(min(40, max(account.available - 10, 0)))
        case "balance corrected":
            await account.falls_to(account.available + 5)
        case "tell again" | "tell an old one" if account.facts:
            await billing.hear(account.facts[-1] if step == "tell again" else account.facts[0])
        case "look":
            await billing.run_top_ups()
        case "look three at once":
            await asyncio.gather(*(billing.run_top_ups() for _ in range(3)), return_exceptions=True)
        case "a minute passes" | "an hour passes" | "a week passes":
            times = {"a minute": timedelta(minutes=1), "an hour": timedelta(hours=1), "a week": timedelta(7)}
            billing.clock.advance(times[step.removesuffix(" passes")])
        case "credits arrive":
            await account.credits_arrive()
        case "processor away":
            billing.processor.failure = PaymentProcessorUnavailable("away")
        case "processor back":
            billing.processor.failure = None
        case "page paid":
            await pay_page(billing)
        case "killed before the answer" | "killed after the answer":
            dying: Any = Dying(billing, is_heard=step.endswith("after the answer"))
            killed = replace(billing.buy_top_up, processor=dying)
            await asyncio.gather(killed(USER), return_exceptions=True)
        case _ if step in bank:
            billing.processor.keep_card(await _customer(billing), bank=bank[step])


async def _customer(billing: BillingUnderTest) -> Any:
    async with billing.units.of(USER) as work:
        return await work.customer_of(USER)


async def pay_page(billing: BillingUnderTest) -> None:
    """Its owner answers the bank, where a page is open for it."""
    view = await billing.reader.auto_top_up(USER, month=calendar_month(billing.clock.now()).start)
    if view is None or view.url is None or billing.processor.failure is not None:
        return
    page_id = view.url.rpartition("/")[2]
    billing.processor.pay(page_id)
    await billing.settle(page_id)


async def run(steps: list[str]) -> None:
    """Let it all happen, then everything that was begun come to its end, and count."""
    billing = billing_in_memory()
    billing.clock.time = datetime(2026, 1, 20, tzinfo=UTC)
    account = Account(billing, available=150)
    await account.keep_card()
    await account.want(most=MOST)
    by_hand = set[str]()
    for step in steps:
        known = {purchase.payment_id for purchase in await account.bought()}
        await act(account, step)
        if step == "page paid":
            by_hand |= {purchase.payment_id for purchase in await account.bought()} - known
        await check(account, by_hand)
    billing.processor.failure = None
    for _ in range(4):
        billing.clock.advance(timedelta(minutes=10))
        await billing.run_top_ups()
        await account.credits_arrive()
    await check(account, by_hand)
    await settled_is_told_once(account)


async def check(account: Account, by_hand: set[str]) -> None:
    """Never more than the bound of a month, one at a time, and no card tried a third time."""
    billing = account.billing
    bought = [one for one in await account.bought() if one.payment_id not in by_hand]
    months = [calendar_month(await _begun(billing, one.checkout_id)) for one in bought]
    assert all(months.count(month) <= MOST for month in months)
    standing = await account.standing()
    assert standing.refusals <= 2
    charges = [billing.processor.charges[attempt][1].status for attempt in billing.processor.attempts]
    in_a_row = 0
    for status in charges:
        in_a_row = in_a_row + 1 if status is ChargeStatus.REFUSED else 0
        # Nobody turns it on again here, but for who answers the bank on its page.
        assert in_a_row <= 2
    if standing.status is AutoTopUpStatus.PAUSED_BY_FAILURE:
        assert standing.due_at is None
    paid = [charge for charge in billing.processor.charges.values() if charge[1].status is ChargeStatus.PAID]
    # What the bank paid and nobody wrote down yet is the one in flight.
    unwritten = {checkout.checkout_id for checkout, _ in paid} - {one.checkout_id for one in bought}
    assert unwritten <= {standing.in_flight}


async def _begun(billing: BillingUnderTest, checkout_id: Any) -> datetime:
    async with billing.units.of(USER) as work:
        top_up = await work.top_up(checkout_id)
    assert top_up is not None
    return top_up.created_at


async def settled_is_told_once(account: Account) -> None:
    """Each payment is one purchase and one fact, and each is in the balance."""
    billing = account.billing
    bought = [one.payment_id for one in await account.bought()]
    assert len(set(bought)) == len(bought)
    told = [fact[1] for fact in await billing.told_facts() if fact[0] == "PaymentCompleted"]
    assert sorted(told) == sorted(bought)
    paid = {
        charge.payment_id
        for _, charge in billing.processor.charges.values()
        if charge.status is ChargeStatus.PAID
    }
    assert paid <= set(bought)


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(STEPS, max_size=40))
def test_no_sequence_buys_more_than_was_asked_for(steps: list[str]) -> None:
    """Facts in any order, repetitions, outages, kills, refusals and months."""
    asyncio.run(run(steps))


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "rhythm",
    [
        ["spend", "look", "credits arrive"],
        ["spend", "look", "killed after the answer", "a week passes", "look", "tell again"],
        ["spend", "killed before the answer", "look three at once", "credits arrive", "an hour passes"],
        ["card refused", "spend", "look", "an hour passes"],
        ["card refused", "spend", "look", "a week passes", "tell an old one", "look", "card refused"],
        ["card asks", "spend", "look", "page paid", "credits arrive", "an hour passes"],
        ["processor away", "spend", "look", "an hour passes", "processor back", "look", "credits arrive"],
    ],
    ids=" ".join,
)
def test_whatever_goes_on_for_weeks_buys_no_more_than_was_asked_for(rhythm: list[str]) -> None:
    """The loop that others had, in each of its shapes: the same again and again."""
    asyncio.run(run(rhythm * 15))


def test_a_balance_that_never_shows_its_credits_is_bought_for_once() -> None:
    """The ledger is away: a year of looking buys one pack."""

    async def year() -> int:
        billing = billing_in_memory()
        account = Account(billing, available=50)
        await account.keep_card()
        await account.want(most=100)
        for _ in range(52):
            await account.falls_to(max(account.available - 1, 0))
            await billing.run_top_ups()
            billing.clock.advance(timedelta(weeks=1))
        await billing.facts.pass_over()
        return len(await account.bought())

    assert asyncio.run(year()) == 1
