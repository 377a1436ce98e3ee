"""Stays with a run until it has ended."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from generation.application.provider_gate import ProviderGate
from generation.application.report_progress import ProgressReporter
from generation.application.start_generation import WITHDRAWN, Job
from generation.domain.attempt import Attempt
from generation.domain.errors import UnknownModel
from generation.domain.generation import Failure
from generation.domain.identifiers import RunId
from generation.ports.catalogue import Catalogue
from generation.ports.clock import Clock
from generation.ports.media_provider import (
    MediaProvider,
    ProviderRefused,
    ProviderUnavailable,
    Run,
    RunReport,
    RunState,
)
from generation.ports.unit_of_work import UnitsOfWork

OVERDUE = Failure("DEADLINE_EXCEEDED", "the provider did not finish in time")
UNAVAILABLE = Failure("PROVIDER_FAILED", "the provider is not available at the moment")
SILENT = Failure("PROVIDER_FAILED", "the provider does not answer")
# A provider that does not say whether it knows a run is asked again.
ASK_AGAIN_S = 5.0
FORGET_TIMEOUT_S = 10.0
log = structlog.get_logger(__name__)


class Postponed(Exception):
    """Nothing can be done about the attempt before `until`."""

    def __init__(self, until: datetime, failure: Failure) -> None:
        super().__init__(failure.detail)
        self.until = until
        self.failure = failure


@dataclass(frozen=True)
class RunFollower:
    """Submits what no provider can know of, finds what one may know, and polls."""

    units: UnitsOfWork
    providers: Mapping[str, MediaProvider]
    catalogue: Catalogue
    gate: ProviderGate
    progress: ProgressReporter
    clock: Clock

    async def follow(self, job: Job) -> RunReport:
        """How the run ended: by its provider, its user or its deadline. Raises Postponed."""
        if not job.taken_over and (ended := self._ended(job)):
            # Nothing was submitted yet, and nothing needs to be.
            return ended
        provider = self.providers.get(job.attempt.provider)
        if provider is None:
            return failed(Failure("PROVIDER_FAILED", "the provider is not set up here"), retryable=True)
        try:
            run_id = await self._run_of(job, provider)
        except ProviderRefused as refused:
            return RunReport(
                RunState.FAILED,
                failure=refused.failure,
                retryable=refused.retryable,
                retry_after_s=refused.retry_after_s,
                account_trouble=refused.account_trouble,
            )
        except UnknownModel:
            return failed(WITHDRAWN, retryable=False)
        return await self._polled(job, provider, run_id) if run_id else RunReport(RunState.UNKNOWN)

    def is_paying(self, job: Job) -> bool:
        """Whether the run costs money and would be lost with this process."""
        provider, run_id = self.providers.get(job.attempt.provider), job.attempt.run_id
        return provider is not None and run_id is not None and provider.is_paying(run_id)

    async def forget(self, attempt: Attempt) -> None:
        """Lets the provider drop what it keeps of an attempt that has ended. Never raises."""
        provider = self.providers.get(attempt.provider)
        if provider is None or attempt.run_id is None:
            return
        try:
            async with asyncio.timeout(FORGET_TIMEOUT_S):
                await provider.forget(attempt.run_id)
        except Exception as failure:  # noqa: BLE001, the job has ended, whatever the provider makes of it
            log.warning("run is not forgotten", attempt_id=attempt.attempt_id, error=repr(failure))

    async def _polled(self, job: Job, provider: MediaProvider, run_id: RunId) -> RunReport:
        gaps_s = provider.polling.gaps_s()
        while True:
            report = await self._check(provider, run_id)
            if report.state is not RunState.RUNNING and not job.cancel_requested:
                return report
            if ended := self._ended(job):
                if provider.capabilities.cancel:
                    await self._stop(provider, run_id)
                return ended
            if provider.capabilities.progress:
                await self.progress.report(job, report.progress)
            await self._pause(job, max(next(gaps_s), report.retry_after_s or 0))

    async def _pause(self, job: Job, gap_s: float) -> None:
        """Wait, but not longer than until the deadline, nor after the job's user cancelled it."""
        left_s = (job.generation.deadline_at - self.clock.now()).total_seconds()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, min(gap_s, left_s))):
                await job.cancelled.wait()

    def _ended(self, job: Job) -> RunReport | None:
        if job.cancel_requested:
            return RunReport(RunState.CANCELLED)
        if self.clock.now() >= job.generation.deadline_at:
            return failed(OVERDUE, retryable=False)
        return None

    async def _run_of(self, job: Job, provider: MediaProvider) -> RunId | None:
        """Return the attempt's run: known, found or submitted now; None when it was and is lost."""
        attempt = job.attempt
        if attempt.run_id is None:
            run_id = await (self._found(job, provider) if job.taken_over else self._submit(job, provider))
            if run_id is None:
                return None
            job.attempt = replace(attempt, run_id=run_id)
            async with self.units.of_system() as work:
                if await work.attempts.leased(attempt.attempt_id, worker=attempt.worker):
                    await work.attempts.save(job.attempt)
        return job.attempt.run_id

    async def _submit(self, job: Job, provider: MediaProvider) -> RunId | None:
        run = self._run(job)
        if until := self.gate.enter(job.attempt.provider):
            if any(self.gate.closed_until(name) is None for name in job.generation.provider_order):
                raise ProviderRefused(UNAVAILABLE, retryable=True, retry_after_s=0)
            raise Postponed(until, UNAVAILABLE)
        # From here on the provider may know of it, whatever becomes of this worker.
        job.taken_over = True
        try:
            return await provider.submit(run)
        except ProviderUnavailable:
            return await self._found(job, provider)

    def _run(self, job: Job) -> Run:
        model = self.catalogue.model(job.generation.model_id)
        return Run(
            key=job.attempt.attempt_id,
            model=model.name_at(job.attempt.provider),
            input=job.generation.input,
        )

    async def _found(self, job: Job, provider: MediaProvider) -> RunId | None:
        """Return the run of a submit that may have arrived: look it up, or submit it where that is free."""
        can = provider.capabilities
        try:
            if can.look_up and (run_id := await provider.find(job.attempt.attempt_id)):
                return run_id
            return await provider.submit(self._run(job)) if can.idempotency_key else None
        except ProviderUnavailable:
            # Not knowing is not having lost: submitting now might buy it twice.
            raise Postponed(self.clock.now() + timedelta(seconds=ASK_AGAIN_S), SILENT) from None

    async def _check(self, provider: MediaProvider, run_id: RunId) -> RunReport:
        try:
            return await provider.check(run_id)
        except ProviderUnavailable as away:
            # No answer is no verdict: the run may be well.
            return RunReport(RunState.RUNNING, retry_after_s=away.retry_after_s)

    async def _stop(self, provider: MediaProvider, run_id: RunId) -> None:
        try:
            await provider.cancel(run_id)
        except ProviderUnavailable:
            # The run may go on at the provider's; the job ends all the same and stores nothing of it.
            return


def failed(failure: Failure, *, retryable: bool) -> RunReport:
    """Return a run that did not succeed."""
    return RunReport(RunState.FAILED, failure=failure, retryable=retryable)
