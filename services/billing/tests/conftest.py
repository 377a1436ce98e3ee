"""Fixtures of billing's tests."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from billing.adapters.outbound.postgres import PostgresUnitsOfWork
from billing.adapters.outbound.postgres_reader import PostgresBillingReader
from billing.adapters.outbound.postgres_webhook_reader import PostgresWebhookReader
from billing.adapters.outbound.tables import outbox
from billing_support import BillingUnderTest, CountingIds, billing_in_memory
from chassis.postgres import create_engine
from google.protobuf.message import Message
from sqlalchemy import select
from tintype.billing.v1 import events_pb2 as pb


@pytest.fixture
def memory_billing() -> BillingUnderTest:
    """Billing in memory."""
    return billing_in_memory()


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
        units=PostgresUnitsOfWork(engine, ids),
        reader=PostgresBillingReader(engine),
        webhooks=PostgresWebhookReader(engine),
        ids=ids,
        facts=facts,
    )
    await engine.dispose()
