"""What tests of the relay and of consumers share."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from chassis import inbox, outbox, published_facts
from chassis.consumer import Consumer, DeadLetterHandler
from chassis.events import IncomingEvent, OutgoingEvent
from chassis.ids import new_id
from chassis.nats import connect
from chassis.postgres import SYSTEM_SCOPE, transaction
from embedded.testing import NatsLogin
from nats.aio.client import Client
from sqlalchemy import MetaData, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

METADATA = MetaData()
OUTBOX, INBOX = outbox.outbox_table(METADATA), inbox.inbox_table(METADATA)
# As the services' migrations create them.
OUTBOX_TABLES = ";".join(
    (
        outbox.OUTBOX_DDL,
        outbox.HELD_FACTS_DDL,
        published_facts.PUBLISHED_FACTS_DDL,
        "GRANT SELECT, INSERT, DELETE ON outbox TO library_service",
        f"GRANT UPDATE ({outbox.HELD_FACTS_COLUMNS}) ON outbox TO library_service",
        f"GRANT {published_facts.PUBLISHED_FACTS_PRIVILEGES} ON published_facts TO library_service",
    )
)


def fact(number: int) -> OutgoingEvent:
    """A fact about one of three accounts."""
    return OutgoingEvent(
        subject=f"tintype.identity.v1.user_registered.usr_{number % 3}",
        ce_type="tintype.identity.v1.UserRegistered",
        source="/tintype/identity",
        payload=str(number).encode(),
        event_id=new_id("evt"),
        time=datetime.now(UTC),
    )


@asynccontextmanager
async def client(login: NatsLogin) -> AsyncIterator[Client]:
    """A connection that ends with the test."""
    opened = await connect(login.url, user=login.user, password=login.password, name="test")
    try:
        yield opened
    finally:
        await opened.close()


def listener(
    opened: Client,
    handler: Callable[[IncomingEvent], Awaitable[None]],
    *,
    subject: str = "tintype.identity.v1.>",
    on_dead_letter: DeadLetterHandler | None = None,
    **options: Any,
) -> Consumer:
    """The ledger's durable consumer of identity's facts."""
    return Consumer(
        opened.jetstream(),
        stream="IDENTITY",
        durable="ledger",
        subjects=[subject],
        handler=handler,
        on_dead_letter=on_dead_letter or _never,
        **options,
    )


async def _never(event: IncomingEvent, failure: Exception) -> None:
    raise AssertionError(f"{event.event_id} was given up: {failure!r}")


@asynccontextmanager
async def running(*loops: object) -> AsyncIterator[None]:
    """Loops that run until the block ends."""
    tasks = [asyncio.create_task(loop.run()) for loop in loops]  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def waiting(engine: AsyncEngine, *, until: int, within_s: float = 30) -> bool:
    """Return once so many facts wait in the outbox."""
    async with asyncio.timeout(within_s):
        while True:
            async with transaction(engine, SYSTEM_SCOPE) as connection:
                if await connection.scalar(select(func.count()).select_from(OUTBOX)) == until:
                    return True
            await asyncio.sleep(0.05)


async def emptied(engine: AsyncEngine, *, within_s: float = 30) -> None:
    """Return once the outbox is empty."""
    await waiting(engine, until=0, within_s=within_s)
