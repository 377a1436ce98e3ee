"""Credits that expire soon are told once a grant, over each store."""

from datetime import timedelta

from ledger.application.tell_expiring import TellExpiringHandler
from ledger.domain.lot import Category
from support import LedgerUnderTest

ME, DAY_S = "usr_me", 86_400


async def test_each_grant_is_told_once_in_time(any_ledger: LedgerUnderTest) -> None:
    """Not a moment before, and never again; no credits move."""
    await any_ledger.give(ME, 50, expires_in_s=10 * DAY_S)
    any_ledger.clock.advance(seconds=7 * DAY_S - 1)
    assert (await any_ledger.tell_expiring()).accounts == 0
    any_ledger.clock.advance(seconds=1)
    before = await any_ledger.reader.balance(ME, any_ledger.clock.now())
    assert [(await any_ledger.tell_expiring()).accounts for _ in range(3)] == [1, 0, 0]
    assert await any_ledger.reader.balance(ME, any_ledger.clock.now()) == before
    await any_ledger.facts.expect("CreditsGranted", "CreditsExpiring")


async def test_what_nobody_needs_to_be_told_is_not(any_ledger: LedgerUnderTest) -> None:
    """A plan's month, what never lives longer than the notice, what never expires, and what is spent."""
    await any_ledger.give(ME, 50, expires_in_s=10 * DAY_S, category=Category.SUBSCRIPTION)
    await any_ledger.give(ME, 50, expires_in_s=2 * DAY_S)
    await any_ledger.give(ME, 50)
    any_ledger.clock.advance(seconds=DAY_S)
    assert (await any_ledger.tell_expiring()).accounts == 0
    any_ledger.clock.advance(seconds=8 * DAY_S)
    await any_ledger.expire_lots()
    assert (await any_ledger.tell_expiring()).accounts == 0
    await any_ledger.facts.pass_over()


async def test_it_can_be_turned_off(any_ledger: LedgerUnderTest) -> None:
    """Nothing is looked for and nothing told."""
    await any_ledger.give(ME, 50, expires_in_s=10 * DAY_S)
    any_ledger.clock.advance(seconds=9 * DAY_S)
    never = TellExpiringHandler(any_ledger.writer, any_ledger.reader, any_ledger.clock, None)
    assert (await never()).accounts == 0
    assert (
        len(await any_ledger.reader.lots_expiring_untold(any_ledger.clock.now(), timedelta(days=3), 9)) == 1
    )
    await any_ledger.facts.expect("CreditsGranted")
