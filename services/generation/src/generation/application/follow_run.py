"""Stays with a run until it has ended."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from generation.application.provider_gate import ProviderGate
from generation.application.report_progress import ProgressReporter
from generation.application.run_media import RunMedia
from generation.application.start_generation import WITHDRAWN, Job
from generation.domain.attempt import Attempt
from generation.domain.errors import UnknownModel
from generation.domain.generation import Failure
from generation.domain.identifiers import RunId
from generation.domain.request_template import UnmappedValue
from generation.ports.catalogue import Catalogue
from generation.ports.clock import Clock
from generation.ports.media_provider import (
    MediaProvider,
    MediaUnreadable,
    ProviderRefused,
    ProviderUnavailable,
    ProviderUnreachable,
    Run,
    RunReport,
    RunState,
)
from generation.ports.provider_guard import Call
from generation.ports.unit_of_work import UnitsOfWork

OVERDUE = Failure("DEADLINE_EXCEEDED", "the provider did not finish in time")
UNAVAILABLE = Failure("PROVIDER_FAILED", "the provider is not available at the moment")
UNREADABLE = Failure("PROVIDER_FAILED", "what the job is made from could not be read")
SILENT = Failure("PROVIDER_FAILED", "the provider does not answer")
UNREACHABLE = Failure("PROVIDER_FAILED", "the provider can't be reached")
NOT_SET_UP = Failure("PROVIDER_FAILED", "the provider is not set up here")
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


class NotAsked(Exception):
    """The attempt's provider should not be asked now: it knows nothing of the attempt."""


@dataclass(frozen=True)
class RunFollower:
    """Submits what no provider can know of, finds what one may know, and polls."""

    units: UnitsOfWork
    providers: Mapping[str, MediaProvider]
    catalogue: Catalogue
    media: RunMedia
    gate: ProviderGate
    progress: ProgressReporter
    clock: Clock

    async def follow(self, job: Job) -> RunReport:
        """How the run ended: by its provider, its user or its deadline. Raises Postponed, NotAsked."""
        call = call_of(job)
        try:
            if job.taken_over:
                self.gate.resumed(call)
            return await self._followed(job)
        finally:
            self.gate.left(call)

    async def _followed(self, job: Job) -> RunReport:
        if not job.taken_over and (ended := self._ended(job)):
            # Nothing was submitted yet, and nothing needs to be.
            return ended
        provider = self.providers.get(job.attempt.provider)
        if provider is None:
            return failed(NOT_SET_UP, retryable=True)
        try:
            run_id = await self._run_of(job, provider)
        except ProviderRefused as refused:
            return RunReport(
                RunState.FAILED,
                failure=refused.failure,
                retryable=refused.retryable,
                retry_after_s=refused.retry_after_s,
                account_trouble=refused.account_trouble,
                unanswered=refused.unanswered,
            )
        except (UnknownModel, UnmappedValue):
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
            if not report.unanswered:
                # Where nobody answered it stands where it stood.
                await self.progress.stands(job, report.queue_position)
            if provider.capabilities.progress:
                await self.progress.report(job, report.progress)
            await self._pause(job, next(gaps_s), not_before_s=report.retry_after_s)

    async def _pause(self, job: Job, gap_s: float, *, not_before_s: float | None) -> None:
        """Wait, but not longer than until the deadline, nor after the job's user cancelled it.

        A provider's word ends the wait too, unless it asked not to be looked at before then.
        """
        word = job.stirred if not_before_s is None else job.cancelled
        gap_s = max(gap_s, not_before_s or 0)
        left_s = (job.generation.deadline_at - self.clock.now()).total_seconds()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, min(gap_s, left_s))):
                await word.wait()
        # What was said by now is answered by the look that follows.
        job.stirred.clear()

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
            if provider.capabilities.in_call:
                # It is found by the attempt's own key, by whoever looks: it is written down with the end.
                return run_id
            async with self.units.of_system() as work:
                if await work.attempts.leased(attempt.attempt_id, worker=attempt.worker):
                    await work.attempts.save(job.attempt)
        return job.attempt.run_id

    async def _submit(self, job: Job, provider: MediaProvider) -> RunId | None:
        run = await self._run(job)
        if self.gate.enter(call_of(job)) is not None:
            raise NotAsked
        # From here on the provider may know of it, whatever becomes of this worker.
        job.taken_over = True
        try:
            return await provider.submit(run)
        except MediaUnreadable as unreadable:
            log.warning("media not read", attempt_id=job.attempt.attempt_id, error=str(unreadable))
            raise ProviderRefused(UNREADABLE, retryable=True) from unreadable
        except ProviderUnreachable as away:
            # Nothing was bought: it is no try of the job's, and any provider may be next.
            raise ProviderRefused(UNREACHABLE, retryable=True, retry_after_s=0) from away
        except ProviderUnavailable as away:
            if away.retry_after_s:
                raise self._silent(job, retry_after_s=away.retry_after_s) from away
            return await self._found(job, provider)

    async def _run(self, job: Job) -> Run:
        """Return what to make, in the provider's own words. Raises UnknownModel, UnmappedValue."""
        model = self.catalogue.model(job.generation.model_id)
        runs = model.at(job.attempt.provider)
        media = await self.media.of(model, job.generation)
        addresses = {media_id: each.url for media_id, each in media.items()}
        return Run(
            key=job.attempt.attempt_id,
            model=runs.model,
            input=runs.asked(job.generation.input, addresses),
            media=media,
            on_end=job.wake,
            previews_max=job.showing.most if job.showing else 0,
            on_preview=job.showing.offer if job.showing else lambda _: None,
        )

    async def _found(self, job: Job, provider: MediaProvider) -> RunId | None:
        """Return the run of a submit that may have arrived: look it up, or submit it where that is free."""
        can = provider.capabilities
        try:
            if can.look_up and (run_id := await provider.find(job.attempt.attempt_id)):
                return run_id
            return await provider.submit(await self._run(job)) if can.idempotency_key else None
        except MediaUnreadable:
            raise Postponed(self.clock.now() + timedelta(seconds=ASK_AGAIN_S), UNREADABLE) from None
        except ProviderUnavailable as away:
            raise self._silent(job, retry_after_s=away.retry_after_s) from None

    def _silent(self, job: Job, *, retry_after_s: float | None) -> Postponed:
        """Not knowing is not having lost: submitting now, here or elsewhere, might buy it twice."""
        silent = RunReport(RunState.FAILED, failure=SILENT, unanswered=True, retry_after_s=retry_after_s)
        self.gate.heard(call_of(job), silent)
        pause_s = max(ASK_AGAIN_S, retry_after_s or 0)
        return Postponed(self.clock.now() + timedelta(seconds=pause_s), SILENT)

    async def _check(self, provider: MediaProvider, run_id: RunId) -> RunReport:
        try:
            return await provider.check(run_id)
        except ProviderUnavailable as away:
            # No answer is no verdict: the run may be well.
            return RunReport(RunState.RUNNING, unanswered=True, retry_after_s=away.retry_after_s)

    async def _stop(self, provider: MediaProvider, run_id: RunId) -> None:
        try:
            await provider.cancel(run_id)
        except ProviderUnavailable:
            # The run may go on at the provider's; the job ends all the same and stores nothing of it.
            return


def call_of(job: Job, provider: str | None = None) -> Call:
    """Return the job as its attempt's provider would be asked for it, or another one."""
    generation = job.generation
    return Call(provider or job.attempt.provider, generation.model_id, generation.generation_id)


def failed(failure: Failure, *, retryable: bool) -> RunReport:
    """Return a run that did not succeed."""
    return RunReport(RunState.FAILED, failure=failure, retryable=retryable)
