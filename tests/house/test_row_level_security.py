"""The database itself keeps everybody's rows from everybody else: every table is looked at, not a list."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg
import pytest
from embedded.testing import ServiceDatabase
from psycopg import sql
from source import SERVICES

Clone = Callable[[str], ServiceDatabase]
# Tables that may stand without it, each for its reason; any other table, of whatever new feature, may not.
NOBODYS = {
    "alembic_version": "which migrations ran",
    "inbox": "ids of facts that were heard",
    "outbox": "facts on their way to everybody; no request of a person reads it",
    "published_facts": "facts that everybody was told; no request of a person reads it",
    "dead_letters": "facts that could not be handled; people with a role read their ids, operators the whole",
    "identity.audit_records": "what people with a role did: it has policies of its own, and nobody reads it",
    "identity.invitations": "addresses of people who have no account yet",
    "billing.webhook_events": "what a processor sent before anybody knows whom it is about",
    "billing.promotions": "codes that are the same for everybody",
    "billing.processor_prices": "prices that are the same for everybody",
    "billing.processor_scans": "how far the processor's lists were read",
    "generation.deletions": "names of files that nobody owns any more",
    "ledger.seals": "hashes over entries of many accounts, which hide what they are of",
}
# By these names a table says whose its rows are.
OWNERS = ("user_id", "account_id", "inviter_id", "invited_id", "owner_id", "member_id")
ADA, EVE = "usr_ada", "usr_eve"
TABLES = """
SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity,
    ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
          ORDER BY attnum),
    ARRAY(SELECT concat(pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
          FROM pg_policy WHERE polrelid = c.oid)
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'f', 'm', 'v')
ORDER BY c.relname
"""
# What a value has to look like is another wall: it must not be this one that holds by accident.
UNCHECKED = """
SELECT format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', conrelid::regclass, conname)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('f', 'c', 'u', 'p')
UNION ALL
SELECT format('DROP INDEX IF EXISTS %s', indexrelid::regclass) FROM pg_index
WHERE indrelid::regclass::text IN (SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace)
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
UNION ALL
SELECT format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', attrelid::regclass, attname) FROM pg_attribute
JOIN pg_class ON pg_class.oid = attrelid AND relkind = 'r' AND relnamespace = 'public'::regnamespace
WHERE attnum > 0 AND attnotnull AND attidentity = ''
"""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table as the database has it."""

    name: str
    is_behind_the_wall: bool
    columns: list[str]
    policies: list[str]

    @property
    def owners(self) -> list[str]:
        """The columns that say whose a row is."""
        return [column for column in self.columns if column in OWNERS]


def tables(database: ServiceDatabase) -> list[Table]:
    """Every table there is."""
    with psycopg.connect(database.admin_dsn) as admin:
        return [
            Table(name=name, is_behind_the_wall=wall, columns=columns, policies=policies)
            for name, wall, columns, policies in admin.execute(TABLES).fetchall()
        ]


@pytest.mark.parametrize("service", SERVICES)
def test_every_table_is_behind_the_wall_or_is_named(service: str, service_database: Clone) -> None:
    """ENABLE, FORCE and a policy that asks whose transaction it is; what is nobody's has its reason above."""
    found = tables(service_database(service))
    assert found
    for table in found:
        if not {table.name, f"{service}.{table.name}"}.isdisjoint(NOBODYS):
            assert not table.owners, f"{service}.{table.name} is said to be nobody's"
            continue
        assert table.is_behind_the_wall, f"{service}.{table.name}: ENABLE and FORCE ROW LEVEL SECURITY"
        assert len(table.policies) == 1, f"{service}.{table.name}: one policy (policies widen each other)"
        assert "app.account" in table.policies[0], f"{service}.{table.name}"
        assert table.owners, f"{service}.{table.name}: no column says whose a row is"
        for owner in table.owners:
            assert owner in table.policies[0], f"{service}.{table.name}: the policy ignores {owner}"


def test_no_reason_outlives_its_table(service_database: Clone) -> None:
    """A table that is gone, or renamed, leaves no hole behind."""
    found = {f"{service}.{table.name}" for service in SERVICES for table in tables(service_database(service))}
    names = found | {name.partition(".")[2] for name in found}
    assert set(NOBODYS) <= names


@pytest.mark.parametrize("service", SERVICES)
def test_the_role_is_under_the_wall(service: str, service_database: Clone) -> None:
    """Neither the service's role nor the tables' owner may pass by."""
    with psycopg.connect(service_database(service).admin_dsn) as admin:
        passing = "SELECT bool_or(rolsuper OR rolbypassrls) FROM pg_roles WHERE rolname = ANY(%s)"
        assert admin.execute(passing, ([f"{service}_owner", f"{service}_service"],)).fetchone() == (False,)
        ours = f"SELECT count(*) FROM pg_tables WHERE tableowner = '{service}_service'"
        assert admin.execute(ours).fetchone() == (0,)


@pytest.fixture
def bare(service_database: Clone) -> Callable[[str], ServiceDatabase]:
    """A database with nothing but its policies: every right is granted, and nothing else is checked."""

    def stripped(service: str) -> ServiceDatabase:
        database = service_database(service)
        with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
            for (statement,) in admin.execute(UNCHECKED).fetchall():
                admin.execute(statement)
            admin.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {service}_service")
            admin.execute("ALTER DATABASE " + (admin.info.dbname) + " SET session_replication_role = replica")
        return database

    return stripped


def rows_of_ada(database: ServiceDatabase, table: Table) -> Iterator[tuple[str, sql.Composed]]:
    """Put a row of Ada's into the table by each column that can say so; yields how it would be said again."""
    for owner in table.owners:
        # Where a row is two people's, the other one is somebody else yet.
        named = dict.fromkeys(table.owners, "usr_bob") | {owner: ADA}
        insert = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table.name),
            sql.SQL(", ").join(map(sql.Identifier, named)),
            sql.SQL(", ").join(map(sql.Literal, named.values())),
        )
        with psycopg.connect(database.admin_dsn) as admin:
            admin.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(table.name)))
            admin.execute(insert)
        yield owner, insert


@pytest.mark.parametrize("service", SERVICES)
def test_nobody_reaches_anothers_rows(service: str, bare: Callable[[str], ServiceDatabase]) -> None:
    """As Eve, and as nobody, the role finds no row of Ada's, changes none, deletes none and adds none."""
    database = bare(service)
    dsn = database.url.replace("+psycopg", "")
    tried = 0
    for table in (table for table in tables(database) if table.owners):
        name = sql.Identifier(table.name)
        for owner, insert in rows_of_ada(database, table):
            place = f"{service}.{table.name} by {owner}"
            for scope in (EVE, "", None):
                with psycopg.connect(dsn, autocommit=True) as role:
                    if scope is not None:
                        role.execute("SELECT set_config('app.account', %s, false)", (scope,))
                    assert role.execute(sql.SQL("SELECT * FROM {}").format(name)).fetchall() == [], place
                    change = sql.SQL("UPDATE {} SET {} = {}").format(name, sql.Identifier(owner), EVE)
                    assert role.execute(change).rowcount == 0, place
                    assert role.execute(sql.SQL("DELETE FROM {}").format(name)).rowcount == 0, place
                    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
                        role.execute(insert)
            with psycopg.connect(dsn, autocommit=True) as role:
                # What was tried is there to be found, by its owner; and nobody gives a row away.
                role.execute("SELECT set_config('app.account', %s, false)", (ADA,))
                assert len(role.execute(sql.SQL("SELECT * FROM {}").format(name)).fetchall()) == 1, place
                given = sql.SQL("UPDATE {} SET {}").format(
                    name,
                    sql.SQL(", ").join(
                        sql.SQL("{} = {}").format(sql.Identifier(one), EVE) for one in table.owners
                    ),
                )
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
                    role.execute(given)
            tried += 1
    assert tried
