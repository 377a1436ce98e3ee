"""After an erasure no row of the database names the person, whatever table some feature has added."""

from dataclasses import replace

import psycopg
import pytest
from authenticator import Authenticator
from chassis.testing.clock import HandClock
from embedded.testing import ServiceDatabase
from identity.adapters.outbound.fakes import MemoryHasher
from identity.adapters.outbound.memory.store import MemoryStore
from identity.adapters.outbound.postgres.passkeys import PostgresPasskeyCeremonies
from identity.application.add_passkey import AddPasskey
from identity.application.erase_user import EraseUser
from identity.application.log_in import LogIn
from identity.application.request_password_reset import RequestPasswordReset
from identity.application.sign_up import SignUp
from identity.bootstrap.memory import memory_ports
from identity.bootstrap.parts import wire_erase_user, wire_handlers
from identity.bootstrap.ports import Ports
from identity.domain.errors import IdentityError
from identity.domain.identifiers import UserId
from identity.domain.user import EmailAddress
from identity.domain.welcome import WelcomePolicy
from identity_world import ADA, CLIENT, EVE, PASSWORD, create_api_key, from_, postgres_storage
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

pytestmark = pytest.mark.server

# What still names the account, by its id alone, and why.
NAMES_THE_ID = {
    "erasures": "says that it is erased, and where",
    "outbox": "tells the others that it is",
}
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
PUBLISH = """
WITH told AS (DELETE FROM outbox RETURNING id, subject, ce_id, ce_type, ce_source, ce_time, headers, payload)
INSERT INTO published_facts SELECT * FROM told
"""
LETTER = """
INSERT INTO dead_letters (event_id, ce_type, subject, headers, payload, deliveries, error)
VALUES (%s, 'x', %s, '{}', %s, 1, 'no')
"""


@pytest.fixture
def ports(engine: AsyncEngine) -> Ports:
    """Real storage, quick everything else."""
    quick = memory_ports(MemoryStore(), clock=HandClock(), hasher=MemoryHasher())
    at_once = WelcomePolicy(after_confirmation=False, once_per_mailbox=True)
    return postgres_storage(engine).beneath(
        replace(quick, welcome=at_once, ceremonies=PostgresPasskeyCeremonies(engine))
    )


def tables_with(database: ServiceDatabase, words: tuple[str, ...]) -> set[str]:
    """Every table with a row that holds one of the words, as text or as bytes."""
    found = set()
    with psycopg.connect(database.admin_dsn) as admin:
        for (table,) in admin.execute(TABLES).fetchall():
            rows = " ".join(row[0] for row in admin.execute(f"SELECT t::text FROM {table} t"))
            if any(word in rows or word.encode().hex() in rows for word in words):
                found.add(table)
    return found


def rows_with(database: ServiceDatabase, word: str) -> dict[str, int]:
    """How many rows of each table hold a word."""
    with psycopg.connect(database.admin_dsn) as admin:
        names = [table for (table,) in admin.execute(TABLES).fetchall()]
        texts = {table: admin.execute(f"SELECT t::text FROM {table} t").fetchall() for table in names}
    return {table: sum(word in row[0] for row in rows) for table, rows in texts.items()}


async def confirm(ports: Ports, user_id: UserId) -> None:
    """Somebody has shown to read mail at the address."""
    async with ports.units.of(user_id) as work:
        await work.users.save((await work.users.lock(user_id)).verified(ports.clock.now()))


async def person(ports: Ports, email: EmailAddress = ADA) -> UserId:
    """Somebody with a row of everything there is."""
    handlers = wire_handlers(ports)
    opened = await handlers.sign_up(SignUp(email, PASSWORD, f"The {email}", from_(CLIENT)))
    await handlers.log_in(LogIn(email, PASSWORD, from_(CLIENT)))
    await handlers.request_password_reset(RequestPasswordReset(email, CLIENT))
    await handlers.api_keys.create(create_api_key(opened.user.user_id))
    await confirm(ports, opened.user.user_id)
    options = await handlers.passkeys.begin(opened.user.user_id)
    await handlers.passkeys.begin(opened.user.user_id)
    made = Authenticator().create(options)
    await handlers.passkeys.add(AddPasskey(opened.user.user_id, f"Key of {email}", made))
    return opened.user.user_id


async def test_no_row_names_the_person(database: ServiceDatabase, engine: AsyncEngine, ports: Ports) -> None:
    """Not by id, not by address, not by name; whoever else is there keeps every row."""
    ada, eve = await person(ports), await person(ports, EVE)
    with psycopg.connect(database.admin_dsn) as admin:
        admin.execute(PUBLISH)
        for number, user_id in enumerate((ada, eve)):
            admin.execute(LETTER, (f"evt_{number}", f"tintype.x.v1.y.{user_id}", user_id.encode()))
    before = rows_with(database, eve)
    assert {
        "users",
        "sessions",
        "outgoing_mail",
        "dead_letters",
        "passkeys",
        "passkey_ceremonies",
    } <= tables_with(database, (ada,))
    assert await wire_erase_user(ports)(EraseUser(user_id=ada))
    assert tables_with(database, (ADA,)) == set()
    assert tables_with(database, (ada,)) == set(NAMES_THE_ID)
    assert rows_with(database, eve) == before


async def test_nobody_erases_from_anothers_transaction(engine: AsyncEngine, ports: Ports) -> None:
    """The owner's function looks at whose transaction it is in."""
    ada = await person(ports)
    with pytest.raises(DBAPIError, match="not of this account"):
        async with ports.units.of(UserId("usr_eve")) as work:
            await work.erasures.erase(ada, ports.clock.now())
    async with ports.units.of(ada) as work:
        assert (await work.users.get(ada)).email == ADA


async def dying(ports: Ports, user_id: UserId) -> None:
    """Come to the last step, and no further."""
    async with ports.units.of(user_id) as work:
        await work.erasures.erase(user_id, ports.clock.now())
        raise IdentityError("killed")


async def test_a_crash_before_the_end_leaves_the_account_whole(
    database: ServiceDatabase, engine: AsyncEngine, ports: Ports
) -> None:
    """Whatever step it dies at, rows, facts and the note of it come together or not at all."""
    ada = await person(ports)
    before = tables_with(database, (ada,))
    with pytest.raises(IdentityError, match="killed"):
        await dying(ports, ada)
    assert tables_with(database, (ada,)) == before
    assert await wire_erase_user(ports)(EraseUser(user_id=ada))
    assert tables_with(database, (ada,)) == set(NAMES_THE_ID)
