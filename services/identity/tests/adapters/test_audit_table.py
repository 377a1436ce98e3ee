"""Records stay as they are written, and the database itself holds what administrators may not do."""

import asyncio

import psycopg
import pytest
from chassis.postgres import SYSTEM_SCOPE, transaction
from embedded.testing import ServiceDatabase
from identity.domain.audit import Action
from identity.domain.errors import LastAdministrator
from identity.domain.identifiers import UserId
from identity.domain.user import Role
from identity_world import ADA, EVE, World, postgres_storage
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

pytestmark = pytest.mark.server

CHANGES = (
    "UPDATE audit_records SET reason = 'better'",
    "UPDATE audit_records SET actor = 'somebody else'",
    "DELETE FROM audit_records",
    "TRUNCATE audit_records",
)


@pytest.fixture
def there(world: World, engine: AsyncEngine) -> World:
    """The service over the database."""
    world.rewire(postgres_storage(engine).beneath(world.ports))
    return world


async def admin(there: World, email: str) -> UserId:
    """An administrator."""
    user_id = (await there.sign_up(email)).user.user_id  # type: ignore[arg-type]
    await there.change_user(user_id, role=Role.ADMIN, reason="runs the shop")
    return user_id


async def run(engine: AsyncEngine, statement: str, scope: str = SYSTEM_SCOPE) -> list[tuple[object, ...]]:
    """One statement as the service's role."""
    async with transaction(engine, scope) as connection:
        result = await connection.execute(text(statement))
        return [tuple(row) for row in result] if result.returns_rows else []


@pytest.mark.parametrize("statement", [*CHANGES, "DROP TABLE audit_records"])
async def test_the_service_can_not_change_what_is_recorded(
    there: World, engine: AsyncEngine, statement: str
) -> None:
    """Its role has no such right, whatever scope it says it has."""
    await admin(there, ADA)
    for scope in (SYSTEM_SCOPE, ADA):
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
            await run(engine, statement, scope)
    assert await run(engine, "SELECT reason FROM audit_records") == [("runs the shop",)]


@pytest.mark.parametrize("statement", CHANGES)
async def test_nor_can_who_owns_the_tables(there: World, database: ServiceDatabase, statement: str) -> None:
    """A trigger refuses everybody who has the right."""
    await admin(there, ADA)
    with (
        psycopg.connect(database.admin_dsn) as connection,
        pytest.raises(psycopg.errors.RestrictViolation, match="append only"),
    ):
        connection.execute(statement)


async def test_records_are_read_by_nobody_for_themselves(there: World, engine: AsyncEngine) -> None:
    """Whom one is about writes none about others, and reads none, their own included."""
    ada = await admin(there, ADA)
    assert await run(engine, "SELECT record_id FROM audit_records", ada) == []
    forged = (
        "INSERT INTO audit_records (record_id, action, actor, subject, before, after, reason, occurred_at) "
        "VALUES ('aud_1', 'user.disabled', 'usr_eve', 'usr_eve', '{}', '{}', '', now())"
    )
    with pytest.raises(ProgrammingError, match="row-level security"):
        await run(engine, forged, ada)
    assert await run(engine, "SELECT action FROM audit_records") == [(Action.ROLE_CHANGED.value,)]


@pytest.mark.parametrize("role", ["admin", "support"])
async def test_no_role_changes_unrecorded(there: World, engine: AsyncEngine, role: str) -> None:
    """Not by a statement alone, whatever was recorded before."""
    ada = await admin(there, ADA)
    await admin(there, EVE)
    await there.change_user(ada, role=Role.SUPPORT)
    await there.change_user(ada, role=Role.USER)
    with pytest.raises(IntegrityError, match="together with its record"):
        await run(engine, f"UPDATE users SET role = '{role}' WHERE user_id = '{ada}'")
    assert await run(engine, f"SELECT role FROM users WHERE user_id = '{ada}'") == [("user",)]


async def test_of_two_administrators_who_remove_each_other_one_stays(
    there: World, engine: AsyncEngine
) -> None:
    """At the same time, one by the role and one by disabling."""
    first, second = await admin(there, ADA), await admin(there, EVE)
    outcomes = await asyncio.gather(
        there.change_user(first, role=Role.USER),
        there.change_user(second, disabled=True),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes].count(LastAdministrator) == 1
    standing = "SELECT count(*) FROM users WHERE role = 'admin' AND disabled_at IS NULL"
    assert await run(engine, standing) == [(1,)]
    assert len(await run(engine, "SELECT record_id FROM audit_records")) == 3
