"""What generation in memory knows: its parts share it."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from gateway.adapters.outbound.memory.ledger import MemoryLedger
from gateway.adapters.outbound.memory.uploads import MemoryUploads
from gateway.domain.errors import InsufficientCredits
from gateway.domain.generation import (
    QUEUE_COUNTED_MAX,
    Generation,
    GenerationStatus,
    Model,
    ModelStatistics,
    NewGeneration,
)
from gateway.domain.identifiers import AccountId, AttemptId, CollectionId, GenerationId
from gateway.domain.usage import AttemptUsage
from gateway.ports.clock import Clock


@dataclass
class MemoryGenerationState:
    """Everybody's jobs, and what their models require and take."""

    clock: Clock
    ledger: MemoryLedger
    jobs: dict[str, Generation] = field(default_factory=dict)
    # Hidden, and until when it can be shown again.
    discarded: dict[str, datetime] = field(default_factory=dict)
    keys: dict[tuple[str, str], tuple[NewGeneration, str]] = field(default_factory=dict)
    refusals: dict[str, InsufficientCredits] = field(default_factory=dict)
    charged: list[Generation] = field(default_factory=list)
    # Every try, whatever becomes of its job.
    tries: dict[AttemptId, tuple[AccountId, AttemptUsage]] = field(default_factory=dict)
    ends_at_once: GenerationStatus | None = None
    """How jobs end as they begin; None: a test ends them."""
    more_models: list[Model] = field(default_factory=list)
    failure: Exception | None = None
    """Raised in place of a sum, as when the service is away."""
    quotes: dict[str, tuple[str, str, dict[str, Any]]] = field(default_factory=dict)
    # What each account's collections hold.
    collected: dict[tuple[AccountId, CollectionId], set[GenerationId]] = field(default_factory=dict)
    # Seconds that jobs take, by model, where that is known.
    medians_s: dict[str, float] = field(default_factory=dict)
    # Providers in whose place a stand-in answers.
    stand_ins: set[str] = field(default_factory=set)
    last_days: dict[str, ModelStatistics] = field(default_factory=dict)

    # Runs at providers, by the provider's name and the run's; and those that were told of.
    runs: set[tuple[str, str]] = field(default_factory=set)
    told_of: list[tuple[str, str]] = field(default_factory=list)

    # Files that inputs may name; without it none is looked for.
    uploads: MemoryUploads | None = None
    # What models require, by model, and what plans open, by account.
    requires: dict[str, str] = field(default_factory=dict)
    entitlements: dict[str, set[str]] = field(default_factory=dict)

    def _change(self, generation_id: GenerationId, **changes: Any) -> Generation:
        self.jobs[generation_id] = replace(self.jobs[generation_id], **changes)
        return self.jobs[generation_id]

    def _seen(self, job: Generation) -> Generation:
        """Return a job with its place among everybody's, or with the time at which it should be done."""
        if job.status is GenerationStatus.QUEUED:
            queue = [other.generation_id for other in self.jobs.values() if other.status is job.status]
            place = min(queue.index(job.generation_id), QUEUE_COUNTED_MAX) + 1
            return replace(job, queue_position=place)
        usual_s = self.medians_s.get(job.model_id)
        if job.status is GenerationStatus.PROCESSING and job.started_at and usual_s is not None:
            return replace(job, expected_ready_at=job.started_at + timedelta(seconds=usual_s))
        return job
