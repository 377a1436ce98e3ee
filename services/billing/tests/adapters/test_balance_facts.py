"""Facts that move balances: of nearly all of them a look says that nobody wants to know."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from billing.adapters.outbound.postgres.billing_reader import PostgresBillingReader
from billing.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from billing.application import hear_balance
from billing.application.hear_balance import HearBalance, HearBalanceHandler
from billing.domain.auto_top_up import AutoTopUp
from chassis.postgres import create_engine
from chassis.testing.clock import HandClock
from chassis.testing.ids import CountingIds
from chassis.testing.wire import ROUND_TRIP, Wire
from embedded.testing import ServiceDatabase
from sqlalchemy.ext.asyncio import AsyncEngine

pytestmark = pytest.mark.server

LOOK = ["BEGIN", "SELECT set_config", "SELECT auto_top_ups", "COMMIT", ROUND_TRIP]


@pytest.fixture
async def engine(service_database: Callable[[str], ServiceDatabase]) -> AsyncIterator[AsyncEngine]:
    """Billing's database."""
    engine = create_engine(service_database("billing").url)
    yield engine
    await engine.dispose()


def heard(engine: AsyncEngine) -> HearBalanceHandler:
    """What a process that has just started does with a fact."""
    units = PostgresUnitsOfWork(engine, CountingIds())
    return HearBalanceHandler(units, PostgresBillingReader(engine), HandClock())


def moved(user_id: str, available: int, sequence: int) -> HearBalance:
    """A fact of the ledger's."""
    return HearBalance(user_id=user_id, available=available, sequence=sequence)


async def want(engine: AsyncEngine, user_id: str) -> None:
    """Ask for packs below 100 credits."""
    async with PostgresUnitsOfWork(engine, CountingIds()).of(user_id) as work:
        wanted = AutoTopUp(user_id=user_id, threshold_credits=100, pack_id="starter", purchases_max=3)
        assert await work.add_auto_top_up(wanted)


async def standing(engine: AsyncEngine, user_id: str) -> AutoTopUp:
    """Where it stands."""
    async with PostgresUnitsOfWork(engine, CountingIds()).of(user_id) as work:
        found = await work.auto_top_up(user_id)
    assert found is not None
    return found


async def test_who_asked_for_nothing_costs_one_look(engine: AsyncEngine, wire: Wire) -> None:
    """One round trip, and no transaction in their scope."""
    assert not await heard(engine)(moved("usr_1", 5, 1))
    assert wire.said() == LOOK


async def test_facts_that_come_together_are_one_look(engine: AsyncEngine, wire: Wire) -> None:
    """Of thirty, in one round trip."""
    hear = heard(engine)
    noticed = await asyncio.gather(*(hear(moved(f"usr_{number}", 5, 1)) for number in range(30)))
    assert not any(noticed)
    assert wire.said() == LOOK


async def test_the_one_who_asked_is_noticed_among_all_others(engine: AsyncEngine) -> None:
    """In the same look as thirty who did not."""
    await want(engine, "usr_7")
    hear = heard(engine)
    noticed = await asyncio.gather(*(hear(moved(f"usr_{number}", 5, 1)) for number in range(30)))
    assert [number for number, is_noticed in enumerate(noticed) if is_noticed] == [7]
    stands = await standing(engine, "usr_7")
    assert (stands.available, stands.sequence) == (5, 1)
    assert stands.due_at is not None


async def test_what_one_account_is_told_at_once_ends_with_the_newest(engine: AsyncEngine) -> None:
    """In whatever order the facts come, each twice, before and after a new start."""
    await want(engine, "usr_1")
    told = [moved("usr_1", 200 - sequence, sequence) for sequence in (3, 150, 7, 120, 1)]
    for hear in (heard(engine), heard(engine)):
        await asyncio.gather(*(hear(fact) for fact in [*told, *told]))
        stands = await standing(engine, "usr_1")
        assert (stands.available, stands.sequence) == (50, 150)
    before = stands.due_at
    assert not await heard(engine)(moved("usr_1", 500, 149))
    assert (await standing(engine, "usr_1")).due_at == before


async def test_who_asks_is_noticed_from_the_next_fact_on(engine: AsyncEngine) -> None:
    """No process remembers who asked for nothing."""
    hear = heard(engine)
    assert not await hear(moved("usr_1", 5, 1))
    await want(engine, "usr_1")
    assert await hear(moved("usr_1", 4, 2))


async def test_facts_take_few_connections(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many of those who asked are told of at once."""
    users = [f"usr_{number}" for number in range(20)]
    for user_id in users:
        await want(engine, user_id)
    hear, open_now, most = heard(engine), 0, 0
    note = HearBalanceHandler._note

    async def counted(self: HearBalanceHandler, command: HearBalance) -> bool:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        try:
            return await note(self, command)
        finally:
            open_now -= 1

    monkeypatch.setattr(HearBalanceHandler, "_note", counted)
    assert all(await asyncio.gather(*(hear(moved(user_id, 5, 1)) for user_id in users)))
    assert most == hear_balance.AT_ONCE_MAX
