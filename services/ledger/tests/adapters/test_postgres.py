"""The use cases on a real PostgreSQL: locking, replay, append-only rows, row level security."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass

import psycopg
import pytest
from chassis.clock import SystemClock
from chassis.ids import UuidIds, new_id
from chassis.postgres import SYSTEM_SCOPE, transaction
from command_makers import charge, grant, refund, reserve
from embedded.testing import ServiceDatabase
from ledger.adapters.outbound.postgres.many_rows import MANY
from ledger.adapters.outbound.postgres.reader import PostgresLedgerReader
from ledger.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from ledger.application.command_writer import CommandWriter
from ledger.domain.balance import Balance
from ledger.domain.errors import InsufficientCredits
from ledger.domain.lot import Category
from ledger.domain.reservation import ReservationState
from postgres_ledgers import broken_invariants
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

pytestmark = pytest.mark.server


@dataclass
class Ledger:
    """The use cases over one database."""

    engine: AsyncEngine
    admin_dsn: str
    units: PostgresUnitsOfWork
    writer: CommandWriter
    reader: PostgresLedgerReader

    async def open_account(self, amount: int) -> str:
        """Grant credits to a new account and return its id."""
        account_id = new_id("usr")
        await self.writer.apply(grant(account_id, amount))
        return account_id

    async def hold(self, account_id: str, amount: int, reference: str) -> str:
        """Reserve credits for a job and return the reservation's id."""
        reserved = await self.writer.apply(reserve(account_id, amount, reference))
        assert reserved is not None
        return reserved.made_id

    async def balance(self, account_id: str) -> Balance:
        """Return the balance now."""
        return await self.reader.balance(account_id, SystemClock().now())

    def damage(self, statements: str) -> None:
        """Change rows behind the ledger's back, where no trigger and no foreign key refuses it."""
        with psycopg.connect(self.admin_dsn, autocommit=True) as admin:
            admin.execute("SET session_replication_role = replica")
            admin.execute(statements)

    async def violations(self) -> dict[str, int]:
        """Return the invariants that are broken."""
        return await broken_invariants(self.engine)


@pytest.fixture
async def ledger(database: ServiceDatabase, engine: AsyncEngine) -> AsyncIterator[Ledger]:
    """A ledger on a database of its own."""
    units, clock, ids = PostgresUnitsOfWork(engine, UuidIds()), SystemClock(), UuidIds()
    yield Ledger(
        engine=engine,
        admin_dsn=database.admin_dsn,
        units=units,
        writer=CommandWriter(units, clock, ids),
        reader=PostgresLedgerReader(engine),
    )
    await units.close()


async def test_twenty_parallel_reservations_of_75_against_500_hold_six(ledger: Ledger) -> None:
    """Exactly six of twenty run, and the balance is what six cost."""
    account_id = await ledger.open_account(500)
    results = await asyncio.gather(
        *(ledger.hold(account_id, 75, f"gen_{number}") for number in range(20)), return_exceptions=True
    )
    assert sum(isinstance(result, str) for result in results) == 6
    assert sum(isinstance(result, InsufficientCredits) for result in results) == 14
    balance = await ledger.balance(account_id)
    assert (balance.available, balance.held) == (50, 450)
    assert await ledger.violations() == {}


async def test_a_charge_returns_the_rest_and_a_second_settlement_changes_nothing(ledger: Ledger) -> None:
    """The first settlement counts, whichever comes after it."""
    account_id = await ledger.open_account(100)
    reservation_id = await ledger.hold(account_id, 60, "gen_1")
    success = charge(reservation_id, 45, "gen_1")
    first = await ledger.writer.apply(success, event_id="evt_1")
    assert first is not None
    assert (first.balance.available, first.balance.held) == (55, 0)
    assert await ledger.writer.apply(success, event_id="evt_1") is None
    again = await ledger.writer.apply(success, event_id="evt_2")
    assert again is not None
    assert again.replayed
    refunded = await ledger.writer.apply(refund(reservation_id, "gen_1"))
    assert refunded is not None
    assert refunded.reservation.state is ReservationState.CHARGED
    assert (await ledger.balance(account_id)).available == 55
    await ledger.writer.apply(refund(reservation_id, reason="unhappy", even_if_charged=True))
    assert (await ledger.balance(account_id)).available == 100
    assert await ledger.violations() == {}


@pytest.mark.parametrize("accounts", [MANY - 1, MANY], ids=["few", "many"])
async def test_every_fact_has_an_id_of_its_own(ledger: Ledger, accounts: int) -> None:
    """Two facts of one command, and all of a batch, asked twice: consumers take a second one with the same id
    for a repeat and do nothing, and no index refuses it here."""
    writer = CommandWriter(ledger.units, SystemClock(), UuidIds(), low_balance=50)
    names = [f"usr_{number}" for number in range(accounts)]
    await writer.apply_batch([grant(name, 100) for name in names])
    reserves = [reserve(name, 75, f"gen_{name}") for name in names]
    first = await writer.apply_batch(reserves)
    again = await writer.apply_batch(reserves)
    assert [outcome.made_id for outcome in again] == [outcome.made_id for outcome in first]
    async with transaction(ledger.engine, SYSTEM_SCOPE) as connection:
        found = (await connection.execute(text("SELECT ce_type, ce_id FROM outbox"))).all()
    assert Counter(fact.ce_type.rpartition(".")[2] for fact in found) == dict.fromkeys(
        ("CreditsGranted", "CreditsReserved", "BalanceLow"), accounts
    )
    assert len({fact.ce_id for fact in found}) == len(found)


async def test_a_refusal_is_remembered_and_holds_nothing(ledger: Ledger) -> None:
    """The same request is refused again even after credits arrived; another one is served."""
    account_id = await ledger.open_account(10)
    with pytest.raises(InsufficientCredits):
        await ledger.hold(account_id, 11, "gen_1")
    await ledger.writer.apply(grant(account_id, 50, Category.PAID, payment_id="pi_1"))
    with pytest.raises(InsufficientCredits):
        await ledger.hold(account_id, 11, "gen_1")
    assert (await ledger.balance(account_id)).held == 0
    await ledger.hold(account_id, 11, "gen_2")
    assert await ledger.violations() == {}


@pytest.mark.parametrize("statement", ["UPDATE entries SET reason = 'x'", "DELETE FROM entries"])
async def test_the_journal_is_append_only_even_for_its_owner(ledger: Ledger, statement: str) -> None:
    """Privileges stop the service, the trigger stops everybody else."""
    await ledger.open_account(10)
    with psycopg.connect(ledger.admin_dsn) as admin, pytest.raises(psycopg.errors.RestrictViolation):
        admin.execute(statement)


async def test_another_accounts_rows_are_invisible(ledger: Ledger) -> None:
    """Row level security hides what the scope does not name."""
    mine, theirs = await ledger.open_account(10), await ledger.open_account(20)
    async with transaction(ledger.engine, mine) as connection:
        seen = (await connection.scalars(text("SELECT account_id FROM entries"))).all()
    assert seen == [mine]
    assert theirs not in seen


TAMPERING = {
    # The constraint and the index go first: they would refuse the damage themselves.
    "entries_sum_to_zero": "ALTER TABLE entries DROP CONSTRAINT entries_sum_to_zero; "
    "UPDATE entries SET revenue = revenue + 1",
    "payments_granted_once": "DROP INDEX lots_payment; ALTER TABLE lots DROP COLUMN drained; "
    'INSERT INTO lots SELECT (jsonb_populate_record(lots, \'{"grant_id": "grt_copy"}\')).* FROM lots; '
    "UPDATE lots SET payment_id = 'pi_1'",
    "balance_equals_replay": "UPDATE accounts SET available = available + 1",
    "running_balances_hold": "UPDATE entries SET balance_after = balance_after + 1 WHERE sequence = 1",
    "sequences_are_dense": "UPDATE entries SET sequence = sequence + 10",
    "lots_add_up": "UPDATE lots SET amount = amount + 1, spent = spent + 1",
    "held_equals_open_reservations": "UPDATE accounts SET held = held + 1",
    "reservations_match_their_lines": "UPDATE reservations SET line_amounts[1] = line_amounts[1] + 1",
    "reservations_settled_once": "UPDATE reservations SET state = 'refunded', refunded = reserved, "
    "settled_at = now()",
    "clawbacks_match_the_journal": "UPDATE accounts SET debt = debt + 1",
    "budgets_match_reservations": "INSERT INTO budgets SELECT account_id, 'key:1', 'total', '1970-01-01', 7 "
    "FROM accounts",
    "requests_decided_once": "DELETE FROM requests WHERE command = 'ReserveCredits'",
}


ORPHANS = {
    "balance_equals_replay": "UPDATE entries SET account_id = 'usr_nobody'",
    "held_equals_open_reservations": "UPDATE reservations SET account_id = 'usr_nobody'",
    "reservations_match_their_lines": "UPDATE reservations SET line_grants[1] = 'grt_nothing'",
    "clawbacks_match_the_journal": "INSERT INTO clawbacks SELECT 'pi_9', account_id, 0, '{}', '[]', 0, 0 "
    "FROM accounts; UPDATE clawbacks SET granted = 5",
}


@pytest.mark.parametrize("invariant", ORPHANS)
async def test_verify_names_what_belongs_to_nothing(ledger: Ledger, invariant: str) -> None:
    """Rows of accounts, lots and payments that are not there, which no foreign key refuses."""
    account_id = await ledger.open_account(100)
    await ledger.hold(account_id, 40, "gen_1")
    ledger.damage(ORPHANS[invariant])
    assert invariant in await ledger.violations()


@pytest.mark.parametrize("invariant", TAMPERING)
async def test_verify_names_what_was_tampered_with(ledger: Ledger, invariant: str) -> None:
    """Damage that is planted by SQL is found, under the right name."""
    account_id = await ledger.open_account(100)
    await ledger.hold(account_id, 40, "gen_1")
    assert await ledger.violations() == {}
    ledger.damage(TAMPERING[invariant])
    assert invariant in await ledger.violations()
