"""The relay on its own: how fast a backlog of facts reaches JetStream, each on disk before it counts."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import psycopg
import uvloop
from chassis.events import OutgoingEvent, event
from chassis.ids import new_id
from chassis.nats import connect, ensure_stream
from chassis.postgres import create_engine
from chassis.publisher import Publisher
from chassis.relay import Relay
from embedded.nats_server import NatsServer
from embedded.testing import ServiceDatabase, delete_streams, nats_password
from ledger.adapters.outbound.postgres import tables

from bench.ledger.checks import WrongWork
from bench.ledger.databases import ACCOUNTS, account_id, fact

# Some of these seconds: the measured time ends when the last one is acknowledged.
BACKLOG_A_SECOND = 20_000
PUBLISHED_A_SECOND = 4_000
# Fewer than the client lets wait for their acknowledgement at a time.
PIPELINED = 2_000
DRAIN_MAX_S = 60.0
_POLL_S = 0.02

_BACKLOG = """
    INSERT INTO outbox (subject, ce_id, ce_type, ce_source, ce_time, headers, payload)
    SELECT 'tintype.ledger.v1.credits_reserved.usr_' || lpad((1 + n %% %(accounts)s)::text, 32, '0'),
           'evt_' || replace(uuidv7()::text, '-', ''), 'tintype.ledger.v1.CreditsReserved',
           '/tintype/ledger', now(), '{}', %(payload)s
    FROM generate_series(1, %(facts)s) n
"""


def measure(database: ServiceDatabase, nats: NatsServer, *, seconds: int) -> float:
    """Return events a second, until the whole backlog is acknowledged and deleted.

    Raises WrongWork unless the stream then holds each fact exactly once.
    """
    facts = BACKLOG_A_SECOND * seconds
    delete_streams(nats.url)
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        admin.execute("TRUNCATE outbox")
        payload = fact().SerializeToString()
        admin.execute(_BACKLOG, {"accounts": ACCOUNTS, "payload": payload, "facts": facts})
        admin.execute("VACUUM ANALYZE outbox")
    return facts / uvloop.run(_drain_s(database, nats, facts))


async def _drain_s(database: ServiceDatabase, nats: NatsServer, facts: int) -> float:
    async with AsyncExitStack() as stack:
        engine = create_engine(database.url)
        stack.push_async_callback(engine.dispose)
        client = await connect(nats.url, user="ledger", password=nats_password("ledger"), name="bench")
        stack.push_async_callback(client.close)
        jetstream = client.jetstream()
        await ensure_stream(jetstream, "ledger")
        watch = await psycopg.AsyncConnection.connect(database.admin_dsn, autocommit=True)
        stack.push_async_callback(watch.close)

        began = time.perf_counter()
        running = asyncio.create_task(Relay(engine, tables.outbox, Publisher(jetstream)).run())
        try:
            async with asyncio.timeout(DRAIN_MAX_S):
                while await _waiting(watch):  # noqa: ASYNC110 - it is the database that changes
                    await asyncio.sleep(_POLL_S)
            took_s = time.perf_counter() - began
        finally:
            running.cancel()
            await asyncio.wait({running})
        stored = (await jetstream.stream_info("LEDGER")).state.messages
        if stored != facts:
            raise WrongWork(f"{facts} facts were relayed, and the stream holds {stored}")
        return took_s


def measure_publishing(nats: NatsServer, *, seconds: int) -> float:
    """Return events a second when each is a message of its own, pipelined by NATS' own client with no outbox
    behind it: what publishing single events can reach."""
    now = datetime.now(UTC)
    events = [
        event(fact(), account=account_id(1 + number % ACCOUNTS), event_id=new_id("evt"), time=now)
        for number in range(PUBLISHED_A_SECOND * seconds)
    ]
    delete_streams(nats.url)
    return len(events) / uvloop.run(_publish_s(nats, events))


async def _publish_s(nats: NatsServer, events: Sequence[OutgoingEvent]) -> float:
    client = await connect(nats.url, user="ledger", password=nats_password("ledger"), name="bench")
    try:
        jetstream = client.jetstream()
        await ensure_stream(jetstream, "ledger")
        began = time.perf_counter()
        for start in range(0, len(events), PIPELINED):
            sent = [
                await jetstream.publish_async(one.subject, one.payload, headers=one.wire_headers())
                for one in events[start : start + PIPELINED]
            ]
            await asyncio.gather(*sent)
        return time.perf_counter() - began
    finally:
        await client.close()


async def _waiting(watch: psycopg.AsyncConnection) -> bool:
    row = await (await watch.execute("SELECT EXISTS (SELECT FROM outbox)")).fetchone()
    return row is not None and bool(row[0])
