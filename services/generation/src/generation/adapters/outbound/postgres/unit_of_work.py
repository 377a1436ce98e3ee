"""Transactions on PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from chassis import inbox, outbox, round_trips
from chassis.postgres import SYSTEM_SCOPE, transaction
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from generation.adapters.outbound.event_codec import encode
from generation.adapters.outbound.postgres import tables
from generation.adapters.outbound.postgres.answers import PostgresAnswers
from generation.adapters.outbound.postgres.attempts import PostgresAttempts
from generation.adapters.outbound.postgres.awaited_uploads import PostgresAwaitedUploads
from generation.adapters.outbound.postgres.collections import PostgresCollections
from generation.adapters.outbound.postgres.entitlements import PostgresEntitlementCopies
from generation.adapters.outbound.postgres.erasures import PostgresErasures
from generation.adapters.outbound.postgres.files import PostgresDeletions, PostgresOutputs
from generation.adapters.outbound.postgres.generations import PostgresGenerations
from generation.adapters.outbound.postgres.shares import PostgresShares
from generation.adapters.outbound.postgres.uploads import PostgresMediaUses, PostgresUploads
from generation.adapters.outbound.postgres.usage_log import PostgresUsageLog
from generation.domain.errors import StorageUnavailable
from generation.domain.events import AccountErased, Event
from generation.domain.identifiers import AccountId, EventId
from generation.ports.ids import IdSource
from generation.ports.unit_of_work import UnitOfWork

CONSUMER = "generation"


@dataclass
class PostgresUnitOfWork:
    """One open transaction."""

    connection: AsyncConnection
    ids: IdSource
    generations: PostgresGenerations
    attempts: PostgresAttempts
    outputs: PostgresOutputs
    deletions: PostgresDeletions
    answers: PostgresAnswers
    shares: PostgresShares
    entitlements: PostgresEntitlementCopies
    collections: PostgresCollections
    uploads: PostgresUploads
    awaited_uploads: PostgresAwaitedUploads
    media_uses: PostgresMediaUses
    usage_log: PostgresUsageLog
    erasures: PostgresErasures

    async def publish(self, event: Event | AccountErased) -> None:
        fact = encode(event, event_id=EventId(self.ids.new("evt")))
        await outbox.append(self.connection, tables.outbox, fact)

    async def first_time(self, event_id: EventId) -> bool:
        return await inbox.first_time(self.connection, tables.inbox, consumer=CONSUMER, event_id=event_id)


class PostgresUnitsOfWork:
    """Opens transactions in the scope of one account, or of the system."""

    def __init__(self, engine: AsyncEngine, ids: IdSource) -> None:
        self._engine = engine
        self._ids = ids

    def of(self, account_id: AccountId) -> AbstractAsyncContextManager[UnitOfWork]:
        if account_id == SYSTEM_SCOPE:
            raise ValueError("no account has this name")
        return self._open(account_id)

    def of_system(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._open(SYSTEM_SCOPE)

    @asynccontextmanager
    async def _open(self, scope: str) -> AsyncIterator[UnitOfWork]:
        try:
            async with transaction(self._engine, scope) as connection:
                way = round_trips.require(connection)
                yield PostgresUnitOfWork(
                    connection,
                    self._ids,
                    PostgresGenerations(connection, way),
                    PostgresAttempts(connection, way),
                    PostgresOutputs(connection, way),
                    PostgresDeletions(connection, way),
                    PostgresAnswers(connection, way),
                    PostgresShares(connection),
                    PostgresEntitlementCopies(connection),
                    PostgresCollections(connection),
                    PostgresUploads(connection),
                    PostgresAwaitedUploads(connection),
                    PostgresMediaUses(connection),
                    PostgresUsageLog(connection),
                    PostgresErasures(connection, way),
                )
        except (OperationalError, InterfaceError, PoolTimeout) as error:
            raise StorageUnavailable("the database did not answer; try again") from error
