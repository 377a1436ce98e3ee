"""The group-commit writer: bounds, poison, all or none, stores that go away."""

import asyncio
from collections.abc import Sequence

import pytest
from command_makers import grant, reserve
from ledger.application import group_commit
from ledger.application.command import Outcome
from ledger.domain.errors import InsufficientCredits, LedgerUnavailable, Overloaded
from ledger.ports.unit_of_work import Conflict
from support import LedgerUnderTest
from writer_stores import Fragile, Poison, writer_over

ME = "usr_me"
GRANTED, RESERVED = "CreditsGranted", "CreditsReserved"


def reasons(outcomes: Sequence[Outcome]) -> list[str | None]:
    """Why each of a batch was refused, or None."""
    return [getattr(one.refusal, "reason", None) for one in outcomes]


async def test_what_waits_together_is_committed_together(ledger: LedgerUnderTest) -> None:
    """A hundred callers at once are a few transactions."""
    await ledger.give(ME, 1_000)
    begun = 0
    of_system = ledger.units.of_system

    def counted() -> object:
        nonlocal begun
        begun += 1
        return of_system()

    ledger.units.of_system = counted  # type: ignore[method-assign, assignment]
    await asyncio.gather(*(ledger.hold(ME, 1, f"gen_{number}") for number in range(100)))
    assert begun < 10
    assert await ledger.available(ME) == (900, 100)
    await ledger.facts.expect(GRANTED, *[RESERVED] * 100)


async def test_past_the_bound_callers_are_turned_away(ledger: LedgerUnderTest) -> None:
    """They hear when to come again, nothing of theirs was done, and it recovers."""
    await ledger.give(ME, 1_000)
    writer = writer_over(ledger.units, waiting_max=100)  # type: ignore[arg-type]
    results = await asyncio.gather(
        *(writer.apply(reserve(ME, 1, f"gen_{number}")) for number in range(150)), return_exceptions=True
    )
    refused = [one for one in results if isinstance(one, Overloaded)]
    assert 0 < len(refused) <= 50
    assert all(one.retry_after_s > 0 for one in refused)
    assert await ledger.available(ME) == (1_000 - 150 + len(refused), 150 - len(refused))
    assert await writer.apply(reserve(ME, 1, "gen_later")) is not None
    await ledger.facts.expect(GRANTED, *[RESERVED] * (150 - len(refused)), RESERVED)


async def test_a_poisoned_command_harms_only_itself(ledger: LedgerUnderTest) -> None:
    """In a batch and among single callers: the others are applied, once."""
    await ledger.give(ME, 100)
    outcomes = await ledger.writer.apply_batch(
        [reserve(ME, 10, "gen_1"), Poison(request_id="poison"), reserve(ME, 10, "gen_2")]
    )
    assert [type(one.refusal) for one in outcomes] == [type(None), RuntimeError, type(None)]
    results = await asyncio.gather(
        *(ledger.hold(ME, 10, f"gen_{number}") for number in (3, 4)),
        ledger.writer.apply(Poison(request_id="poison")),
        return_exceptions=True,
    )
    assert [isinstance(one, RuntimeError) for one in results] == [False, False, True]
    assert await ledger.available(ME) == (60, 40)
    await ledger.facts.expect(GRANTED, *[RESERVED] * 4)


async def test_an_atomic_batch_is_all_or_none(ledger: LedgerUnderTest) -> None:
    """One refusal undoes all, and leaves every request id unused."""
    await ledger.give(ME, 100)
    commands = [reserve(ME, 60, "gen_1"), reserve(ME, 60, "gen_2")]
    outcomes = await ledger.writer.apply_batch(commands, atomic=True)
    assert reasons(outcomes) == ["ABORTED_WITH_BATCH", "INSUFFICIENT_CREDITS"]
    assert await ledger.available(ME) == (100, 0)
    await ledger.facts.expect(GRANTED)
    await ledger.give(ME, 20)
    outcomes = await ledger.writer.apply_batch(commands, atomic=True)
    assert [one.refusal for one in outcomes] == [None, None]
    assert await ledger.available(ME) == (0, 120)
    await ledger.facts.expect(GRANTED, RESERVED, RESERVED)


async def test_a_bad_field_in_a_batch_is_its_own(ledger: LedgerUnderTest) -> None:
    """The others are applied; in an atomic batch none is."""
    await ledger.give(ME, 100)
    commands = [reserve(ME, 0, "gen_1"), reserve(ME, 10, "gen_2")]
    outcomes = await ledger.writer.apply_batch(commands, atomic=True)
    assert reasons(outcomes) == ["INVALID_FIELD", "ABORTED_WITH_BATCH"]
    await ledger.facts.expect(GRANTED)
    outcomes = await ledger.writer.apply_batch(commands)
    assert reasons(outcomes) == ["INVALID_FIELD", None]
    assert await ledger.available(ME) == (90, 10)
    await ledger.facts.expect(RESERVED)


@pytest.mark.parametrize("after_commit", [False, True])
async def test_a_store_that_comes_back_is_asked_again(
    after_commit: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller hears one outcome, and what was committed after all is not done twice."""
    monkeypatch.setattr(group_commit, "BACKOFF_S", 0)
    store = Fragile()
    ledger = LedgerUnderTest.over_memory(store)
    await ledger.give(ME, 100)
    store.failures, store.after_commit = 2, after_commit
    await ledger.hold(ME, 10, "gen_1")
    assert (store.accounts[ME].available, store.accounts[ME].held) == (90, 10)
    store.failures = 100
    with pytest.raises(LedgerUnavailable):
        await ledger.hold(ME, 10, "gen_2")
    # Whether the second was done nobody was told; it is told of all the same, once.
    await ledger.facts.expect(GRANTED, RESERVED, *[RESERVED] * after_commit)


@pytest.mark.parametrize(("conflicts", "transactions"), [(1, 2), (2, 22)])
async def test_commands_that_are_in_each_others_way_go_alone(conflicts: int, transactions: int) -> None:
    """Once more together, then one by one: each is done once, whichever it was that could not be."""
    store = Fragile()
    writer = writer_over(store)
    await writer.apply(grant(ME, 100))
    store.begun, store.failures, store.failure = 0, conflicts, Conflict("another writer")
    outcomes = await writer.apply_batch([reserve(ME, 1, f"gen_{number}") for number in range(20)])
    assert [one.refusal for one in outcomes] == [None] * 20
    assert store.begun == transactions
    assert (store.accounts[ME].available, store.accounts[ME].held) == (80, 20)
    assert [type(fact).__name__ for fact in store.facts] == [GRANTED, *[RESERVED] * 20]


async def test_a_kept_refusal_does_not_undo_the_others(ledger: LedgerUnderTest) -> None:
    """Each of a batch has its own outcome."""
    await ledger.give(ME, 50)
    outcomes = await ledger.writer.apply_batch(
        [reserve(ME, 40, "gen_1"), reserve(ME, 40, "gen_2"), reserve(ME, 10, "gen_3")]
    )
    assert [isinstance(one.refusal, InsufficientCredits) for one in outcomes] == [False, True, False]
    assert await ledger.available(ME) == (0, 50)
    await ledger.facts.expect(GRANTED, RESERVED, RESERVED)
