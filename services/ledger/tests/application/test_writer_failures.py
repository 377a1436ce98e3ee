"""What a caller hears when the store is away, other writers are in the way, or the process stops."""

import asyncio

import pytest
from command_makers import charge, grant, reserve
from ledger.domain.errors import InsufficientCredits, LedgerUnavailable, ReservationNotFound
from ledger.domain.identifiers import EventId
from ledger.ports.unit_of_work import Conflict
from writer_stores import Fragile, Poison, settled, writer_over

ME = "usr_me"
AWAY, IN_THE_WAY = LedgerUnavailable("away"), Conflict("another writer")


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Every pause that is made, none of which takes its time."""
    made: list[float] = []
    sleep = asyncio.sleep

    async def pause(seconds: float) -> None:
        if seconds:
            made.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", pause)
    return made


@pytest.mark.exhaustive
@pytest.mark.parametrize("commands", [1, 2])
@pytest.mark.parametrize(
    ("failures", "paused"),
    [(0, []), (1, [0.05]), (4, [0.05, 0.1, 0.2, 0.4]), (5, [0.05, 0.1, 0.2, 0.4])],
)
async def test_a_store_that_is_away_is_asked_five_times(
    commands: int, failures: int, paused: list[float], pauses: list[float]
) -> None:
    """After longer and longer pauses; then all of a batch hear that it is away, and nothing is done alone."""
    store = Fragile()
    store.failures, store.failure = failures, AWAY
    writer = writer_over(store)
    asked = await asyncio.gather(
        *(writer.apply(grant(ME, 1)) for _ in range(commands)), return_exceptions=True
    )
    is_done = failures < 5
    assert [isinstance(heard, LedgerUnavailable) for heard in asked] == [not is_done] * commands
    assert (store.begun, pauses) == (min(failures + 1, 5), paused)
    assert len(store.facts) == (commands if is_done else 0)
    assert (await writer.apply(grant("usr_b", 1))) is not None


@pytest.mark.parametrize(
    ("failures", "begun", "paused"), [(4, 5, [0.05, 0.1, 0.2, 0.4]), (5, 5, [0.05, 0.1, 0.2, 0.4])]
)
async def test_a_command_that_others_are_in_the_way_of_is_tried_five_times(
    failures: int, begun: int, paused: list[float], pauses: list[float]
) -> None:
    """Then it may be asked for again: nothing was done."""
    store = Fragile()
    store.failures, store.failure = failures, IN_THE_WAY
    writer = writer_over(store)
    asked = writer.apply(grant(ME, 1, request_id="req_1"))
    if failures < 5:
        assert await asked is not None
    else:
        with pytest.raises(LedgerUnavailable, match="other commands were in the way; try again"):
            await asked
        assert store.facts == []
    assert (store.begun, pauses) == (begun, paused)
    again = await writer.apply(grant(ME, 1, request_id="req_1"))
    assert again is not None
    assert (again.replayed, len(store.facts)) == (failures < 5, 1)


@pytest.mark.parametrize(("failures", "begun"), [(1, 2), (2, 4), (3, 5), (6, 8), (7, 8)])
async def test_two_that_others_are_in_the_way_of_are_tried_twice_together(failures: int, begun: int) -> None:
    """Then each alone, five times."""
    store = Fragile()
    store.failures, store.failure = failures, IN_THE_WAY
    outcomes = await writer_over(store).apply_batch([grant(ME, 1), grant(ME, 1)])
    refusals = [type(outcome.refusal) for outcome in outcomes]
    assert refusals == [type(None) if failures < 7 else LedgerUnavailable, type(None)]
    assert store.begun == begun
    assert len(store.facts) == (2 if failures < 7 else 1)


async def test_a_poisoned_command_costs_a_transaction_for_each_of_its_batch() -> None:
    """Once together, then each by itself, as it was handed in: once, whether it can be repeated or not."""
    store = Fragile()
    writer = writer_over(store)
    heard = await asyncio.gather(
        writer.apply(grant(ME, 10)),
        writer.apply(Poison(request_id="poison")),
        writer.apply_batch([grant(ME, 1), Poison(request_id="poison"), reserve(ME, 99), grant(ME, 2)]),
        writer.apply(grant("usr_b", 5), event_id=EventId("evt_1")),
        return_exceptions=True,
    )
    assert store.begun == 1 + 7
    assert str(heard[1]) == "a bug"
    assert isinstance(heard[2], list)
    assert [type(outcome.refusal) for outcome in heard[2]] == [
        type(None),
        RuntimeError,
        InsufficientCredits,
        type(None),
    ]
    assert {key: account.available for key, account in store.accounts.items()} == {ME: 13, "usr_b": 5}
    assert store.events == {"evt_1"}
    assert await writer.apply(grant("usr_b", 5), event_id=EventId("evt_1")) is None


async def test_an_atomic_batch_with_a_poisoned_command_fails_whole() -> None:
    """Once: nothing of it is done alone."""
    store = Fragile()
    with pytest.raises(RuntimeError, match="a bug"):
        await writer_over(store).apply_batch([grant(ME, 1), Poison(request_id="poison")], atomic=True)
    assert (store.begun, store.accounts, store.requests) == (1, {}, {})


@pytest.mark.parametrize("commands", [1, 2])
async def test_an_atomic_batch_that_others_are_in_the_way_of_is_tried_again_whole(commands: int) -> None:
    """And in the end refused whole."""
    store = Fragile()
    store.failures, store.failure = 100, IN_THE_WAY
    with pytest.raises(LedgerUnavailable):
        await writer_over(store).apply_batch([grant(ME, 1) for _ in range(commands)], atomic=True)
    assert (store.begun, store.facts) == (5 if commands == 1 else 2, [])


async def test_an_event_that_could_not_be_decided_is_decided_when_it_comes_again() -> None:
    """A refusal that is kept is its end; one that may pass is not."""
    store = Fragile()
    writer = writer_over(store)
    for _ in range(2):
        with pytest.raises(ReservationNotFound):
            await writer.apply(charge("res_none", 1), event_id=EventId("evt_1"))
    assert store.events == set()
    with pytest.raises(InsufficientCredits):
        await writer.apply(reserve(ME, 1, "gen_1"), event_id=EventId("evt_2"))
    assert await writer.apply(reserve(ME, 1, "gen_1"), event_id=EventId("evt_2")) is None
    assert store.events == {"evt_2"}


@pytest.mark.parametrize("fails", [False, True])
async def test_a_caller_that_went_away_keeps_nobody_from_hearing(fails: bool) -> None:
    """What it asked for is done or not as for the others of its batch."""
    store = Fragile()
    writer = writer_over(store)
    store.stop()
    asked = [asyncio.create_task(writer.apply(grant(ME, amount))) for amount in (1, 2, 4)]
    await settled()
    asked[0].cancel()
    asked[1].cancel()
    await settled()
    store.failures, store.failure = 5 * fails, AWAY
    store.go_on()
    heard = await asyncio.gather(*asked, return_exceptions=True)
    assert [isinstance(failure, asyncio.CancelledError) for failure in heard] == [True, True, False]
    assert isinstance(heard[2], LedgerUnavailable) is fails
    assert sum(account.available for account in store.accounts.values()) == (0 if fails else 7)


@pytest.mark.parametrize("commands", [1, 3])
async def test_whoever_waits_when_the_process_stops_is_told_to_ask_again(commands: int) -> None:
    """All of them, and the writer is gone; who comes later gets a new one."""
    store = Fragile()
    writer = writer_over(store)
    store.stop()
    before = asyncio.all_tasks()
    asked = [asyncio.create_task(writer.apply(grant(ME, 1))) for _ in range(commands)]
    await settled()
    [draining] = asyncio.all_tasks() - before - {*asked}
    draining.cancel()
    heard = await asyncio.gather(*asked, return_exceptions=True)
    assert [(type(failure), str(failure)) for failure in heard] == [
        (LedgerUnavailable, "the ledger is stopping")
    ] * commands
    await asyncio.wait([draining])
    assert draining.cancelled()
    assert (store.begun, store.facts) == (1, [])
    store.go_on()
    assert await writer.apply(grant(ME, 1)) is not None
