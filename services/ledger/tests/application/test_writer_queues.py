"""What waits together: which commands share a transaction, in which order, and how many may wait."""

import asyncio

import pytest
from command_makers import charge, grant, reserve
from ledger.application import command_writer
from ledger.application.command import Outcome
from ledger.application.command_writer import CommandWriter
from ledger.domain.errors import InsufficientCredits, Overloaded, ReservationNotFound
from ledger.domain.identifiers import EventId
from ledger.ports.meter import NoMeter
from support import CountingIds, HandClock
from writer_stores import CALLER, Fragile, Poison, settled, writer_over

ME = "usr_me"
# So many that each of three queues has some of them, whatever the seed of this process's hashes.
ACCOUNTS = [f"usr_{number}" for number in range(60)]


def granted(outcomes: list[Outcome]) -> list[tuple[str, int]]:
    """Whose account each is about, and what it has."""
    return [(outcome.balance.account_id, outcome.balance.available) for outcome in outcomes]


def far_from_none(accounts: list[str]) -> str:
    """An account that does not wait where commands wait that have none."""
    return next(account for account in accounts if hash(account) % 3 != hash("") % 3)


@pytest.mark.parametrize(("commands", "transactions"), [(1, 1), (200, 1), (201, 3)])
async def test_two_hundred_go_together_and_more_go_three_ways(commands: int, transactions: int) -> None:
    """By account; each outcome is in its command's place, and each account's are in their order."""
    store = Fragile()
    sent = [grant(ACCOUNTS[number % 60], 1 + number) for number in range(commands)]
    outcomes = await writer_over(store).apply_batch(sent)
    assert store.begun == transactions
    totals: dict[str, int] = {}
    expected = []
    for command in sent:
        totals[command.account_id] = totals.get(command.account_id, 0) + command.amount
        expected.append((command.account_id, totals[command.account_id]))
    assert granted(outcomes) == expected
    assert [outcome.refusal for outcome in outcomes] == [None] * commands


async def test_settlements_go_with_their_accounts() -> None:
    """A charge and what needs the credits that it frees, behind what came before both."""
    store = Fragile()
    writer, mine = writer_over(store), far_from_none(ACCOUNTS)
    await writer.apply(grant(mine, 100))
    held = [await writer.apply(reserve(mine, 50, f"gen_{number}")) for number in (1, 2)]
    assert held[0] is not None
    store.begun = 0
    others = [grant(account, 1) for account in ACCOUNTS for _ in range(4) if account != mine]
    outcomes = await writer.apply_batch(
        [reserve(mine, 1, "gen_3"), charge(held[0].made_id, 10), reserve(mine, 40, "gen_4"), *others]
    )
    assert store.begun == 3
    assert isinstance(outcomes[0].refusal, InsufficientCredits)
    assert [outcome.refusal for outcome in outcomes[1:]] == [None] * (len(outcomes) - 1)
    assert (store.accounts[mine].available, store.accounts[mine].held) == (0, 90)


async def test_while_an_account_is_not_known_a_batch_stays_together() -> None:
    """In its order: whose a reservation is, a process that has just begun has to read first."""
    store = Fragile()
    writer = writer_over(store)
    await writer.apply(grant(ME, 100))
    held = await writer.apply(reserve(ME, 50, "gen_1"))
    assert held is not None
    store.begun, store.knows_owners = 0, False
    outcomes = await writer.apply_batch(
        [charge(held.made_id, 10), *(grant(account, 1) for account in ACCOUNTS for _ in range(4))]
    )
    assert [outcome.refusal for outcome in outcomes] == [None] * 241
    assert granted(outcomes)[:2] == [(ME, 90), ("usr_0", 1)]
    assert store.begun == 1


async def test_a_refusal_among_many_is_its_own() -> None:
    """One by the rules, one by a bug in a command that has no account; no part is all or none."""
    store = Fragile()
    sent = [
        *(grant(account, 5) for account in ACCOUNTS for _ in range(4)),
        *(reserve(account, 21, f"gen_{account}") for account in ACCOUNTS),
        Poison(request_id="poison"),
    ]
    outcomes = await writer_over(store).apply_batch(sent)
    assert [outcome.refusal for outcome in outcomes[:240]] == [None] * 240
    assert {type(outcome.refusal) for outcome in outcomes[240:300]} == {InsufficientCredits}
    assert str(outcomes[300].refusal) == "a bug"
    assert {account.available for account in store.accounts.values()} == {20}


@pytest.mark.parametrize("is_refused", [False, True])
async def test_an_atomic_batch_is_one_transaction_however_large(is_refused: bool) -> None:
    """Over many accounts: all of it, or none."""
    store = Fragile()
    commands = [grant(account, 1) for account in ACCOUNTS for _ in range(4)]
    outcomes = await writer_over(store).apply_batch(
        [*commands, *[reserve("usr_0", 99)] * is_refused], atomic=True
    )
    reasons = [getattr(outcome.refusal, "reason", None) for outcome in outcomes]
    if is_refused:
        assert reasons == ["ABORTED_WITH_BATCH"] * 240 + ["INSUFFICIENT_CREDITS"]
    else:
        assert reasons == [None] * 240
    assert (store.begun, len(store.facts)) == (1, 0 if is_refused else 240)


@pytest.mark.parametrize("knows_owners", [True, False])
async def test_an_event_is_handled_once_however_many_wait(knows_owners: bool) -> None:
    """It goes the way of its account, and is remembered there; one that can't be decided yet comes again."""
    store = Fragile()
    writer = writer_over(store)
    await writer.apply(grant(ME, 100))
    held = await writer.apply(reserve(ME, 50, "gen_1"))
    assert held is not None
    store.knows_owners = knows_owners
    waiting = asyncio.create_task(writer.apply_batch([grant(account, 1) for account in ACCOUNTS * 4]))
    await asyncio.sleep(0)
    command = charge(held.made_id, 10, "gen_1")
    heard = await asyncio.gather(
        *(writer.apply(command, event_id=EventId("evt_1")) for _ in range(2)),
        *(writer.apply(charge("res_none", 1), event_id=EventId("evt_2")) for _ in range(2)),
        return_exceptions=True,
    )
    await waiting
    assert isinstance(heard[0], Outcome)
    assert (heard[1], [type(failure) for failure in heard[2:]]) == (None, [ReservationNotFound] * 2)
    assert store.events == {"evt_1"}
    assert (store.accounts[ME].available, store.accounts[ME].held) == (90, 0)


@pytest.mark.parametrize(("sizes", "transactions"), [((300, 200), 1), ((300, 201), 2), ((500,), 1)])
async def test_a_transaction_has_five_hundred_commands_at_most(
    sizes: tuple[int, ...], transactions: int
) -> None:
    """What would be too much for one waits for the next, whole."""
    store = Fragile()
    writer = writer_over(store)
    batches = [[grant(ME, 1) for _ in range(size)] for size in sizes]
    outcomes = await asyncio.gather(*map(writer.apply_batch, batches))
    assert [len(batch) for batch in outcomes] == list(sizes)
    assert (store.begun, store.accounts[ME].available) == (transactions, sum(sizes))


@pytest.mark.parametrize(
    ("sizes", "transactions"),
    [((2, 2, 1), 1), ((2, 2, 2), 2), ((3, 3, 3), 3), ((1, 4, 1, 4, 1), 3), ((9, 1), 2)],
)
async def test_batches_are_filled_in_the_order_in_which_they_came(
    sizes: tuple[int, ...], transactions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five commands a transaction here: one that does not fit keeps those behind it waiting."""
    monkeypatch.setattr(command_writer, "BATCH_MAX", 5)
    store = Fragile()
    writer = writer_over(store)
    await asyncio.gather(*(writer.apply_batch([grant(ME, 1) for _ in range(size)]) for size in sizes))
    assert (store.begun, store.accounts[ME].available) == (transactions, sum(sizes))


async def test_what_comes_while_a_transaction_is_open_waits_for_the_next() -> None:
    """Together, in a transaction that is nobody's request; how many wait is measured after each."""
    store, meter = Fragile(), Waiting()
    writer = CommandWriter(store, HandClock(), CountingIds(), meter=meter)
    store.stop()
    CALLER.set("the first caller")
    asked = [asyncio.create_task(writer.apply(grant(ME, 1)))]
    await settled()
    for _ in range(5):
        asked.append(asyncio.create_task(writer.apply(grant(ME, 1))))
        await settled()
    assert store.begun == 1
    store.go_on()
    await asyncio.gather(*asked)
    assert (store.begun, store.accounts[ME].available) == (2, 6)
    assert store.callers == [None, None]
    assert meter.waited == [5, 0]


class Waiting(NoMeter):
    """Keeps how many commands waited."""

    def __init__(self) -> None:
        self.waited: list[int] = []

    def waiting(self, commands: int) -> None:
        """Keep it."""
        self.waited.append(commands)


async def test_an_atomic_batch_shares_its_transaction_with_nobody() -> None:
    """What it is refused with undoes its own, and nothing that came before it or after it."""
    store = Fragile()
    writer = writer_over(store)
    before, atomic, after = await asyncio.gather(
        writer.apply(grant(ME, 10)),
        writer.apply_batch([grant("usr_b", 5), reserve("usr_b", 6)], atomic=True),
        writer.apply(grant("usr_c", 10)),
    )
    assert store.begun == 3
    assert before is not None
    assert after is not None
    assert [outcome.refusal is None for outcome in atomic] == [False, False]
    assert {key: account.available for key, account in store.accounts.items()} == {ME: 10, "usr_c": 10}


@pytest.mark.parametrize("is_atomic", [False, True])
async def test_where_nothing_can_be_done_no_transaction_is_begun(is_atomic: bool) -> None:
    """For no commands, and where each is refused by its fields."""
    store = Fragile()
    writer = writer_over(store)
    assert await writer.apply_batch([], atomic=is_atomic) == []
    refused = await writer.apply_batch([grant(ME, 0), grant("", 1)], atomic=is_atomic)
    assert [str(outcome.refusal) for outcome in refused] == [
        "amount: must be from 1 to 1000000000, not 0",
        "account_id: is required",
    ]
    assert (store.begun, store.accounts) == (0, {})


async def test_as_many_may_wait_as_is_said() -> None:
    """One more is turned away, whole, and told when to come again; what waited is done."""
    store = Fragile()
    writer = writer_over(store, waiting_max=3)
    store.stop()
    waiting = asyncio.create_task(writer.apply_batch([grant(ME, 1)] * 2))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded) as turned_away:
        await writer.apply_batch([grant("usr_b", 1), grant("usr_b", 1)])
    assert str(turned_away.value) == "2 commands are waiting; try again in 0.2 s"
    assert turned_away.value.retry_after_s == 0.2
    last = asyncio.create_task(writer.apply(grant(ME, 1)))
    await settled()
    store.go_on()
    await asyncio.gather(waiting, last)
    assert store.accounts.keys() == {ME}
    assert len(await writer.apply_batch([grant(ME, 1)] * 3)) == 3


async def test_twenty_thousand_may_wait_where_nothing_is_said() -> None:
    """And not one more."""
    store = Fragile()
    with pytest.raises(Overloaded):
        await writer_over(store).apply_batch([grant(ME, 1)] * 20_001)
    assert store.begun == 0


async def test_a_writer_that_is_closed_has_answered_everybody() -> None:
    """Whatever was handed in before, in every queue; one that is idle is closed at once."""
    store = Fragile()
    writer = writer_over(store)
    await writer.close()
    store.stop()
    asked = [
        asyncio.create_task(writer.apply_batch([grant(account, 1) for account in ACCOUNTS * 4])),
        asyncio.create_task(writer.apply(grant(ME, 1))),
    ]
    await settled()
    closing = asyncio.create_task(writer.close())
    await settled()
    assert not closing.done()
    store.go_on()
    await closing
    await settled()
    assert [task.done() for task in asked] == [True, True]
    assert len(store.facts) == 241


async def test_a_writer_ends_without_a_failure_once_nothing_waits() -> None:
    """Behind nobody's back; the next command starts another."""
    store = Fragile()
    writer, here = writer_over(store), asyncio.current_task()
    for transactions in (1, 2):
        asked = asyncio.create_task(writer.apply(grant(ME, 1)))
        await asyncio.sleep(0)
        mine = asyncio.all_tasks() - {here, asked}
        assert len(mine) == 1
        await asyncio.gather(asked, *mine)
        assert store.begun == transactions
