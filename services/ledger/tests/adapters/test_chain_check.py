"""Whatever is changed behind the ledger's back breaks the chain, and is named."""

from collections.abc import Iterable

import psycopg
import pytest
from chassis.postgres import SYSTEM_SCOPE, transaction
from embedded.testing import ServiceDatabase
from journal_rows import open_journal
from ledger.adapters.outbound.postgres.chain_check import chain_holds
from ledger.adapters.outbound.postgres.journal_lines import LINE_COLUMNS, line
from ledger.adapters.outbound.postgres.sealing import PostgresJournalSealing
from ledger.application.seal_journal import SealJournalHandler
from ledger.domain.chain import GENESIS, next_hash
from ledger.ports.invariants import InvariantResult
from sqlalchemy.ext.asyncio import AsyncEngine

pytestmark = pytest.mark.server

ONE = "WHERE account_id = 'usr_b' AND sequence = 4"
CHANGED = "usr_b 4: the entry or its hash was changed"
AFTER = "usr_b 5: the entry or its hash was changed"

# What is done, and what must be named for it.
TAMPERING = {
    "reason": (f"UPDATE entries SET reason = 'gift' {ONE}", {CHANGED}),
    "actor": (f"UPDATE entries SET actor = 'usr_other' {ONE}", {CHANGED}),
    "metadata": (f'UPDATE entries SET metadata = \'{{"a": "b"}}\' {ONE}', {CHANGED}),
    "amounts": (
        f"UPDATE entries SET available = 11, world = -11, balance_after = balance_after + 1 {ONE}",
        {CHANGED},
    ),
    "held": (f"UPDATE entries SET held_after = 3 {ONE}", {CHANGED}),
    "kind": (f"UPDATE entries SET kind = 'refund' {ONE}", {CHANGED}),
    "category": (f"UPDATE entries SET category = 'promotional' {ONE}", {CHANGED}),
    "time": (f"UPDATE entries SET created_at = created_at + interval '1 microsecond' {ONE}", {CHANGED}),
    "a time that never ends": (f"UPDATE entries SET created_at = 'infinity' {ONE}", {CHANGED}),
    "request": (f"UPDATE entries SET request_id = 'payment:pi_9' {ONE}", {CHANGED}),
    "grant": (f"UPDATE entries SET grant_id = 'grt_9' {ONE}", {CHANGED}),
    "reservation": (f"UPDATE entries SET reservation_id = 'res_9' {ONE}", {CHANGED}),
    "reference": (f"UPDATE entries SET reference = 'gen_9' {ONE}", {CHANGED}),
    "payment": (f"UPDATE entries SET payment_id = NULL {ONE}", {CHANGED}),
    "ids": (f"UPDATE entries SET entry_id = 'ent_9', transaction_id = 'txn_9' {ONE}", {CHANGED}),
    "a hash": (
        f"UPDATE sealed_entries SET hash = decode(repeat('ab', 32), 'hex') {ONE}",
        {CHANGED, AFTER},
    ),
    "an entry is deleted": (f"DELETE FROM entries {ONE}", {"usr_b 4: the entry is gone"}),
    "an entry is deleted with its hash": (
        f"DELETE FROM entries {ONE}; DELETE FROM sealed_entries {ONE}",
        {"usr_b 4: the entry is gone"},
    ),
    "a hash is deleted": (f"DELETE FROM sealed_entries {ONE}", {"usr_b 4: passed over by the seals"}),
    "the end is cut off": (
        """DELETE FROM entries WHERE account_id = 'usr_b' AND sequence = 6;
        DELETE FROM sealed_entries WHERE account_id = 'usr_b' AND sequence = 6""",
        {"usr_b 6: its hash is gone, by seal 3", "usr_b 6: hashes and seals do not meet"},
    ),
    "only the last hash is cut off": (
        "DELETE FROM sealed_entries WHERE account_id = 'usr_b' AND sequence = 6",
        {"usr_b 6: passed over by the seals"},
    ),
    "an account is erased": (
        """DELETE FROM entries WHERE account_id = 'usr_c';
        DELETE FROM sealed_entries WHERE account_id = 'usr_c'""",
        {"usr_c 2: its hash is gone, by seal 1"},
    ),
    "an entry is slipped in": (
        """INSERT INTO entries SELECT (jsonb_populate_record(e, '{"sequence": 7, "entry_id": "ent_7"}')).*
        FROM entries e WHERE account_id = 'usr_b' AND sequence = 1""",
        {"usr_b 7: passed over by the seals"},
    ),
    "the last seal is deleted": (
        "DELETE FROM seals WHERE seal_id = 3",
        {"usr_b 5: hashes and seals do not meet"},
    ),
    "a seal is deleted": (
        "DELETE FROM seals WHERE seal_id = 2",
        {"seal 2: is gone", "usr_a 3: hashes and seals do not meet"},
    ),
    "a seal's hash": (
        "UPDATE seals SET hash = decode(repeat('ab', 32), 'hex') WHERE seal_id = 2",
        {
            "seal 2: it, the one before it or a hash that it covers was changed",
            "seal 3: it, the one before it or a hash that it covers was changed",
        },
    ),
    "what a seal covers": (
        "UPDATE seals SET last_sequences[1] = 5 WHERE seal_id = 3",
        {"seal 3: it, the one before it or a hash that it covers was changed"},
    ),
    "whom a seal covers": (
        "UPDATE seals SET accounts = ARRAY['usr_c'] WHERE seal_id = 3",
        {"usr_c 6: its hash is gone, by seal 3"},
    ),
    "a chain that is made anew": (
        f"UPDATE entries SET reason = 'gift' {ONE}; SELECT remake()",
        {"seal 2: it, the one before it or a hash that it covers was changed"},
    ),
}


@pytest.fixture(autouse=True)
async def _three_seals(database: ServiceDatabase, engine: AsyncEngine) -> None:
    """Three accounts in three seals: usr_b grows by two entries in each."""
    journal = open_journal(database)
    for round_number in range(3):
        for account in ("usr_a", "usr_b", "usr_c")[: 3 if round_number == 0 else 2]:
            journal.write(account, rows=0 if (round_number, account) == (2, "usr_a") else 2)
        journal.commit()
        await SealJournalHandler(PostgresJournalSealing(engine))()
    journal.connection.close()


async def check(engine: AsyncEngine) -> InvariantResult:
    """Run the check as Verify does."""
    async with transaction(engine, SYSTEM_SCOPE) as connection:
        return await chain_holds(connection)


@pytest.mark.parametrize("what", TAMPERING)
async def test_tampering_is_named(database: ServiceDatabase, engine: AsyncEngine, what: str) -> None:
    """Every change by SQL is found at the account and the sequence where it was made."""
    whole = await check(engine)
    assert (whole.violations, whole.checked) == (0, 12)
    statements, named = TAMPERING[what]
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        if "remake()" in statements:
            statements, _, _ = statements.partition(";")
            admin.execute(statements)
            remake(admin)
        else:
            admin.execute(statements)
    broken = await check(engine)
    assert broken.violations >= len(named)
    assert named <= set(broken.examples), broken.examples
    assert _about("usr_a", broken.examples) == _about("usr_a", named), "nobody else is accused"


def _about(account_id: str, offenders: Iterable[str]) -> set[str]:
    return {offender for offender in offenders if offender.startswith(account_id)}


def remake(admin: "psycopg.Connection[tuple[object, ...]]") -> None:
    """Chain an account's hashes anew, as someone would who knows how."""
    made = GENESIS
    query = f"SELECT {LINE_COLUMNS} FROM entries e WHERE account_id = 'usr_b' ORDER BY sequence"
    for row in admin.execute(query.replace("\\:", ":")).fetchall():
        sealed = line(row)
        made = next_hash(made, sealed)
        admin.execute(
            "UPDATE sealed_entries SET hash = %s WHERE account_id = 'usr_b' AND sequence = %s",
            (made, sealed["sequence"]),
        )


async def test_what_waits_for_the_sealer_is_no_offence(
    database: ServiceDatabase, engine: AsyncEngine
) -> None:
    """New entries at the end of a chain are not sealed yet, and that is all."""
    journal = open_journal(database)
    journal.ends["usr_a"] = (4, 40)
    journal.write("usr_a", rows=3)
    journal.write("usr_new")
    journal.commit()
    journal.connection.close()
    result = await check(engine)
    assert (result.violations, result.checked) == (0, 12)
