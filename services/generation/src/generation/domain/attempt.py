"""One try with one provider, leased to one worker."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from generation.domain.cost import Cost
from generation.domain.generation import Failure
from generation.domain.identifiers import AccountId, AttemptId, GenerationId, RunId


class Outcome(StrEnum):
    """How a try ended."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    # The provider does not know the run: its worker died before or while it ran.
    LOST = "lost"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A worker may act on an attempt only while its lease holds."""

    attempt_id: AttemptId
    generation_id: GenerationId
    account_id: AccountId
    number: int
    provider: str
    worker: str
    lease_until: datetime
    started_at: datetime
    run_id: RunId | None = None
    outcome: Outcome = Outcome.RUNNING
    detail: str | None = None
    # The failure's stable word.
    reason: str | None = None
    finished_at: datetime | None = None
    # While it waits for its time no worker has it, and the lease ends at that very moment.
    not_before: datetime | None = None
    # False until a worker takes it for the first time: until then no provider can know of it.
    submitted: bool = True
    # Tries that the job has used up: this one, those before it, and every interruption.
    tries: int = 1
    # What its run cost us, where somebody says so: paid for or not, its user is never told.
    cost: Cost | None = None
    # Files that were stored and kept, and tokens where the provider counts them.
    output_count: int = 0
    tokens: int | None = None

    def ended(self, outcome: Outcome, *, now: datetime, failure: Failure | None = None) -> "Attempt":
        """Return the attempt with its outcome."""
        return replace(
            self,
            outcome=outcome,
            detail=failure.detail[:500] if failure else None,
            reason=failure.reason if failure else None,
            finished_at=now,
            not_before=None,
        )

    def put_down(self, *, until: datetime, submitted: bool, interrupted: bool = False) -> "Attempt":
        """Nobody's until then; an interruption uses up a try."""
        return replace(
            self,
            lease_until=until,
            not_before=until,
            submitted=submitted,
            tries=self.tries + interrupted,
        )

    def taken(self, *, worker: str, now: datetime, lease_until: datetime) -> "Attempt":
        """Leased to `worker`. One that nobody had put down lost its worker, which uses up a try."""
        return replace(
            self,
            worker=worker,
            lease_until=lease_until,
            not_before=None,
            submitted=True,
            tries=self.tries + (self.not_before is None),
            started_at=self.started_at if self.submitted else now,
        )


def providers_after(order: tuple[str, ...], attempt: Attempt, *, outcome: Outcome) -> tuple[str, ...]:
    """Who may try next, best first: a failure goes on to the next provider, a lost run stays with its own."""
    place = order.index(attempt.provider) + (outcome is not Outcome.LOST)
    return order[place:] + order[:place]
