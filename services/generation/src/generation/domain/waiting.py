"""How long somebody waits: their place in the queue, and when such jobs are done as a rule."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from generation.domain.generation import Generation, Status
from generation.domain.identifiers import GenerationId

# Nobody counts further: a place beyond is told as one more than this.
COUNTED_MAX = 100
# Fewer would be a guess, and would tell of somebody's own jobs.
DURATIONS_MIN = 5


@dataclass(frozen=True)
class Standing:
    """Where an open job stands; None where it does not wait, or where nobody knows."""

    queue_position: int | None = None
    expected_ready_at: datetime | None = None


def queue_position(generation_id: GenerationId, queue: Sequence[GenerationId]) -> int:
    """Return a job's place in the queue, given its first jobs in order of id: 1 is the next one.

    A place behind more than COUNTED_MAX others is COUNTED_MAX + 1.
    """
    return min(bisect_left(queue, generation_id), COUNTED_MAX) + 1


def usual_duration_s(durations_s: Sequence[float]) -> float | None:
    """Return the median; None while there are too few to say."""
    return median(durations_s) if len(durations_s) >= DURATIONS_MIN else None


def expected_ready_at(generation: Generation, duration_s: float | None) -> datetime | None:
    """Return when a job that runs is done, if it takes as long as usual."""
    if generation.status is not Status.PROCESSING or generation.started_at is None or duration_s is None:
        return None
    return generation.started_at + timedelta(seconds=duration_s)
