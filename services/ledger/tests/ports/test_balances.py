"""Balances at a moment: what is shown is what can be reserved, over every store."""

from datetime import timedelta

import pytest
from command_makers import adjust, claw_back, grant, reserve
from ledger.domain.errors import AccountInDebt, InsufficientCredits
from ledger.domain.lot import Category
from ledger.domain.reservation import ReservationState
from ledger.ports.ledger_reader import EntryFilter
from support import START, LedgerUnderTest

ME = "usr_me"
YEAR_S = 365 * 24 * 3600


async def shown(ledger: LedgerUnderTest) -> tuple[int, int]:
    """Return what is available and what is upcoming, once it was tried that Reserve says the same."""
    balance = await ledger.read_balance(ME)
    if balance.available:
        would = await ledger.preview(reserve(ME, balance.available))
        assert would.balance.available == 0
    with pytest.raises(AccountInDebt if balance.debt else InsufficientCredits):
        await ledger.preview(reserve(ME, balance.available + 1))
    assert balance.available == sum(balance.by_category.values())
    return balance.available, balance.upcoming


async def test_credits_for_next_year_are_shown_apart(any_ledger: LedgerUnderTest) -> None:
    """They are upcoming until their moment, and then available."""
    await any_ledger.give(ME, 10)
    starts = START + timedelta(seconds=YEAR_S)
    granted = await any_ledger.apply(grant(ME, 500, Category.PAID, effective_at=starts))
    assert (granted.balance.available, granted.balance.upcoming) == (10, 500)
    assert await shown(any_ledger) == (10, 500)
    assert (await any_ledger.read_balance(ME)).next_effective == starts
    any_ledger.clock.advance(seconds=YEAR_S - 1)
    assert await shown(any_ledger) == (10, 500)
    any_ledger.clock.advance(seconds=1)
    assert await shown(any_ledger) == (510, 0)
    assert (await any_ledger.read_balance(ME)).next_effective is None
    await any_ledger.hold(ME, 510, "gen_1")


async def test_expired_credits_are_gone_before_the_sweep(any_ledger: LedgerUnderTest) -> None:
    """From their very moment, and the sweep changes nothing of what is shown."""
    await any_ledger.give(ME, 50, expires_in_s=600)
    await any_ledger.give(ME, 5, expires_in_s=900)
    any_ledger.clock.advance(seconds=599)
    assert await shown(any_ledger) == (55, 0)
    any_ledger.clock.advance(seconds=1)
    assert await shown(any_ledger) == (5, 0)
    assert (await any_ledger.read_balance(ME)).next_expiry == START + timedelta(seconds=900)
    assert (await any_ledger.expire_lots()).accounts == 1
    assert await shown(any_ledger) == (5, 0)


async def test_a_debt_leaves_nothing_available(any_ledger: LedgerUnderTest) -> None:
    """What is owed is taken of later credits too."""
    await any_ledger.give(ME, 100, Category.PAID, payment_id="pi_1")
    await any_ledger.apply(adjust(ME, -80))
    await any_ledger.apply(claw_back(ME, "pi_1", "refund", 100))
    assert await shown(any_ledger) == (0, 0)
    later = START + timedelta(days=1)
    await any_ledger.apply(grant(ME, 100, effective_at=later))
    assert await shown(any_ledger) == (0, 20)


async def test_a_balance_as_it_was_shows_later_credits_apart(any_ledger: LedgerUnderTest) -> None:
    """What was granted for later had not begun then."""
    await any_ledger.give(ME, 10)
    await any_ledger.apply(grant(ME, 500, Category.PAID, effective_at=START + timedelta(days=2)))
    given = {Category.PROMOTIONAL: 10}
    for days, expected in ((1, (10, 500, given)), (2, (510, 0, {**given, Category.PAID: 500}))):
        then = await any_ledger.read_balance(ME, as_of=START + timedelta(days=days))
        assert (then.available, then.upcoming, then.by_category) == expected


async def test_a_replica_whose_clock_is_behind_sees_what_was_granted(any_ledger: LedgerUnderTest) -> None:
    """Credits that were for at once are there at once, whatever other clocks say."""
    await any_ledger.give(ME, 100)
    any_ledger.clock.advance(seconds=-1)
    assert await shown(any_ledger) == (100, 0)
    assert (await any_ledger.read_balance(ME, as_of=START)).available == 100
    await any_ledger.hold(ME, 100, "gen_1")


async def test_a_clock_that_was_a_day_ahead_judges_nothing(any_ledger: LedgerUnderTest) -> None:
    """Credits that are good now can be spent, a hold ends in its own time, and the journal's time stands."""
    await any_ledger.give(ME, 100, expires_in_s=3600)
    any_ledger.clock.advance(days=1)
    await any_ledger.give(ME, 1)
    any_ledger.clock.advance(days=-1)
    assert await shown(any_ledger) == (101, 0)
    await any_ledger.give(ME, 7)
    assert await shown(any_ledger) == (108, 0)
    held = await any_ledger.hold(ME, 100, "gen_1", ttl_s=60)
    reservation = await any_ledger.reader.reservation(reservation_id=held)
    assert reservation is not None
    assert reservation.expires_at == any_ledger.clock.now() + timedelta(seconds=60)
    any_ledger.clock.advance(seconds=61)
    assert (await any_ledger.expire_reservations()).refunded == 1
    settled = await any_ledger.reader.reservation(reservation_id=held)
    assert settled is not None
    assert settled.state is ReservationState.REFUNDED
    assert await shown(any_ledger) == (108, 0)
    times = [entry.created_at for entry in await any_ledger.reader.entries(ME, EntryFilter())]
    assert times == sorted(times, reverse=True)
