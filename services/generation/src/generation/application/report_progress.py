"""Says how far a job is, not too often."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from generation.application.start_generation import Job
from generation.domain.events import GenerationProgressed
from generation.domain.waiting import COUNTED_MAX
from generation.ports.clock import Clock
from generation.ports.progress_feed import ProgressFeed
from generation.ports.unit_of_work import UnitsOfWork

STEP_MIN = 0.01
# The rest is for storing what was made.
PROGRESS_MAX = 0.99


@dataclass(frozen=True)
class Told:
    """What was last said of a job."""

    progress: float
    at: datetime | None = None


@dataclass(frozen=True)
class ProgressReporter:
    """Commits and publishes a step when it is large enough and the last one is old enough."""

    units: UnitsOfWork
    feed: ProgressFeed
    clock: Clock
    every_s: float
    _told: dict[str, Told] = field(default_factory=dict)
    # Where they stand at their providers', as it was last written down.
    _places: dict[str, int | None] = field(default_factory=dict)

    async def report(self, job: Job, progress: float) -> None:
        now, key = self.clock.now(), job.generation.generation_id
        # What ends at once has its end to tell, and no step before it.
        last = self._told.get(key) or Told(job.generation.progress, job.attempt.started_at)
        # A later attempt starts over; what was shown never goes back.
        if progress < last.progress + STEP_MIN:
            return
        if last.at and now < last.at + timedelta(seconds=self.every_s):
            return
        self._told[key] = Told(progress, now)
        async with self.units.of(job.generation.account_id) as work:
            if not await work.generations.advance(key, progress=min(progress, PROGRESS_MAX)):
                # Another worker had it further before it came here, or it has ended.
                return
        await self.feed.tell(
            GenerationProgressed(
                account_id=job.generation.account_id,
                generation_id=key,
                occurred_at=now,
                progress=min(progress, PROGRESS_MAX),
            )
        )

    async def stands(self, job: Job, place: int | None) -> None:
        """Write down a place at the provider's where it is another one; None once it does not wait there."""
        key = job.generation.generation_id
        place = min(place, COUNTED_MAX + 1) if place is not None else None
        if place == self._places.get(key, job.generation.provider_place):
            return
        async with self.units.of(job.generation.account_id) as work:
            await work.generations.stand(key, provider_place=place)
        self._places[key] = place

    def forget(self, job: Job) -> None:
        """Forget what was told of a job: it left this worker."""
        self._told.pop(job.generation.generation_id, None)
        self._places.pop(job.generation.generation_id, None)
