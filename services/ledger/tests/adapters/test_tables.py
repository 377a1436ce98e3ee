"""The tables as the code names them are those that the migrations make."""

import psycopg
import pytest
from embedded.testing import ServiceDatabase
from ledger.adapters.outbound.postgres import tables

pytestmark = pytest.mark.server

# What the database fills in, and only queries of our own read.
_NOT_WRITTEN = {"accounts": {"created_at"}, "entries": {"xid"}}


def test_tables_have_the_columns_that_the_code_names(database: ServiceDatabase) -> None:
    """Each of them, and no other that would be left out of what is written."""
    with psycopg.connect(database.admin_dsn) as admin:
        rows = admin.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        ).fetchall()
    there: dict[str, set[str]] = {}
    for table, column in rows:
        there.setdefault(table, set()).add(column)
    for name, table in tables.metadata.tables.items():
        named = {column.name for column in table.c} | _NOT_WRITTEN.get(name, set())
        assert there[name] == named, name
