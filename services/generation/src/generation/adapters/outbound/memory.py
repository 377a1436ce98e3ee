"""The ports in memory, for tests: same promises, no other process."""

import asyncio
import copy
from bisect import bisect_right
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from generation.adapters.outbound.memory_attempts import MemoryAnswers, MemoryAttempts
from generation.adapters.outbound.memory_awaited_uploads import MemoryAwaitedUploads
from generation.adapters.outbound.memory_collections import MemoryCollections
from generation.adapters.outbound.memory_constraints import check_generation, check_new
from generation.adapters.outbound.memory_entitlements import MemoryEntitlementCopies
from generation.adapters.outbound.memory_erasures import MemoryErasures
from generation.adapters.outbound.memory_files import MemoryDeletions, MemoryOutputs
from generation.adapters.outbound.memory_shares import MemoryShares
from generation.adapters.outbound.memory_tables import Tables
from generation.adapters.outbound.memory_uploads import MemoryMediaUses, MemoryUploads
from generation.adapters.outbound.memory_usage import MemoryUsageLog
from generation.domain.events import AccountErased, Event
from generation.domain.generation import Generation, Status
from generation.domain.identifiers import AccountId, EventId, GenerationId, ModelId
from generation.domain.library_filter import LibraryFilter
from generation.domain.usage import ModelUsage
from generation.ports.needs import Needs
from generation.ports.unit_of_work import Discarded, Done, UnitOfWork


class MemoryGenerations:
    """Jobs in a dictionary."""

    def __init__(self, tables: Tables, account: AccountId | None) -> None:
        self._tables = tables
        self._rows = tables.generations
        self._account = account

    def _seen(self) -> list[Generation]:
        rows = sorted(self._rows.values(), key=lambda row: row.generation_id)
        return [row for row in rows if self._account in (None, row.account_id)]

    async def add(self, generation: Generation) -> bool:
        if await self.with_key(generation.account_id, generation.idempotency_key):
            return False
        check_new(generation.generation_id, self._rows)
        check_generation(generation)
        self._rows[generation.generation_id] = generation
        return True

    async def save(self, generation: Generation) -> None:
        check_generation(generation)
        self._rows[generation.generation_id] = generation

    async def get(self, generation_id: GenerationId) -> Generation | None:
        return next((row for row in self._seen() if row.generation_id == generation_id), None)

    async def lock(self, generation_id: GenerationId) -> Generation | None:
        return await self.get(generation_id)

    async def lock_present(self, generation_ids: Collection[GenerationId]) -> Collection[GenerationId]:
        rows = [row for row in self._seen() if row.generation_id in generation_ids]
        return {row.generation_id for row in rows if row.deleted_at is None}

    async def with_key(self, account_id: AccountId, idempotency_key: str) -> Generation | None:
        key = (account_id, idempotency_key)
        return next((row for row in self._seen() if (row.account_id, row.idempotency_key) == key), None)

    async def page(
        self,
        account_id: AccountId,
        *,
        wanted: LibraryFilter,
        before: GenerationId | None,
        limit: int,
    ) -> Sequence[Generation]:
        rows = [
            row
            for row in reversed(self._seen())
            if row.account_id == account_id
            and row.deleted_at is None
            and wanted.admits(row)
            and (
                wanted.collection_id is None
                or (wanted.collection_id, row.generation_id) in self._tables.collected
            )
            and (before is None or row.generation_id < before)
        ]
        return rows[:limit]

    async def usage(self, account_id: AccountId, *, bounds: Sequence[datetime]) -> Sequence[ModelUsage]:
        charged: dict[tuple[int, ModelId], list[int]] = {}
        for row in self._seen():
            if row.account_id == account_id and row.credits_charged and row.finished_at:
                period = bisect_right(bounds, row.finished_at) - 1
                charged.setdefault((period, row.model_id), []).append(row.credits_charged)
        return [
            ModelUsage(period=period, model_id=model_id, credits=sum(each), generations=len(each))
            for (period, model_id), each in sorted(charged.items())
            if 0 <= period < len(bounds) - 1
        ]

    async def advance(self, generation_id: GenerationId, *, progress: float) -> bool:
        row = await self.get(generation_id)
        if row is None or row.status is not Status.PROCESSING or row.progress >= progress:
            return False
        moved = replace(row, progress=progress)
        check_generation(moved)
        self._rows[generation_id] = moved
        return True

    async def stand(self, generation_id: GenerationId, *, provider_place: int | None) -> None:
        row = await self.get(generation_id)
        if row is not None and row.status is Status.PROCESSING:
            stands = replace(row, provider_place=provider_place)
            check_generation(stands)
            self._rows[generation_id] = stands

    async def reserving(self, *, created_before: datetime, limit: int) -> Sequence[Generation]:
        rows = self._seen()
        return [r for r in rows if r.status is Status.RESERVING and r.created_at < created_before][:limit]

    async def overdue(
        self, status: Status, *, before: datetime, after: GenerationId | None, limit: int
    ) -> Sequence[GenerationId]:
        rows = [r for r in self._seen() if r.status is status and r.deadline_at <= before]
        return [r.generation_id for r in rows if after is None or r.generation_id > after][:limit]

    async def settled(self, *, after: GenerationId | None, limit: int) -> Sequence[Generation]:
        rows = [r for r in self._seen() if r.is_terminal and r.reservation_id]
        return [r for r in rows if after is None or r.generation_id > after][:limit]

    async def first_queued(self, *, limit: int) -> Sequence[GenerationId]:
        return [row.generation_id for row in self._seen() if row.status is Status.QUEUED][:limit]

    async def durations_s(
        self, models: Collection[ModelId], *, since: datetime, limit: int
    ) -> Mapping[ModelId, Sequence[float]]:
        took: dict[ModelId, list[tuple[datetime, float]]] = {}
        for row in self._seen():
            if row.status is not Status.SUCCEEDED or row.model_id not in models:
                continue
            if row.started_at and row.finished_at and row.finished_at >= since:
                lasted = (row.finished_at, (row.finished_at - row.started_at).total_seconds())
                took.setdefault(row.model_id, []).append(lasted)
        return {
            model: [duration_s for _, duration_s in sorted(rows, reverse=True)[:limit]]
            for model, rows in took.items()
        }

    async def expiring(
        self, *, by: datetime, after: GenerationId | None, limit: int
    ) -> Sequence[GenerationId]:
        due = [row.generation_id for row in self._seen() if row.is_expiring(by)]
        return sorted(each for each in due if after is None or each > after)[:limit]

    async def discarded(self, *, by: datetime, after: Discarded | None, limit: int) -> Sequence[Discarded]:
        over = [row for row in self._seen() if row.is_over(by)]
        due = [Discarded(row.purge_at, row.generation_id) for row in over if row.purge_at]
        return sorted(each for each in due if after is None or each > after)[:limit]


@dataclass
class MemoryUnitOfWork:
    """One transaction over copied tables."""

    tables: Tables
    generations: MemoryGenerations
    attempts: MemoryAttempts
    outputs: MemoryOutputs
    deletions: MemoryDeletions
    answers: MemoryAnswers
    shares: MemoryShares
    entitlements: MemoryEntitlementCopies
    collections: MemoryCollections
    uploads: MemoryUploads
    awaited_uploads: MemoryAwaitedUploads
    media_uses: MemoryMediaUses
    usage_log: MemoryUsageLog
    erasures: MemoryErasures

    async def publish(self, event: Event | AccountErased) -> None:
        self.tables.events.append(event)

    async def first_time(self, event_id: EventId) -> bool:
        new = event_id not in self.tables.inbox
        self.tables.inbox.add(event_id)
        return new


class MemoryUnitsOfWork:
    """Runs one transaction at a time; `tables` is what was kept."""

    def __init__(self) -> None:
        self.tables = Tables()
        # Raised in place of every transaction.
        self.failure: Exception | None = None
        self._turn = asyncio.Lock()

    def of(self, account_id: AccountId) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._open(account_id)

    def of_system(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._open(None)

    async def shared(self, step: Callable[[UnitOfWork], Awaitable[Done]], needs: Needs) -> Done:
        async with self.of_system() as work:
            return await step(work)

    @property
    def is_open(self) -> bool:
        """Whether a transaction is running: no other service may be called meanwhile."""
        return self._turn.locked()

    @asynccontextmanager
    async def _open(self, account: AccountId | None) -> AsyncIterator[UnitOfWork]:
        if self.failure:
            raise self.failure
        async with self._turn:
            tables = copy.copy(self.tables)
            for name, value in vars(tables).items():
                setattr(tables, name, copy.copy(value))
            yield MemoryUnitOfWork(
                tables,
                MemoryGenerations(tables, account),
                MemoryAttempts(tables),
                MemoryOutputs(tables),
                MemoryDeletions(tables),
                MemoryAnswers(tables),
                MemoryShares(tables, account),
                MemoryEntitlementCopies(tables, account),
                MemoryCollections(tables, account),
                MemoryUploads(tables, account),
                MemoryAwaitedUploads(tables, account),
                MemoryMediaUses(tables, account),
                MemoryUsageLog(tables, account),
                MemoryErasures(tables),
            )
            self.tables = tables
