"""Corrections, budgets, renewals, extensions and late settlements, over every store."""

from dataclasses import replace
from datetime import timedelta

import pytest
from command_makers import adjust, charge, claw_back, refund, renew, reserve
from ledger.application.extend_reservation import ExtendReservation
from ledger.application.open_account import OpenAccount
from ledger.application.renew_subscription import RenewSubscription
from ledger.domain import sources
from ledger.domain.budget import BudgetPeriod, BudgetScope
from ledger.domain.errors import BudgetExceeded, InsufficientCredits, InvalidField, PaymentAlreadyGranted
from ledger.domain.identifiers import SubscriptionId
from ledger.domain.lot import Category
from ledger.domain.reservation import ReservationState
from support import LedgerUnderTest

ME = "usr_me"


def period(ledger: LedgerUnderTest, amount: int, *, starts_in_s: float = 0) -> RenewSubscription:
    """A hundred seconds of a subscription."""
    start = ledger.clock.now() + timedelta(seconds=starts_in_s)
    return renew(ME, amount, effective_at=start, expires_at=start + timedelta(seconds=100))


async def test_a_correction_keeps_who_and_why(any_ledger: LedgerUnderTest) -> None:
    """Up and down, once a request; more than there is can't be taken, and nothing changes."""
    await any_ledger.apply(OpenAccount(request_id="open", account_id=ME))
    up = adjust(ME, 30)
    first = await any_ledger.apply(up)
    again = await any_ledger.apply(up)
    assert (again.made_id, again.replayed) == (first.made_id, True)
    await any_ledger.apply(adjust(ME, -10))
    with pytest.raises(InsufficientCredits):
        await any_ledger.apply(adjust(ME, -21))
    assert await any_ledger.state(ME) == (20, 0, 0)
    with pytest.raises(InvalidField):
        await any_ledger.apply(replace(adjust(ME, 1), actor=""))


async def test_a_budget_is_refused_by_its_own_reason(any_ledger: LedgerUnderTest) -> None:
    """The account has the credits, the key has not; what returns counts no more; a new day starts anew."""
    await any_ledger.give(ME, 1_000)

    async def hold(amount: int, reference: str) -> str:
        limits = (BudgetScope("key:1", BudgetPeriod.DAY, 100),)
        return (await any_ledger.apply(reserve(ME, amount, reference, budget_scopes=limits))).made_id

    first = await hold(60, "gen_1")
    with pytest.raises(BudgetExceeded) as refused:
        await hold(41, "gen_2")
    assert refused.value.details == {
        "scope": "key:1",
        "period": "day",
        "limit": "100",
        "used": "60",
        "resets_at": "2026-01-02T00:00:00Z",
    }
    assert await any_ledger.state(ME) == (940, 60, 0)
    with pytest.raises(BudgetExceeded):
        await hold(41, "gen_2")
    await any_ledger.apply(charge(first, 50, "gen_1"))
    second = await hold(50, "gen_3")
    await any_ledger.apply(refund(second, "gen_3"))
    await hold(50, "gen_4")
    with pytest.raises(BudgetExceeded):
        await hold(1, "gen_5")
    any_ledger.clock.advance(days=1)
    await hold(100, "gen_6")


async def test_a_renewal_resets_and_leaves_running_jobs_alone(any_ledger: LedgerUnderTest) -> None:
    """What is left ends, what is held stays good, and what returns from it expires at once."""
    await any_ledger.give(ME, 5, Category.PAID)
    await any_ledger.apply(period(any_ledger, 100))
    held = await any_ledger.hold(ME, 30, "gen_1")
    await any_ledger.apply(period(any_ledger, 100, starts_in_s=1))
    any_ledger.clock.advance(seconds=2)
    assert await any_ledger.state(ME) == (105, 30, 0)
    await any_ledger.apply(charge(held, 10))
    assert await any_ledger.state(ME) == (105, 0, 0)
    await any_ledger.apply(period(any_ledger, 100, starts_in_s=-50))
    assert await any_ledger.state(ME) == (105, 0, 0)


async def test_an_extension_moves_the_end_and_nothing_else(any_ledger: LedgerUnderTest) -> None:
    """Later, never earlier; a settled reservation answers as it is."""
    await any_ledger.give(ME, 100)
    held = await any_ledger.hold(ME, 40, "gen_1", ttl_s=100)
    longer = await any_ledger.apply(ExtendReservation(request_id="e1", reservation_id=held, ttl_s=1_000))
    shorter = await any_ledger.apply(ExtendReservation(request_id="e2", reservation_id=held, ttl_s=60))
    assert longer.reservation is not None
    assert shorter.reservation == longer.reservation
    assert longer.reservation.expires_at == any_ledger.clock.now() + timedelta(seconds=1_000)
    any_ledger.clock.advance(seconds=200)
    assert (await any_ledger.expire_reservations()).refunded == 0
    await any_ledger.apply(refund(held, "gen_1"))
    settled = await any_ledger.apply(ExtendReservation(request_id="e3", reservation_id=held, ttl_s=600))
    assert settled.reservation is not None
    assert settled.reservation.state is ReservationState.REFUNDED


async def test_a_charge_after_expiry_and_refund_charges_nothing(any_ledger: LedgerUnderTest) -> None:
    """The rule: the first settlement counts, and a late success is told so."""
    await any_ledger.give(ME, 100)
    held = await any_ledger.hold(ME, 40, "gen_1", ttl_s=60)
    any_ledger.clock.advance(seconds=61)
    assert (await any_ledger.expire_reservations()).refunded == 1
    late = await any_ledger.apply(charge(held, 40, "gen_1"))
    assert late.reservation is not None
    assert (late.reservation.state, late.reservation.charged) == (ReservationState.REFUNDED, 0)
    assert await any_ledger.state(ME) == (100, 0, 0)


async def test_a_dry_run_says_and_does_nothing(any_ledger: LedgerUnderTest) -> None:
    """Neither the credits nor the request id are used up."""
    await any_ledger.give(ME, 100)
    would = await any_ledger.preview(reserve(ME, 40, "gen_1"))
    assert would.reservation is not None
    assert (would.balance.available, would.balance.held) == (60, 40)
    assert await any_ledger.state(ME) == (100, 0, 0)
    with pytest.raises(InsufficientCredits):
        await any_ledger.preview(reserve(ME, 101, "gen_2"))
    await any_ledger.hold(ME, 40, "gen_1")


async def test_a_charge_is_given_back_by_a_person(any_ledger: LedgerUnderTest) -> None:
    """Once; to the lots that it came from."""
    await any_ledger.give(ME, 100)
    held = await any_ledger.hold(ME, 40, "gen_1")
    await any_ledger.apply(charge(held, 25, "gen_1"))
    by_hand = refund(held, even_if_charged=True)
    for _ in range(2):
        await any_ledger.apply(by_hand)
    assert await any_ledger.state(ME) == (100, 0, 0)


async def test_a_payment_pays_for_one_grant(any_ledger: LedgerUnderTest) -> None:
    """A renewal in the name of a payment that has its grant is refused, and nothing is granted."""
    await any_ledger.give(ME, 100, Category.PAID, payment_id="pi_1")
    with pytest.raises(PaymentAlreadyGranted):
        await any_ledger.apply(replace(renew(ME, 50), payment_id="pi_1"))
    assert await any_ledger.state(ME) == (100, 0, 0)


@pytest.mark.parametrize("is_told_first", [False, True])
async def test_a_period_whose_payment_went_back_is_taken_back(
    any_ledger: LedgerUnderTest, is_told_first: bool
) -> None:
    """Of its own credits, in either order; what was bought otherwise stays."""
    await any_ledger.give(ME, 100, Category.PAID)
    told = [replace(renew(ME, 50), payment_id="pi_1"), claw_back(ME, "pi_1", "refund", 30)]
    for command in reversed(told) if is_told_first else told:
        await any_ledger.apply(command)
    assert await any_ledger.state(ME) == (120, 0, 0)
    await any_ledger.apply(claw_back(ME, "pi_1", "dispute:dp_1", 50))
    assert await any_ledger.state(ME) == (100, 0, 0)


async def test_what_plans_brought_is_told(any_ledger: LedgerUnderTest) -> None:
    """Months and upgrades with their time, oldest first, spent and ended ones too; nothing else."""
    now = any_ledger.clock.now()
    await any_ledger.give(ME, 100, Category.PAID, payment_id="pi_1")
    await any_ledger.give(ME, 7, Category.SUBSCRIPTION)
    month = period(any_ledger, 50)
    raised = replace(month, request_id="raise", amount=20, source=sources.of_raise(SubscriptionId("sub_1")))
    for command in (month, raised):
        await any_ledger.apply(command)
    await any_ledger.hold(ME, 60, "gen_1")
    any_ledger.clock.advance(100)
    await any_ledger.apply(period(any_ledger, 70))
    told = [grant async for grant in any_ledger.reader.plan_grants()]
    later = now + timedelta(seconds=100)
    assert [
        (one.subscription_id, one.account_id, one.amount, one.starts_at, one.ends_at) for one in told
    ] == [
        ("sub_1", ME, 50, now, later),
        ("sub_1", ME, 20, now, later),
        ("sub_1", ME, 70, later, later + timedelta(seconds=100)),
    ]
