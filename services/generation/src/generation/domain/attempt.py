"""One try with one provider, leased to one worker."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

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
    detail: str = ""
    finished_at: datetime | None = None

    def ended(self, outcome: Outcome, *, now: datetime, detail: str = "") -> "Attempt":
        """The attempt with its outcome."""
        return replace(self, outcome=outcome, detail=detail[:500], finished_at=now)


def provider_after(order: tuple[str, ...], attempt: Attempt, *, outcome: Outcome) -> str:
    """Who tries next: a failure goes on to the next provider, a lost run stays with its own."""
    if outcome is Outcome.LOST:
        return attempt.provider
    return order[(order.index(attempt.provider) + 1) % len(order)]
