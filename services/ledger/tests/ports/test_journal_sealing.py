"""The sealer on a real PostgreSQL: every committed entry once, in order, whoever commits when."""

import asyncio
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from embedded.testing import ServiceDatabase
from journal_rows import Journal, open_journal
from ledger.adapters.outbound.postgres.sealing import PostgresJournalSealing
from ledger.application.seal_journal import Sealed, SealJournalHandler
from ledger.domain.chain import GENESIS, Head, seal_hash
from ledger.domain.seal import ChainGrowth
from sqlalchemy.ext.asyncio import AsyncEngine

pytestmark = pytest.mark.server

ROUND = 5


@pytest.fixture
def journal(database: ServiceDatabase) -> Iterator[Journal]:
    """A writer."""
    journal = open_journal(database)
    yield journal
    journal.connection.close()


@pytest.fixture
def seal(engine: AsyncEngine) -> SealJournalHandler:
    """A sealer with rounds of five entries."""
    return SealJournalHandler(PostgresJournalSealing(engine, round_entries=ROUND))


def rows(database: ServiceDatabase, query: str) -> list[Any]:
    """Read as a superuser."""
    with psycopg.connect(database.admin_dsn) as admin:
        return admin.execute(query).fetchall()


def heads(database: ServiceDatabase) -> dict[str, int]:
    """How far each account's chain goes; fails when one has a gap."""
    found = rows(database, "SELECT account_id, max(sequence), count(*) FROM sealed_entries GROUP BY 1")
    assert all(last == count for _, last, count in found)
    return {account: last for account, last, _ in found}


async def test_everything_committed_is_sealed_once(
    database: ServiceDatabase, journal: Journal, seal: SealJournalHandler
) -> None:
    """Many rounds, many accounts, transactions larger than a round; afterwards there is nothing to do."""
    for number in range(8):
        journal.write("usr_a", rows=2)
        journal.write(f"usr_{number}")
        journal.commit()
    journal.write("usr_big", rows=3 * ROUND)
    journal.commit()
    sealed = await seal()
    assert sealed.entries == 8 * 3 + 3 * ROUND
    assert heads(database) == {"usr_a": 16, "usr_big": 15} | {f"usr_{number}": 1 for number in range(8)}
    assert rows(database, "SELECT sum(entries), count(*), max(seal_id) FROM seals") == [
        (sealed.entries, sealed.seals, sealed.seals)
    ]
    assert (await seal()).entries == 0


async def test_one_huge_transaction_is_sealed_a_few_accounts_at_a_time(
    database: ServiceDatabase, engine: AsyncEngine, journal: Journal
) -> None:
    """No round is larger than another, one that ends in the middle is gone on with, and so is the journal."""
    journal.write("usr_before")
    journal.commit()
    for number in range(20):
        journal.write(f"usr_{number:02}", rows=1 + number % 3)
    journal.write("usr_zz", rows=7 * ROUND)
    journal.commit()
    journal.write("usr_05")
    journal.write("usr_after")
    journal.commit()
    few = PostgresJournalSealing(engine, round_entries=ROUND, walked_accounts=3)
    for _ in range(3):
        assert await one_round(few)
    restarted = SealJournalHandler(PostgresJournalSealing(engine, round_entries=ROUND, walked_accounts=3))
    await restarted()
    expected = {f"usr_{number:02}": 1 + number % 3 for number in range(20)}
    expected |= {"usr_before": 1, "usr_zz": 7 * ROUND, "usr_05": 4, "usr_after": 1}
    assert heads(database) == expected
    assert rows(database, f"SELECT max(entries) <= {2 * ROUND} FROM seals") == [(True,)]
    journal.write("usr_zz")
    journal.commit()
    assert (await restarted()).entries == 1
    assert await SealJournalHandler(few)() == Sealed()


async def one_round(journal: PostgresJournalSealing) -> bool:
    """Seal one round; return whether more waits."""
    async with journal.begin() as sealing:
        assert sealing is not None
        chains: dict[str, ChainGrowth] = {}
        async for account_id, head, line in sealing.unsealed():
            first = head.sequence + 1
            growth = ChainGrowth(account_id=account_id, head=head, first_sequence=first)
            chains.setdefault(account_id, growth).add(line)
        seal = sealing.previous.followed_by(list(chains.values()))
        return await sealing.finish(seal if chains else None)


async def test_a_late_commit_is_not_lost(
    database: ServiceDatabase, journal: Journal, seal: SealJournalHandler
) -> None:
    """A transaction that began first and commits last is sealed once it is there."""
    late = open_journal(database)
    late.write("usr_late")
    journal.write("usr_early", rows=2)
    journal.commit()
    await seal()
    assert heads(database) == {}, "what an older transaction may still precede waits"
    late.commit()
    await seal()
    assert heads(database) == {"usr_early": 2, "usr_late": 1}
    late.connection.close()


async def test_an_account_grows_in_order_whatever_the_transaction_ids(
    database: ServiceDatabase, journal: Journal, seal: SealJournalHandler
) -> None:
    """The older transaction writes the later entry of an account: both are sealed, in sequence."""
    older = open_journal(database)
    older.write("usr_other")
    journal.write("usr_a")
    journal.commit()
    older.ends["usr_a"] = journal.ends["usr_a"]
    older.write("usr_a")
    older.commit()
    for _ in range(ROUND):
        journal.write("usr_b", rows=2)
        journal.commit()
    await seal()
    assert heads(database) == {"usr_a": 2, "usr_b": 2 * ROUND, "usr_other": 1}
    older.connection.close()


async def test_two_sealers_never_work_at_once(engine: AsyncEngine, journal: Journal) -> None:
    """While one replica has a round open another gets none."""
    journal.write("usr_a")
    journal.commit()
    first, second = PostgresJournalSealing(engine), PostgresJournalSealing(engine)
    async with first.begin() as mine:
        assert mine is not None
        async with second.begin() as theirs:
            assert theirs is None
        assert (await SealJournalHandler(second)()).entries == 0
    assert (await SealJournalHandler(second)()).entries == 1


async def test_replicas_that_race_seal_everything_once(
    database: ServiceDatabase, engine: AsyncEngine, journal: Journal
) -> None:
    """Three sealers and a writer at once: no gap, no entry twice, one chain of seals."""
    sealers = [SealJournalHandler(PostgresJournalSealing(engine, round_entries=ROUND)) for _ in range(3)]

    async def write() -> None:
        for number in range(60):
            await asyncio.to_thread(_write_and_commit, journal, f"usr_{number % 7}")

    writing = asyncio.create_task(write())
    while not writing.done():
        await asyncio.gather(*(sealer() for sealer in sealers))
    await writing
    await sealers[0]()
    assert sum(heads(database).values()) == 60
    previous = GENESIS
    for seal_id, (accounts, lasts, made, number) in enumerate(
        rows(database, "SELECT accounts, last_sequences, hash, seal_id FROM seals ORDER BY seal_id"), 1
    ):
        assert number == seal_id
        hashes = {
            (account, sequence): sealed
            for account, sequence, sealed in rows(database, "SELECT * FROM sealed_entries")
        }
        ends = [
            (account, Head(last, hashes[account, last]))
            for account, last in zip(accounts, lasts, strict=True)
        ]
        previous = seal_hash(previous, ends)
        assert made == previous


async def test_what_is_sealed_does_not_hide_what_is_not(
    database: ServiceDatabase, journal: Journal, seal: SealJournalHandler
) -> None:
    """A whole round of entries that were sealed with a later one does not stop the sealer."""
    older = open_journal(database)
    older.write("usr_other")
    for _ in range(4 * ROUND):
        journal.write("usr_a")
        journal.commit()
    older.ends["usr_a"] = journal.ends["usr_a"]
    older.write("usr_a")
    older.commit()
    journal.write("usr_last")
    journal.commit()
    await seal()
    assert heads(database) == {"usr_a": 4 * ROUND + 1, "usr_last": 1, "usr_other": 1}
    older.connection.close()


async def test_a_gap_stops_its_account_alone(
    database: ServiceDatabase, journal: Journal, seal: SealJournalHandler
) -> None:
    """A journal with a hole is sealed up to the hole; the others go on."""
    journal.write("usr_hole", rows=2)
    journal.ends["usr_hole"] = (3, 20)
    journal.write("usr_hole", rows=4 * ROUND)
    journal.write("usr_a", rows=3)
    journal.commit()
    journal.write("usr_b")
    journal.commit()
    await seal()
    assert heads(database) == {"usr_a": 3, "usr_b": 1, "usr_hole": 2}
    assert (await seal()).entries == 0


async def test_a_restored_server_counts_transactions_anew(
    database: ServiceDatabase, engine: AsyncEngine, journal: Journal, seal: SealJournalHandler
) -> None:
    """A horizon from another server's future does not hide what is written now."""
    journal.write("usr_a")
    journal.commit()
    await seal()
    with psycopg.connect(database.admin_dsn) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute("UPDATE seals SET horizon = '9000000000000'")
    journal.write("usr_a")
    journal.commit()
    await seal()
    assert heads(database) == {"usr_a": 2}


def _write_and_commit(journal: Journal, account_id: str) -> None:
    journal.write(account_id)
    journal.commit()
