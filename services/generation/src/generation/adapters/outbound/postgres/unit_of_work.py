"""Transactions on PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from chassis import inbox, outbox, round_trips
from chassis.grouping import WAITING_MAX
from chassis.postgres import SYSTEM_SCOPE, transaction
from chassis.round_trips import RoundTrips, Statement
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from generation.adapters.outbound.event_codec import encode
from generation.adapters.outbound.postgres import tables
from generation.adapters.outbound.postgres.answers import PostgresAnswers
from generation.adapters.outbound.postgres.attempts import LOCK_MANY as LOCK_ATTEMPTS
from generation.adapters.outbound.postgres.attempts import PostgresAttempts
from generation.adapters.outbound.postgres.awaited_uploads import PostgresAwaitedUploads
from generation.adapters.outbound.postgres.collections import PostgresCollections
from generation.adapters.outbound.postgres.entitlements import PostgresEntitlementCopies
from generation.adapters.outbound.postgres.erasures import BEGUN_OF_MANY, LOOK_AT_MANY, PostgresErasures
from generation.adapters.outbound.postgres.files import PostgresDeletions, PostgresOutputs
from generation.adapters.outbound.postgres.generations import LOCK_MANY as LOCK_JOBS
from generation.adapters.outbound.postgres.generations import WITH_KEYS as JOBS_WITH_KEYS
from generation.adapters.outbound.postgres.generations import PostgresGenerations
from generation.adapters.outbound.postgres.shared_steps import SharedSteps
from generation.adapters.outbound.postgres.shares import PostgresShares
from generation.adapters.outbound.postgres.uploads import PostgresMediaUses, PostgresUploads
from generation.adapters.outbound.postgres.usage_log import PostgresUsageLog
from generation.domain.errors import StorageUnavailable
from generation.domain.events import AccountErased, Event
from generation.domain.identifiers import AccountId, EventId
from generation.ports.ids import IdSource
from generation.ports.needs import Needs
from generation.ports.unit_of_work import Done, UnitOfWork

CONSUMER = "generation"
# As row level security takes the scope of several accounts apart (migration 0029).
SCOPE_JOINED_BY = ","


@dataclass
class PostgresUnitOfWork:
    """One open transaction."""

    connection: AsyncConnection
    way: RoundTrips
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
    # Recorded before anybody asked: whether each is new.
    events: dict[EventId, bool] = field(default_factory=dict)

    async def publish(self, event: Event | AccountErased) -> None:
        fact = encode(event, event_id=EventId(self.ids.new("evt")))
        await outbox.append(self.connection, tables.outbox, fact)

    async def look_at(self, needs: Sequence[Needs]) -> None:
        """Record events and lock jobs and attempts, all in one round trip, before anybody asks for them."""
        jobs = sorted({need.generation_id for need in needs if need.generation_id is not None})
        events = sorted({need.event_id for need in needs if need.event_id is not None})
        attempts = sorted({need.attempt_id for need in needs if need.attempt_id is not None})
        keyed = sorted(
            {
                (need.account_id, need.idempotency_key)
                for need in needs
                if need.account_id and need.idempotency_key
            }
        )
        accounts = sorted({account for account, _ in keyed})
        asked: list[Statement] = []
        if keyed:
            asked.append((JOBS_WITH_KEYS, ([account for account, _ in keyed], [key for _, key in keyed])))
            asked.append((LOOK_AT_MANY, (accounts,)))
            asked.append((BEGUN_OF_MANY, (accounts,)))
        if events:
            asked.append((inbox.RECORD_MANY, {"consumer": CONSUMER, "event_ids": events}))
        if jobs:
            asked.append((LOCK_JOBS, (jobs,)))
        if attempts:
            asked.append((LOCK_ATTEMPTS, (attempts,)))
        found = list(await self.way.ask_all(asked)) if asked else []
        if keyed:
            self.generations.hold_keys(keyed, found.pop(0))
            found.pop(0)
            self.erasures.hold(accounts, found.pop(0))
        if events:
            new = {EventId(row.event_id) for row in found.pop(0)}
            self.events = {event_id: event_id in new for event_id in events}
        if jobs:
            self.generations.hold(jobs, found.pop(0))
        if attempts:
            self.attempts.hold(attempts, found.pop(0))

    async def first_time(self, event_id: EventId) -> bool:
        if event_id in self.events:
            # The second one of the same event is told that there was one.
            is_new, self.events[event_id] = self.events[event_id], False
            return is_new
        return await inbox.first_time(self.connection, tables.inbox, consumer=CONSUMER, event_id=event_id)


class PostgresUnitsOfWork:
    """Opens transactions in the scope of one account, or of the system."""

    def __init__(self, engine: AsyncEngine, ids: IdSource, *, waiting_max: int = WAITING_MAX) -> None:
        self._engine = engine
        self._ids = ids
        self._shared = SharedSteps(self._of_many, waiting_max=waiting_max)

    def of(self, account_id: AccountId) -> AbstractAsyncContextManager[PostgresUnitOfWork]:
        return self._of_many([account_id])

    def of_system(self) -> AbstractAsyncContextManager[PostgresUnitOfWork]:
        return self._open(SYSTEM_SCOPE)

    def _of_many(
        self, account_ids: Collection[AccountId] | None
    ) -> AbstractAsyncContextManager[PostgresUnitOfWork]:
        if account_ids is None:
            return self.of_system()
        if any(account_id == SYSTEM_SCOPE or SCOPE_JOINED_BY in account_id for account_id in account_ids):
            raise ValueError("no account has this name")
        return self._open(SCOPE_JOINED_BY.join(account_ids))

    async def shared(self, step: Callable[[UnitOfWork], Awaitable[Done]], needs: Needs) -> Done:
        return await self._shared.do(step, needs)

    @asynccontextmanager
    async def _open(self, scope: str) -> AsyncIterator[PostgresUnitOfWork]:
        try:
            async with transaction(self._engine, scope) as connection:
                way = round_trips.require(connection)
                yield PostgresUnitOfWork(
                    connection,
                    way,
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
