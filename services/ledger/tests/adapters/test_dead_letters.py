"""What can't be applied is kept with its message."""

from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
from chassis.events import IncomingEvent
from chassis.postgres import create_engine
from embedded.testing import ServiceDatabase
from ledger.adapters.outbound.postgres_dead_letters import PostgresDeadLetters


async def test_a_given_up_event_is_kept_whole_and_once(
    service_database: Callable[[str], ServiceDatabase],
) -> None:
    """Payload and error, so that a person can apply it later."""
    database = service_database("ledger")
    engine = create_engine(database.url)
    event = IncomingEvent(
        subject="tintype.billing.v1.payment_completed.usr_1",
        ce_type="tintype.billing.v1.PaymentCompleted",
        event_id="evt_1",
        time=datetime.now(UTC),
        payload=b"\x00paid",
        deliveries=20,
        headers={"ce-id": "evt_1"},
    )
    letters = PostgresDeadLetters(engine)
    for _ in range(2):
        await letters.keep(event, ValueError("no such account"))
    await engine.dispose()
    with psycopg.connect(database.admin_dsn) as admin:
        kept = admin.execute("SELECT event_id, payload, deliveries, error FROM dead_letters").fetchall()
    assert kept == [("evt_1", b"\x00paid", 20, "ValueError('no such account')")]
