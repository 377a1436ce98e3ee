"""Fixtures of billing's tests."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from billing.adapters.outbound.event_codec import to_message
from billing.adapters.outbound.memory import MemoryBilling, MemoryBillingReader
from billing.adapters.outbound.postgres import PostgresUnitsOfWork
from billing.adapters.outbound.postgres_reader import PostgresBillingReader
from billing.adapters.outbound.tables import outbox
from billing_support import BillingUnderTest, CountingIds
from chassis.postgres import create_engine
from google.protobuf.message import Message
from sqlalchemy import select
from tintype.billing.v1 import events_pb2 as pb


@pytest.fixture
def memory_billing() -> BillingUnderTest:
    """Billing in memory."""
    store = MemoryBilling()

    async def facts() -> list[Message]:
        return [to_message(fact) for fact in store.facts]

    return BillingUnderTest(units=store, reader=MemoryBillingReader(store), ids=CountingIds(), facts=facts)


@pytest.fixture(params=["memory", "postgres"])
async def any_billing(request: pytest.FixtureRequest) -> AsyncIterator[BillingUnderTest]:
    """The same use cases over each store."""
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
        units=PostgresUnitsOfWork(engine, ids), reader=PostgresBillingReader(engine), ids=ids, facts=facts
    )
    await engine.dispose()
