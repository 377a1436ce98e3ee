"""Fixtures of billing's tests."""

from collections.abc import AsyncIterator, Iterator

import pytest
from billing.adapters.outbound.event_codec import to_message
from billing.adapters.outbound.memory.store import MemoryBilling
from billing.adapters.outbound.postgres import tables
from billing.adapters.outbound.postgres.billing_reader import PostgresBillingReader
from billing.adapters.outbound.postgres.rows import to_dispute, to_purchase
from billing.adapters.outbound.postgres.tables import outbox
from billing.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from billing.adapters.outbound.postgres.webhook_reader import PostgresWebhookReader
from billing_support import BillingUnderTest, CountingIds, billing_in_memory
from chassis.postgres import SYSTEM_SCOPE, create_engine, transaction
from facts_check import assert_facts_tell
from google.protobuf.message import Message
from sqlalchemy import select
from tintype.billing.v1 import events_pb2 as pb


@pytest.fixture
def memory_billing() -> Iterator[BillingUnderTest]:
    """Billing in memory; afterwards its facts tell what it holds, and nothing else."""
    store = MemoryBilling()
    yield billing_in_memory(store=store)
    facts = [to_message(fact) for fact in store.facts]
    assert_facts_tell(facts, [*store.purchases.values()], store.disputes.values())


@pytest.fixture(params=["memory", "postgres"])
async def any_billing(request: pytest.FixtureRequest) -> AsyncIterator[BillingUnderTest]:
    """The same use cases over each store; afterwards its facts tell what it holds, and nothing else."""
    if request.param == "memory":
        yield request.getfixturevalue("memory_billing")
        return
    database = request.getfixturevalue("service_database")("billing")
    engine = create_engine(database.url)
    ids = CountingIds()

    async def facts() -> list[Message]:
        async with engine.connect() as connection:
            rows = await connection.execute(select(outbox.c.ce_type, outbox.c.payload).order_by(outbox.c.id))
            return [getattr(pb, row.ce_type.rpartition(".")[2]).FromString(row.payload) for row in rows]

    yield BillingUnderTest(
        units=PostgresUnitsOfWork(engine, ids),
        reader=PostgresBillingReader(engine),
        webhooks=PostgresWebhookReader(engine),
        ids=ids,
        facts=facts,
    )
    async with transaction(engine, SYSTEM_SCOPE) as connection:
        purchases = [to_purchase(row) for row in await connection.execute(select(tables.purchases))]
        disputes = [to_dispute(row) for row in await connection.execute(select(tables.disputes))]
    assert_facts_tell(await facts(), purchases, disputes)
    await engine.dispose()
