"""What leaving a unit of work does, over every store."""

import pytest
from chassis.ids import new_id
from command_makers import adjust, grant, reserve
from ledger.application.grant_credits import GrantCredits
from ledger.domain.errors import AccountNotFound
from ledger.ports.unit_of_work import Needs, UnitOfWork
from support import START, LedgerUnderTest

ME = "usr_me"


async def decide(ledger: LedgerUnderTest, command: GrantCredits, work: UnitOfWork, *, saved: bool) -> None:
    """Decide a command within an open transaction."""
    needs = Needs()
    command.tell_needs(needs, START)
    found = await work.load(needs)
    account = command.account(found)
    command.decide(account, command.occasion(account, START, ledger.ids))
    assert account.is_changed
    if saved:
        await work.save(found)


async def nothing_happened(ledger: LedgerUnderTest) -> None:
    """No credits, no fact, no account."""
    assert await ledger.state(ME) == (0, 0, 0)
    assert await ledger.outbox() == []
    with pytest.raises(AccountNotFound):
        await ledger.apply(adjust(ME, 5))


async def test_leaving_commits_what_was_saved(any_ledger: LedgerUnderTest) -> None:
    """All of it, at once."""
    async with any_ledger.units.of_system() as work:
        await decide(any_ledger, grant(ME, 10), work, saved=True)
        assert await any_ledger.state(ME) == (0, 0, 0)
    assert await any_ledger.state(ME) == (10, 0, 0)
    assert len(await any_ledger.outbox()) == 1


async def test_leaving_without_saving_does_nothing(any_ledger: LedgerUnderTest) -> None:
    """The account that was opened for it is not there either."""
    async with any_ledger.units.of_system() as work:
        await decide(any_ledger, grant(ME, 10), work, saved=False)
    await nothing_happened(any_ledger)


async def test_an_exception_undoes_what_was_saved(any_ledger: LedgerUnderTest) -> None:
    """Whatever it is, and it is heard of."""

    async def save_and_break() -> None:
        async with any_ledger.units.of_system() as work:
            await decide(any_ledger, grant(ME, 10), work, saved=True)
            raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        await save_and_break()
    await nothing_happened(any_ledger)


async def test_a_refused_atomic_batch_leaves_nothing(any_ledger: LedgerUnderTest) -> None:
    """Neither its grant nor the account that this would have opened."""
    commands = [grant(ME, 10), reserve(ME, 11, new_id("gen"))]
    outcomes = await any_ledger.writer.apply_batch(commands, atomic=True)
    assert [getattr(outcome.refusal, "reason", None) for outcome in outcomes] == [
        "ABORTED_WITH_BATCH",
        "INSUFFICIENT_CREDITS",
    ]
    await nothing_happened(any_ledger)


async def test_a_dry_run_leaves_nothing(any_ledger: LedgerUnderTest) -> None:
    """The credits can be reserved afterwards, and nothing was told."""
    await any_ledger.give(ME, 10)
    told = len(await any_ledger.outbox())
    await any_ledger.preview(reserve(ME, 10, "gen_1"))
    assert len(await any_ledger.outbox()) == told
    assert await any_ledger.state(ME) == (10, 0, 0)
