"""After an erasure no row of billing's names the person, whatever the processor still sends."""

from collections.abc import Callable

import psycopg
import pytest
from billing.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from billing.domain.identifiers import CustomerId, UserId
from billing_support import CountingIds
from chassis.postgres import create_engine
from embedded.testing import ServiceDatabase
from paid_plan_world import ADA, BEGAN

pytestmark = pytest.mark.server

EVE = UserId("usr_eve")
STORE = """
INSERT INTO webhook_events (event_id, kind, body, received_at, due_at, state)
VALUES (%s, 'customer.deleted', %s, now(), now(), %s)
"""
END = "UPDATE webhook_events SET state = %s, finished_at = now() WHERE event_id = %s"
LEFT = "SELECT event_id FROM webhook_events WHERE body <> '' ORDER BY event_id"


@pytest.mark.parametrize("ends", ["done", "ignored", "parked"])
async def test_what_the_processor_sent_and_sends_is_emptied(
    service_database: Callable[[str], ServiceDatabase], ends: str
) -> None:
    """What was done with before, at once; what waits or comes later, once it is done with; of nobody else."""
    database = service_database("billing")
    engine = create_engine(database.url)
    units = PostgresUnitsOfWork(engine, CountingIds())
    for user_id in (ADA, EVE):
        async with units.of(user_id) as work:
            await work.link_customer(user_id, CustomerId(f"cus_{user_id}"), instead_of=None)
    said = {name: f'{{"id": "cus_{name}", "email": "{name}@example.com"}}'.encode() for name in (ADA, EVE)}
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        for event_id, name, state in (("1", ADA, ends), ("2", ADA, "waiting"), ("3", EVE, ends)):
            admin.execute(STORE, (event_id, said[name], state))
        async with units.of(ADA) as work:
            await work.begin_erasure(ADA, now=BEGAN)
            await work.erase_customer(ADA)
        assert admin.execute(LEFT).fetchall() == [("2",), ("3",)]
    with psycopg.connect(database.url.replace("+psycopg", ""), autocommit=True) as role:
        role.execute(END, (ends, "2"))
        role.execute(STORE, ("4", said[ADA], "waiting"))
        role.execute(STORE, ("5", said[EVE], "waiting"))
        for event_id in ("4", "5"):
            role.execute(END, (ends, event_id))
        assert role.execute(LEFT).fetchall() == [("3",), ("5",)]
    await engine.dispose()


async def test_who_stores_and_who_erases_wait_for_each_other(
    service_database: Callable[[str], ServiceDatabase],
) -> None:
    """Whoever has looked stores before it begins; whoever looks while it begins learns of it."""
    database = service_database("billing")
    engine = create_engine(database.url)
    units = PostgresUnitsOfWork(engine, CountingIds())
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:

        def is_free(kind: str, user_id: str) -> bool:
            name = f"hashtextextended('erasure:{user_id}', 0)"
            found = admin.execute(f"SELECT pg_try_advisory_xact_lock{kind}({name})").fetchone()
            return found == (True,)

        async with units.of(ADA) as work:
            assert not await work.is_erased(ADA)
            assert (is_free("", ADA), is_free("_shared", ADA), is_free("", EVE)) == (False, True, True)
        assert is_free("", ADA)
        async with units.of(ADA) as work:
            assert await work.begin_erasure(ADA, now=BEGAN)
            assert (is_free("_shared", ADA), is_free("", EVE)) == (False, True)
        assert is_free("", ADA)
    await engine.dispose()
