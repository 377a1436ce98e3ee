"""What whoever runs attempts needs: workers, and the process that runs jobs in the call itself."""

from generation.application.finish_attempt import AttemptFinisher
from generation.application.moderate_job import JobModerator
from generation.bootstrap.parts import Parts
from generation.domain.retention import Retention
from generation.ports.moderation import Moderation
from generation.settings import WorkerSettings


def finisher_of(settings: WorkerSettings, parts: Parts, *, worker: str) -> AttemptFinisher:
    """Make what ends the attempts that this worker holds."""
    return AttemptFinisher(
        parts.units,
        parts.ids,
        parts.clock,
        parts.meter,
        worker=worker,
        lease_s=settings.lease_s,
        attempts_max=settings.attempts_max,
        queue_timeout_s=settings.queue_timeout_s,
        retention=Retention(
            days=settings.output_retention_days,
            days_by_word=settings.output_retention_days_by_entitlement,
        ),
    )


def moderator_of(settings: WorkerSettings, parts: Parts, moderation: Moderation | None) -> JobModerator:
    """Make what asks whether a job may be run."""
    return JobModerator(
        moderation,
        parts.catalogue,
        parts.clock,
        parts.meter,
        is_open=settings.moderation_when_away == "open",
    )
