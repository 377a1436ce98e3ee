"""Runs a leased attempt to its end."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from generation.application.deliver_outputs import DeliverOutputs
from generation.application.finish_attempt import FinishAttempt
from generation.application.report_progress import ReportProgress
from generation.application.start_generation import WITHDRAWN, Job
from generation.domain.attempt import Outcome
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
from generation.ports.unit_of_work import Transactions

LOST = Failure("PROVIDER_FAILED", "the provider lost the run")
OVERDUE = Failure("DEADLINE_EXCEEDED", "the provider did not finish in time")
UNUSABLE = Failure("OUTPUT_UNUSABLE", "the provider's files could not be used")
BACKOFF_MAX_S = 30.0
STOPPED = Failure("PROVIDER_FAILED", "the provider stopped the run")


@dataclass(frozen=True)
class RunAttempt:
    """Submits, follows and delivers; tries again while attempts are left.

    Raises LeaseLost when the job is no longer this worker's. Any other exception leaves the job as
    it is: its lease runs out and the sweeper takes it up again.
    """

    transactions: Transactions
    providers: Mapping[str, MediaProvider]
    catalogue: Catalogue
    deliver: DeliverOutputs
    finish: FinishAttempt
    progress: ReportProgress
    clock: Clock
    poll_s: float
    backoff_s: float = 1.0

    async def __call__(self, job: Job) -> None:
        following: Job | None = job
        while following is not None:
            if following is not job:
                job.attempt, job.taken_over = following.attempt, False
                await asyncio.sleep(self._pause_s(job.attempt.number))
            following = await self._conclude(job, await self._follow(job))

    def _pause_s(self, number: int) -> float:
        """A provider that just failed gets a little time, twice as much with each attempt."""
        return min(BACKOFF_MAX_S, self.backoff_s * 2.0 ** (number - 2))

    async def _conclude(self, job: Job, report: RunReport) -> Job | None:
        """Ends the attempt as the report says; answers with the next one if there is to be one."""
        match report.state:
            case RunState.SUCCEEDED:
                delivery = await self.deliver(job, report)
                if not delivery.outputs:
                    return await self.finish.again(job, outcome=Outcome.FAILED, failure=UNUSABLE)
                await self.finish.succeed(job, delivery.outputs, delivered_units=delivery.units)
            case RunState.CANCELLED if job.cancel_requested:
                await self.finish.cancel(job)
            case RunState.UNKNOWN:
                return await self.finish.again(job, outcome=Outcome.LOST, failure=LOST)
            case _ if report.retryable:
                return await self.finish.again(job, outcome=Outcome.FAILED, failure=report.failure or STOPPED)
            case _:
                await self.finish.fail(job, report.failure or STOPPED)
        return None

    async def _follow(self, job: Job) -> RunReport:
        """Stays with the run until its provider, its user or its deadline has ended it."""
        if job.attempt.run_id is None and not job.taken_over and (ended := self._ended(job)):
            # Nothing was submitted yet, and nothing needs to be.
            return ended
        provider = self.providers.get(job.attempt.provider)
        if provider is None:
            return _failed(Failure("PROVIDER_FAILED", "the provider is not set up here"), retryable=True)
        try:
            run_id = await self._run_of(job, provider)
        except ProviderRefused as refused:
            return _failed(refused.failure, retryable=refused.retryable)
        except UnknownModel:
            return _failed(WITHDRAWN, retryable=False)
        if run_id is None:
            return RunReport(RunState.UNKNOWN)
        while True:
            report = await self._check(provider, run_id)
            if report.state is not RunState.RUNNING and not job.cancel_requested:
                return report
            if ended := self._ended(job):
                await self._stop(provider, run_id)
                return ended
            await self.progress(job, report.progress)
            await asyncio.sleep(self.poll_s)

    def _ended(self, job: Job) -> RunReport | None:
        if job.cancel_requested:
            return RunReport(RunState.CANCELLED)
        if self.clock.now() >= job.generation.deadline_at:
            return _failed(OVERDUE, retryable=False)
        return None

    async def _run_of(self, job: Job, provider: MediaProvider) -> RunId | None:
        """The attempt's run: known, found or submitted now; None when it was and is lost."""
        attempt = job.attempt
        if attempt.run_id is None:
            run_id = await self._found(job, provider) if job.taken_over else await self._submit(job, provider)
            if run_id is None:
                return None
            job.attempt = replace(attempt, run_id=run_id)
            async with self.transactions.of_system() as work:
                if await work.attempts.leased(attempt.attempt_id, worker=attempt.worker):
                    await work.attempts.save(job.attempt)
        return job.attempt.run_id

    async def _submit(self, job: Job, provider: MediaProvider) -> RunId | None:
        model = self.catalogue.model(job.generation.model_id)
        run = Run(
            key=job.attempt.attempt_id,
            model=model.name_at(job.attempt.provider),
            input=job.generation.input,
        )
        try:
            return await provider.submit(run)
        except ProviderUnavailable:
            return await self._found(job, provider)

    async def _found(self, job: Job, provider: MediaProvider) -> RunId | None:
        try:
            return await provider.find(job.attempt.attempt_id)
        except ProviderUnavailable:
            return None

    async def _check(self, provider: MediaProvider, run_id: RunId) -> RunReport:
        try:
            return await provider.check(run_id)
        except ProviderUnavailable:
            # No answer is no verdict: the run may be well.
            return RunReport(RunState.RUNNING)

    async def _stop(self, provider: MediaProvider, run_id: RunId) -> None:
        try:
            await provider.cancel(run_id)
        except ProviderUnavailable:
            # The run may go on at the provider's; the job ends all the same and stores nothing of it.
            return


def _failed(failure: Failure, *, retryable: bool) -> RunReport:
    return RunReport(RunState.FAILED, failure=failure, retryable=retryable)
