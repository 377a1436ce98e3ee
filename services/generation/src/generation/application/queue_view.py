"""Knows who is first in the queue."""

from collections.abc import Sequence
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
    """The queue's first jobs, and when they were read."""

    queue: Sequence[GenerationId] = ()
    at: datetime | None = None


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
        now = self.clock.now()
        if self._seen.at is None or now >= self._seen.at + KEPT:
            try:
                async with self.units.of_system() as work:
                    self._seen.queue = await work.generations.first_queued(limit=COUNTED_MAX + 1)
            except StorageUnavailable:
                # The job itself is what was asked for.
                return None
            self._seen.at = now
        return queue_position(generation.generation_id, self._seen.queue)
