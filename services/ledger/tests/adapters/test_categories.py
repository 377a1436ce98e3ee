"""Categories are the same at every boundary, and one that is not known is never counted as another."""

import re

import psycopg
import pytest
from chassis.clock import SystemClock
from chassis.ids import UuidIds, new_id
from command_makers import grant, reserve
from embedded.testing import ServiceDatabase
from ledger.adapters import messages
from ledger.adapters.inbound.grpc_commands import to_command, to_grant
from ledger.adapters.outbound.postgres.reader import PostgresLedgerReader
from ledger.adapters.outbound.postgres.statements import PostgresStatements
from ledger.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from ledger.application.command_writer import CommandWriter
from ledger.domain.balance import Balance
from ledger.domain.errors import InvalidField
from ledger.domain.lot import Category
from sqlalchemy.ext.asyncio import AsyncEngine
from tintype.ledger.v1 import ledger_pb2 as pb

UNKNOWN = 99


def test_the_contract_has_the_same_categories() -> None:
    """No number is without a category, and no category without a number."""
    assert set(messages.CATEGORIES.values()) | {pb.CATEGORY_UNSPECIFIED} == set(pb.Category.values())
    assert messages.CATEGORIES.keys() == set(Category)


def test_a_balance_tells_each_category_by_its_number() -> None:
    """Whichever there are."""
    by_category = {category: place + 1 for place, category in enumerate(Category)}
    told = messages.balance(Balance("usr_1", available=6, by_category=by_category))
    assert {pb.Category.Name(number): amount for number, amount in told.by_category.items()} == {
        f"CATEGORY_{category.name}": amount for category, amount in by_category.items()
    }


@pytest.mark.parametrize("number", [pb.CATEGORY_UNSPECIFIED, UNKNOWN])
def test_a_number_that_is_no_category_is_refused(number: int) -> None:
    """Alone and in a batch: the field is named, and no command is made."""
    request = pb.GrantRequest(request_id="r", account_id="usr_1", amount=1, source="s", category=number)
    for reading in (lambda: to_grant(request), lambda: to_command(pb.Command(grant=request))):
        with pytest.raises(InvalidField) as refused:
            reading()
        assert refused.value.field == "category"


@pytest.mark.parametrize("table", ["lots", "entries"])
def test_the_tables_allow_the_same_categories(database: ServiceDatabase, table: str) -> None:
    """A category is added to the tables by a migration."""
    with psycopg.connect(database.admin_dsn) as admin:
        row = admin.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE conrelid = %s::regclass AND conname = %s",
            (table, f"{table}_category_check"),
        ).fetchone()
    assert row is not None
    assert set(re.findall(r"'(\w+)'", row[0])) == {category.value for category in Category}


async def test_rows_of_a_category_that_is_not_known_are_counted_as_no_other(
    database: ServiceDatabase, engine: AsyncEngine
) -> None:
    """A newer release wrote them: this one changes nothing of the account, and serves the others."""
    units = PostgresUnitsOfWork(engine, UuidIds())
    writer, reader = CommandWriter(units, SystemClock(), UuidIds()), PostgresLedgerReader(engine)
    me, other = new_id("usr"), new_id("usr")
    for account_id in (me, other):
        await writer.apply(grant(account_id, 100, Category.PAID))
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        admin.execute("ALTER TABLE lots DROP CONSTRAINT lots_category_check")
        admin.execute("ALTER TABLE entries DROP CONSTRAINT entries_category_check")
        admin.execute("SET session_replication_role = replica")
        for table in ("lots", "entries"):
            admin.execute(f"UPDATE {table} SET category = 'gift' WHERE account_id = %s", (me,))
    now = SystemClock().now()
    with pytest.raises(ValueError, match="gift"):
        await reader.balance(me, now)
    with pytest.raises(ValueError, match="gift"):
        await PostgresStatements(engine).balance_as_of(me, now)
    with pytest.raises(ValueError, match="gift"):
        await writer.apply(reserve(me, 1))
    assert await reader.open_reservations() == 0
    await writer.apply(reserve(other, 40))
    left = await reader.balance(other, now)
    assert (left.available, left.by_category) == (60, {Category.PAID: 60})
    await units.close()
