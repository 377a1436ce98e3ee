"""Knows who is first in the queue."""

import asyncio
from collections.abc import Sequence
from contextvars import Context
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from generation.domain.errors import StorageUnavailable
from generation.domain.generation import Generation, Status
from generation.domain.identifiers import GenerationId
from generation.domain.waiting import COUNTED_MAX, queue_position
from generation.ports.clock import Clock
from generation.ports.unit_of_work import UnitsOfWork

# However many pages ask, the queue is read once in this time.
KEPT = timedelta(seconds=1)


@dataclass
class Seen:
    """The queue's first jobs, when they were read, and who reads them now."""

    queue: Sequence[GenerationId] = ()
    at: datetime | None = None
    reading: "asyncio.Task[None] | None" = None


@dataclass(frozen=True)
class QueueView:
    """Everybody's jobs that wait, as places alone: nobody learns whose they are."""

    units: UnitsOfWork
    clock: Clock
    _seen: Seen = field(default_factory=Seen)

    async def position(self, generation: Generation) -> int | None:
        """Return the place of a job that waits, from 1; None for one that doesn't, or while nobody knows."""
        if generation.status is not Status.QUEUED:
            return None
        seen = self._seen
        if seen.at is None or self.clock.now() >= seen.at + KEPT:
            if seen.reading is None:
                # Of nobody's request: whoever gives up has the others told all the same.
                seen.reading = asyncio.create_task(self._read(), context=Context())
            try:
                await asyncio.shield(seen.reading)
            except StorageUnavailable:
                # The job itself is what was asked for.
                return None
        return queue_position(generation.generation_id, seen.queue)

    async def _read(self) -> None:
        now = self.clock.now()
        try:
            async with self.units.of_system() as work:
                self._seen.queue = await work.generations.first_queued(limit=COUNTED_MAX + 1)
            self._seen.at = now
        finally:
            self._seen.reading = None
