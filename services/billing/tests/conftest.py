"""Fixtures of billing's tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from billing.adapters.outbound.event_codec import to_message
from billing.adapters.outbound.memory.store import MemoryBilling
from billing.adapters.outbound.postgres import tables
from billing.adapters.outbound.postgres.billing_reader import PostgresBillingReader
from billing.adapters.outbound.postgres.rows import to_dispute, to_purchase
from billing.adapters.outbound.postgres.subscription_rows import to_allocation, to_subscription
from billing.adapters.outbound.postgres.tables import outbox
from billing.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from billing.adapters.outbound.postgres.webhook_reader import PostgresWebhookReader
from billing_support import BillingUnderTest, CountingIds, billing_in_memory
from chassis.postgres import SYSTEM_SCOPE, create_engine, transaction
from facts_check import assert_facts_tell
from google.protobuf.message import Message
from sqlalchemy import select
from tintype.billing.v1 import events_pb2 as pb


@asynccontextmanager
async def in_memory() -> AsyncIterator[BillingUnderTest]:
    """Billing in memory; afterwards its facts were named, and tell what it holds."""
    store = MemoryBilling()
    billing = billing_in_memory(store=store)
    async with billing.facts:
        yield billing
    facts = [to_message(fact) for fact in store.facts]
    assert_facts_tell(
        facts,
        [*store.purchases.values()],
        store.disputes.values(),
        store.subscriptions.values(),
        store.allocations.values(),
    )


@asynccontextmanager
async def in_postgres(url: str) -> AsyncIterator[BillingUnderTest]:
    """Billing in PostgreSQL; afterwards its facts were named, and tell what it holds."""
    engine = create_engine(url)
    ids = CountingIds()

    async def published() -> list[Message]:
        async with engine.connect() as connection:
            rows = await connection.execute(select(outbox.c.ce_type, outbox.c.payload).order_by(outbox.c.id))
            return [getattr(pb, row.ce_type.rpartition(".")[2]).FromString(row.payload) for row in rows]

    billing = BillingUnderTest(
        units=PostgresUnitsOfWork(engine, ids),
        reader=PostgresBillingReader(engine),
        webhooks=PostgresWebhookReader(engine),
        ids=ids,
        published=published,
    )
    async with billing.facts:
        yield billing
    async with transaction(engine, SYSTEM_SCOPE) as connection:
        purchases = [to_purchase(row) for row in await connection.execute(select(tables.purchases))]
        disputes = [to_dispute(row) for row in await connection.execute(select(tables.disputes))]
        plans = [to_subscription(row) for row in await connection.execute(select(tables.subscriptions))]
        told = [to_allocation(row) for row in await connection.execute(select(tables.allocations))]
    assert_facts_tell(await published(), purchases, disputes, plans, told)
    await engine.dispose()


@pytest.fixture
async def memory_billing() -> AsyncIterator[BillingUnderTest]:
    """The use cases over memory."""
    async with in_memory() as billing:
        yield billing


@pytest.fixture(params=["memory", "postgres"])
async def any_billing(request: pytest.FixtureRequest) -> AsyncIterator[BillingUnderTest]:
    """The same use cases over each store; a fact that a test does not name fails it."""
    if request.param == "memory":
        world = in_memory()
    else:
        world = in_postgres(request.getfixturevalue("service_database")("billing").url)
    async with world as billing:
        yield billing
