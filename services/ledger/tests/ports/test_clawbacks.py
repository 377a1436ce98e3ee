"""Payments whose money went back: what is taken, what is owed and what comes back, over every store."""

import itertools

import pytest
from command_makers import charge, claw_back, refund
from ledger.domain.errors import AccountInDebt
from ledger.domain.lot import Category
from support import LedgerUnderTest

ME = "usr_me"


async def test_what_was_spent_already_is_owed_and_paid_first(any_ledger: LedgerUnderTest) -> None:
    """In debt nothing can be reserved, and the error says so; the next grant pays first."""
    await any_ledger.give(ME, 100, Category.PAID, payment_id="pi_1")
    held = await any_ledger.hold(ME, 60, "gen_1")
    await any_ledger.apply(charge(held, 60, "gen_1"))
    taken = await any_ledger.apply(claw_back(ME, "pi_1", "refund", 100))
    assert taken.taken == 100
    assert await any_ledger.state(ME) == (0, 0, 60)
    with pytest.raises(AccountInDebt) as refused:
        await any_ledger.hold(ME, 1, "gen_2")
    assert refused.value.details == {"debt": "60"}
    await any_ledger.give(ME, 50)
    assert await any_ledger.state(ME) == (0, 0, 10)
    await any_ledger.give(ME, 50)
    assert await any_ledger.state(ME) == (40, 0, 0)
    await any_ledger.hold(ME, 40, "gen_3")


async def test_refund_and_dispute_never_take_twice_in_any_order(any_ledger: LedgerUnderTest) -> None:
    """Refund of 30, its older news of 10, a dispute of everything and its end: the same in every order."""
    told = [
        ("refund", 30, False),
        ("refund", 10, False),
        ("dispute:dp_1", 100, False),
        ("dispute:dp_1", 100, True),
    ]
    for number, order in enumerate(itertools.permutations(told)):
        payment, account = f"pi_{number}", f"usr_{number}"
        await any_ledger.give(account, 100, Category.PAID, payment_id=payment)
        outcome = None
        for cause, target, won in order:
            outcome = await any_ledger.apply(claw_back(account, payment, cause, target, reinstated=won))
        assert outcome is not None
        assert outcome.taken == 30
        assert await any_ledger.available(account) == (70, 0)


async def test_a_won_dispute_gives_back_what_it_took(any_ledger: LedgerUnderTest) -> None:
    """Debt is cancelled first; the rest is there again, as paid credits."""
    await any_ledger.give(ME, 100, Category.PAID, payment_id="pi_1")
    await any_ledger.apply(charge(await any_ledger.hold(ME, 70, "gen_1"), 70, "gen_1"))
    await any_ledger.give(ME, 20)
    await any_ledger.apply(claw_back(ME, "pi_1", "dispute:dp_1", 100))
    assert await any_ledger.state(ME) == (0, 0, 50)
    given_back = await any_ledger.apply(claw_back(ME, "pi_1", "dispute:dp_1", 100, reinstated=True))
    assert given_back.taken == 0
    assert await any_ledger.state(ME) == (50, 0, 0)
    await any_ledger.apply(claw_back(ME, "pi_1", "dispute:dp_1", 100))
    assert await any_ledger.state(ME) == (50, 0, 0)


async def test_a_clawback_before_its_payment_waits_for_it(any_ledger: LedgerUnderTest) -> None:
    """Nothing is taken of other credits; of the payment's own, as soon as they come."""
    await any_ledger.give(ME, 10)
    assert (await any_ledger.apply(claw_back(ME, "pi_1", "refund", 40))).taken == 0
    assert await any_ledger.state(ME) == (10, 0, 0)
    await any_ledger.give(ME, 100, Category.PAID, payment_id="pi_1")
    assert await any_ledger.state(ME) == (70, 0, 0)


async def test_held_credits_are_not_taken_and_pay_when_they_return(any_ledger: LedgerUnderTest) -> None:
    """A running job keeps its credits; a failure's return pays the debt."""
    await any_ledger.give(ME, 100, Category.PAID, payment_id="pi_1")
    held = await any_ledger.hold(ME, 80, "gen_1")
    await any_ledger.apply(claw_back(ME, "pi_1", "refund", 100))
    assert await any_ledger.state(ME) == (0, 80, 80)
    await any_ledger.apply(refund(held, "gen_1"))
    assert await any_ledger.state(ME) == (0, 0, 0)


async def test_a_payments_grant_says_what_is_taken_back(any_ledger: LedgerUnderTest) -> None:
    """By all causes together, debt included; nothing of a payment whose money stayed."""
    await any_ledger.give(ME, 100, Category.PAID, payment_id="pi_1")
    await any_ledger.give(ME, 50, Category.PAID, payment_id="pi_2")
    await any_ledger.apply(claw_back(ME, "pi_1", "refund", 30))
    await any_ledger.apply(claw_back(ME, "pi_1", "dispute:dp_1", 20))
    grants = {one.payment_id: one.taken_back async for one in any_ledger.reader.payment_grants()}
    assert grants == {"pi_1": 50, "pi_2": 0}
