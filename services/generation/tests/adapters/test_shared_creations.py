"""Jobs of several accounts that are created in one transaction: what they share, and what they never do."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from chassis.ids import UuidIds
from chassis.postgres import create_engine
from embedded.testing import ServiceDatabase
from generation.adapters.outbound.postgres.unit_of_work import PostgresUnitOfWork, PostgresUnitsOfWork
from generation.application.create_generation import CreateGeneration
from generation.domain.errors import (
    AccountGone,
    IdempotencyKeyReused,
    InvalidInput,
    StorageBusy,
    UnknownModel,
)
from generation.domain.generation import Generation
from generation.domain.identifiers import AccountId, ModelId
from generation.ports.needs import Needs
from generation.ports.unit_of_work import UnitOfWork
from generation_house import House, command
from killed_at_statement import STATEMENTS_MAX, acted, dies, opened, overheard, rows
from sqlalchemy.exc import ProgrammingError

pytestmark = pytest.mark.server

JOBS = 3
CAROL = AccountId("usr_carol")


@pytest.fixture
async def house(database: ServiceDatabase) -> AsyncIterator[House]:
    """The use cases over PostgreSQL."""
    async with opened(database.url) as house:
        yield house


def asked(number: int, key: str = "k", **job: Any) -> CreateGeneration:
    """A job of one of many accounts."""
    wanted = command(model="openai/chat", key=key, **({"max_tokens": 32} | job))
    return replace(wanted, account_id=AccountId(f"usr_{number}"))


async def created(house: House, commands: Sequence[CreateGeneration]) -> list[Any]:
    """What becomes of these when they come together."""
    return list(await asyncio.gather(*map(house.create, commands), return_exceptions=True))


async def test_jobs_that_are_created_together_are_two_transactions(
    database: ServiceDatabase, tmp_path: Path
) -> None:
    """However many they are: one before the ledger is asked, one with its answers."""
    async with overheard(database.url, tmp_path) as (house, wire):
        told = await created(house, [asked(number) for number in range(12)])
        said = wire.said()
    assert [is_earlier for _, is_earlier in told] == [False] * 12
    looked_at = ("BEGIN", "INSERT INTO generations", "INSERT INTO outbox", "SELECT pg_notify")
    counted = {each: said.count(each) for each in looked_at}
    assert counted == {
        "BEGIN": 2,
        "INSERT INTO generations": 12,
        "INSERT INTO outbox": 12,
        "SELECT pg_notify": 1,
    }
    states = "SELECT status, count(*), count(DISTINCT account_id) FROM generations GROUP BY status"
    assert rows(database, states) == [("queued", 12, 12)]


async def test_one_key_at_once_makes_one_job(house: House, database: ServiceDatabase) -> None:
    """The second one gets the first one's job; with another body it is refused, and nobody else is."""
    told = await created(house, [asked(1), asked(1), asked(1, max_tokens=64), asked(2)])
    (first, is_earlier), (second, is_repeated) = told[:2]
    assert (first.generation_id, is_earlier, is_repeated) == (second.generation_id, False, True)
    assert isinstance(told[2], IdempotencyKeyReused)
    assert not told[3][1]
    assert rows(database, "SELECT count(*) FROM generations") == [(2,)]


async def test_refusals_undo_nobody(house: House, database: ServiceDatabase) -> None:
    """Whatever is wrong with one, and an account that is erased: the others' jobs are stored, at once."""
    async with house.units.of_system() as work:
        await work.erasures.begin(AccountId("usr_2"), now=house.clock.now())
    begun = PostgresUnitOfWork.look_at
    looks = []

    async def look_at(work: PostgresUnitOfWork, needs: Sequence[Needs]) -> None:
        looks.append(len(needs))
        await begun(work, needs)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(PostgresUnitOfWork, "look_at", look_at)
        unknown = replace(asked(3), model_id=ModelId("no/model"))
        told = await created(house, [asked(0), asked(1, max_tokens=-1), asked(2), unknown, asked(4)])
    refusals = [type(one) for one in told[1:4]]
    assert refusals == [InvalidInput, AccountGone, UnknownModel]
    assert looks == [5, 2]
    accounts = rows(database, "SELECT account_id FROM generations ORDER BY account_id")
    assert accounts == [("usr_0",), ("usr_4",)]


async def test_a_key_that_another_process_takes_meanwhile_is_its_job(
    house: House, database: ServiceDatabase
) -> None:
    """Between the look and the commit: whoever comes second looks again, and so do those beside it."""
    begun = PostgresUnitOfWork.look_at
    theirs: list[Generation] = []

    async def look_at(work: PostgresUnitOfWork, needs: Sequence[Needs]) -> None:
        await begun(work, needs)
        if not theirs:
            theirs.append(await _stored_elsewhere(database, house))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(PostgresUnitOfWork, "look_at", look_at)
        told = await created(house, [asked(0), asked(1), asked(2)])
    assert [is_earlier for _, is_earlier in told] == [False, True, False]
    assert told[1][0].generation_id == theirs[0].generation_id
    assert rows(database, "SELECT count(*) FROM generations") == [(3,)]


async def test_a_key_that_is_taken_meanwhile_is_seen_by_one_alone(
    house: House, database: ServiceDatabase
) -> None:
    """Nobody else shares its transaction: it looks again all the same."""
    begun = PostgresUnitOfWork.look_at
    theirs: list[Generation] = []

    async def look_at(work: PostgresUnitOfWork, needs: Sequence[Needs]) -> None:
        await begun(work, needs)
        if not theirs:
            theirs.append(await _stored_elsewhere(database, house))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(PostgresUnitOfWork, "look_at", look_at)
        made, is_earlier = await house.create(asked(1))
    assert (made.generation_id, is_earlier) == (theirs[0].generation_id, True)


async def _stored_elsewhere(database: ServiceDatabase, house: House) -> Generation:
    """A job under the key of usr_1, which another process stores."""
    engine = create_engine(database.url)
    try:
        # Each statement of its own: no group of this process is asked.
        handler = replace(house.create, units=PostgresUnitsOfWork(engine, UuidIds()))
        made = handler._priced(asked(1), house.ids.new("gen"))  # type: ignore[arg-type]
        async with handler.units.of(made.account_id) as work:
            assert await work.generations.add(made)
        return made
    finally:
        await engine.dispose()


async def test_one_that_is_being_stored_is_withdrawn(house: House, database: ServiceDatabase) -> None:
    """Who asked for it left, and its transaction is on its way: it is waited for, and never runs."""
    begun, on_its_way, go_on = PostgresUnitOfWork.look_at, asyncio.Event(), asyncio.Event()

    async def look_at(work: PostgresUnitOfWork, needs: Sequence[Needs]) -> None:
        await begun(work, needs)
        on_its_way.set()
        await go_on.wait()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(PostgresUnitOfWork, "look_at", look_at)
        creating = asyncio.create_task(house.create(asked(1)))
        async with asyncio.timeout(20):
            await on_its_way.wait()
            creating.cancel()
            withdrawing = asyncio.create_task(house.withdraw(AccountId("usr_1"), "k"))
            await asyncio.wait({withdrawing}, timeout=0.5)
            go_on.set()
            assert (await withdrawing).cancel_requested
    assert rows(database, "SELECT status, cancel_requested FROM generations") == [("reserving", True)]


async def test_nobody_elses_rows_are_seen_or_written(house: House, database: ServiceDatabase) -> None:
    """The scope of a shared transaction is its steps' accounts: row level security hides all others."""
    hers, _ = await house.create(replace(asked(1), account_id=CAROL))

    async def look(work: UnitOfWork) -> Generation | None:
        return await work.generations.get(hers.generation_id)

    async def write(work: UnitOfWork) -> None:
        await work.generations.add(replace(hers, generation_id="gen_forged", idempotency_key="forged"))  # type: ignore[arg-type]

    mine = Needs(account_id=AccountId("usr_0"))
    assert await house.units.shared(look, mine) is None
    with pytest.raises(ProgrammingError, match="row-level security") as refused:
        await house.units.shared(write, mine)
    assert isinstance(refused.value.orig, psycopg.errors.InsufficientPrivilege)
    assert await house.units.shared(look, Needs(account_id=CAROL)) == hers
    assert rows(database, "SELECT count(*) FROM generations") == [(1,)]


async def test_more_than_may_wait_are_told_to_come_again(database: ServiceDatabase) -> None:
    """Nothing of theirs is kept; those who wait are answered."""
    engine = create_engine(database.url)
    units = PostgresUnitsOfWork(engine, UuidIds(), waiting_max=2)
    house = House(units=units, ids=UuidIds())  # type: ignore[arg-type]
    told = await created(house, [asked(number) for number in range(4)])
    await engine.dispose()
    turned_away = [one for one in told if isinstance(one, StorageBusy)]
    assert len(turned_away) == 2
    assert all(one.retry_after_s > 0 for one in turned_away)
    assert rows(database, "SELECT count(*) FROM generations") == [(2,)]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_creations_that_are_killed_are_created_once_when_they_are_asked_for_again(
    after: bool, database: ServiceDatabase
) -> None:
    """Whatever statement it was, of the first transaction or of the second: all of it is kept, or nothing."""
    crashes = 0
    for at in range(1, STATEMENTS_MAX):
        commands = [asked(number, key=f"k{at}") for number in range(JOBS)]
        died = dies(lambda house, asked=commands: created(house, asked), database.url, at=at, after=after)  # type: ignore[misc]
        state = f"FROM generations WHERE idempotency_key = 'k{at}'"
        assert rows(database, f"SELECT count(*) {state}") in ([(0,)], [(JOBS,)])
        facts = "SELECT count(*) FROM outbox WHERE ce_type LIKE '%GenerationQueued'"
        assert rows(database, facts) in ([(crashes * JOBS,)], [((crashes + 1) * JOBS,)])
        asyncio.run(acted(lambda house, asked=commands: created(house, asked), database.url))  # type: ignore[misc]
        assert rows(database, f"SELECT status, count(*) {state} GROUP BY status") == [("queued", JOBS)]
        assert rows(database, facts) == [((crashes + 1) * JOBS,)]
        if not died:
            break
        crashes += 1
    else:
        pytest.fail("it never came through")
    assert crashes >= 10
