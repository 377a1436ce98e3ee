"""What generations and their tries came to, one by one and summed."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from gateway.domain.identifiers import ApiKeyId, AttemptId, GenerationId, ModelId

# Stands where an API key is named, for a person who came with none; no key's id is like it.
NO_KEY = ApiKeyId("none")


@dataclass(frozen=True, kw_only=True)
class ModelUsage:
    """What one model cost in one period, counted from 0."""

    period: int
    model_id: ModelId
    credits: int
    generations: int


class AttemptOutcome(StrEnum):
    """How a try ended, or that it has not; one that waits for its time runs, too."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"


@dataclass(frozen=True, kw_only=True)
class AttemptUsage:
    """What one try with one provider came to."""

    attempt_id: AttemptId
    generation_id: GenerationId
    model_id: ModelId
    provider: str
    outcome: AttemptOutcome
    # Why it failed, a stable word.
    reason: str | None
    started_at: datetime
    finished_at: datetime | None
    output_count: int
    # None where they are not counted.
    tokens: int | None
    credits: int
    # The key that its job was asked for with, and what it was called then; None for a person.
    api_key_id: ApiKeyId | None = None
    api_key_name: str | None = None

    @property
    def latency_ms(self) -> int | None:
        """How long it took; None while it runs."""
        if self.finished_at is None:
            return None
        return max(0, round((self.finished_at - self.started_at) / timedelta(milliseconds=1)))


@dataclass(frozen=True, kw_only=True)
class UsageFilter:
    """Which tries are meant; whatever is not said does not matter."""

    model_id: ModelId | None = None
    provider: str | None = None
    outcomes: tuple[AttemptOutcome, ...] = ()
    started_from: datetime | None = None
    # Exclusive.
    started_before: datetime | None = None
    # NO_KEY: those of jobs that a person asked for.
    api_key_id: ApiKeyId | None = None


EVERY_TRY = UsageFilter()


class UsageGrouping(StrEnum):
    """What tries are put together by."""

    DAY = "day"
    MODEL = "model"
    KEY = "key"


@dataclass(frozen=True, kw_only=True)
class UsageGroup:
    """Tries put together; what they are not put together by is None."""

    # Of UTC.
    day: date | None
    model_id: ModelId | None
    # NO_KEY: of jobs that a person asked for.
    api_key_id: ApiKeyId | None = None
    api_key_name: str | None = None
    attempts: int
    output_count: int
    tokens: int
    credits: int
