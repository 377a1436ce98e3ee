"""What whoever runs attempts needs: workers, and the process that runs jobs in the call itself."""

from collections.abc import Mapping

from chassis.publisher import Publisher

from generation.adapters.outbound.intake import FileIntake
from generation.adapters.outbound.nats_progress import NatsProgressFeed
from generation.application.cost_of_run import RunCosts
from generation.application.deliver_outputs import OutputDeliverer
from generation.application.finish_attempt import AttemptFinisher
from generation.application.follow_run import RunFollower
from generation.application.moderate_job import JobModerator
from generation.application.provider_gate import ProviderGate
from generation.application.report_progress import ProgressReporter
from generation.application.run_attempt import AttemptRunner
from generation.application.run_media import RunMedia
from generation.bootstrap.content_signer import signer_of
from generation.bootstrap.parts import Parts
from generation.domain.retention import Retention
from generation.ports.media_provider import MediaProvider
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


def runner_of(
    settings: WorkerSettings,
    parts: Parts,
    providers: Mapping[str, MediaProvider],
    gate: ProviderGate,
    finish: AttemptFinisher,
    intake: FileIntake,
    moderation: Moderation | None,
) -> AttemptRunner:
    """Make what runs the attempts that `finish` ends."""
    units, clock = parts.units, parts.clock
    feed = NatsProgressFeed(Publisher(parts.jetstream), parts.ids)
    progress = ProgressReporter(units, feed, clock, every_s=settings.progress_every_s)
    return AttemptRunner(
        RunFollower(units, providers, parts.catalogue, RunMedia(units, parts.store), gate, progress, clock),
        OutputDeliverer(
            units, intake, parts.store, parts.ids, clock, signer=signer_of(settings, parts, providers)
        ),
        finish,
        gate,
        moderator_of(settings, parts, moderation),
        RunCosts(parts.catalogue),
        clock,
    )
