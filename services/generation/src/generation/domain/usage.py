"""What generations and their tries came to, one by one and summed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from generation.domain.attempt import Attempt, Outcome
from generation.domain.generation import Generation
from generation.domain.identifiers import ApiKeyId, AttemptId, GenerationId, ModelId

# Stands where an API key is named, for a person who came with none; no key's id is like it.
NO_KEY = ApiKeyId("none")


@dataclass(frozen=True, kw_only=True)
class ModelUsage:
    """What one model cost in one period, counted from 0."""

    period: int
    model_id: ModelId
    credits: int
    generations: int


@dataclass(frozen=True, kw_only=True)
class AttemptUsage:
    """A try as the account that it was for sees it."""

    attempt_id: AttemptId
    generation_id: GenerationId
    model_id: ModelId
    provider: str
    outcome: Outcome
    # The failure's stable word.
    reason: str | None
    started_at: datetime
    finished_at: datetime | None
    output_count: int
    tokens: int | None
    # What the ledger was asked to take for it: nothing for all but the one that delivered.
    credits: int
    # The key that its job was asked for with, and what it was called then.
    api_key_id: ApiKeyId | None
    api_key_name: str | None


@dataclass(frozen=True, kw_only=True)
class UsageFilter:
    """Which tries are meant; whatever is not said does not matter."""

    model_id: ModelId | None = None
    provider: str | None = None
    outcomes: frozenset[Outcome] = frozenset()
    started_from: datetime | None = None
    # Exclusive.
    started_before: datetime | None = None
    # NO_KEY: those of jobs that a person asked for.
    api_key_id: ApiKeyId | None = None

    def admits(self, usage: AttemptUsage) -> bool:
        """Return whether this try is meant."""
        return (
            self.model_id in (None, usage.model_id)
            and self.provider in (None, usage.provider)
            and (not self.outcomes or usage.outcome in self.outcomes)
            and (self.started_from is None or usage.started_at >= self.started_from)
            and (self.started_before is None or usage.started_at < self.started_before)
            and self.api_key_id in (None, usage.api_key_id or NO_KEY)
        )


EVERY_TRY = UsageFilter()


class Grouping(StrEnum):
    """What tries are put together by."""

    # In UTC, by when they began.
    DAY = "day"
    MODEL = "model"
    KEY = "key"


@dataclass(frozen=True, kw_only=True)
class UsageGroup:
    """Tries put together; what they are not put together by is None."""

    day: date | None
    model_id: ModelId | None
    # NO_KEY: of jobs that a person asked for.
    api_key_id: ApiKeyId | None = None
    api_key_name: str | None = None
    attempts: int
    output_count: int
    tokens: int
    credits: int


def usage_of(attempt: Attempt, generation: Generation) -> AttemptUsage:
    """Return what a try of this job came to."""
    return AttemptUsage(
        attempt_id=attempt.attempt_id,
        generation_id=attempt.generation_id,
        model_id=generation.model_id,
        provider=attempt.provider,
        outcome=attempt.outcome,
        reason=attempt.reason,
        started_at=attempt.started_at,
        finished_at=attempt.finished_at,
        output_count=attempt.output_count,
        tokens=attempt.tokens,
        credits=generation.credits_charged if attempt.outcome is Outcome.SUCCEEDED else 0,
        api_key_id=generation.key.key_id if generation.key else None,
        api_key_name=generation.key.name if generation.key else None,
    )


def groupings(words: Collection[str]) -> frozenset[Grouping]:
    """Return what is meant by these words. Raises ValueError."""
    return frozenset(Grouping(word) for word in words)
