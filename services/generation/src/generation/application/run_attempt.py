"""Runs a leased job to its end, or to the moment when it has to wait."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from generation.application.cost_of_run import RunCosts
from generation.application.deliver_outputs import OutputDeliverer
from generation.application.finish_attempt import UNUSABLE, AttemptFinisher, Retry
from generation.application.follow_run import OVERDUE, UNAVAILABLE, NotAsked, Postponed, RunFollower, call_of
from generation.application.moderate_job import JobModerator
from generation.application.provider_gate import ProviderGate
from generation.application.start_generation import Job
from generation.domain.attempt import Outcome, providers_after
from generation.domain.generation import Failure
from generation.ports.clock import Clock
from generation.ports.media_provider import RunReport, RunState

LOST = Failure("PROVIDER_FAILED", "the provider lost the run")
STOPPED = Failure("PROVIDER_FAILED", "the provider stopped the run")
UNDELIVERED = Failure("DEADLINE_EXCEEDED", "what was made could not be stored in time")
BACKOFF_MAX_S = 30.0
# An answer that came in time may still be on its way into the store when the deadline passes.
DELIVERY_GRACE_S = 5.0


@dataclass(frozen=True)
class AttemptRunner:
    """Submits, follows and delivers; tries again while tries are left.

    Whatever it waits for, it ends with the job's deadline. A job that has to wait is left for
    whichever worker is free then, so that waiting takes no slot. Raises LeaseLost when the job is no
    longer this worker's; any other exception leaves the job as it is, and calling again goes on.
    """

    runs: RunFollower
    outputs: OutputDeliverer
    finish: AttemptFinisher
    gate: ProviderGate
    moderate: JobModerator
    costs: RunCosts
    clock: Clock
    backoff_s: float = 1.0
    delivery_grace_s: float = DELIVERY_GRACE_S

    async def run(self, job: Job) -> None:
        while await self._try(job):
            pass

    async def _try(self, job: Job) -> bool:
        """One attempt; whether the next one is to follow at once."""
        left_s = (job.generation.deadline_at - self.clock.now()).total_seconds()
        job.cost = None
        try:
            async with asyncio.timeout(max(left_s, 0) + self.delivery_grace_s) as limit:
                if refused := await self.moderate.refusal(job):
                    # Whoever else were asked for it: it is not made.
                    await self.finish.fail(job, refused)
                    return False
                report = await self.runs.follow(job)
                ended, job.cost = job.attempt, self.costs.of(job, report)
                follows = await self._conclude(job, report)
        except NotAsked:
            return await self._moved(job)
        except Postponed as later:
            await self.finish.put_down(job, until=later.until, failure=later.failure)
            return False
        except TimeoutError:
            if not limit.expired():
                raise
            await self.finish.fail(job, UNDELIVERED)
            ended, follows = job.attempt, False
        # Of an attempt that ended for good by now: whoever takes over one that did not counts it.
        if job.cost is not None:
            self.finish.meter.paid(ended.provider, job.generation.model_id, usd_micros=job.cost.usd_micros)
        await self.runs.forget(ended)
        return follows

    async def _conclude(self, job: Job, report: RunReport) -> bool:
        """End the attempt as the report says; return whether the next one is to follow at once."""
        if report.state is not RunState.SUCCEEDED:
            self._heard(job, report)
        match report.state:
            case RunState.SUCCEEDED:
                delivery = await self.outputs.deliver(job, report)
                if not delivery.outputs and not job.cancel_requested:
                    unusable = replace(report, state=RunState.FAILED, failure=UNUSABLE, retryable=True)
                    self._heard(job, unusable)
                    return await self._again(job, unusable, Outcome.FAILED, UNUSABLE)
                if delivery.outputs:
                    self._heard(job, report)
                await self.finish.succeed(
                    job,
                    delivery.outputs,
                    delivered_units=delivery.units,
                    tokens=report.usage_units,
                    previews_shown=await self._shown(job, report),
                )
            case RunState.CANCELLED if job.cancel_requested:
                await self.finish.cancel(job)
            case RunState.UNKNOWN:
                return await self._again(job, report, Outcome.LOST, LOST)
            case _ if report.retryable:
                return await self._again(job, report, Outcome.FAILED, report.failure or STOPPED)
            case _:
                await self.finish.fail(job, report.failure or STOPPED)
        return False

    async def _shown(self, job: Job, report: RunReport) -> int:
        """Return how many previews were shown, to whoever waits here; none where nobody does.

        What was made is stored by now: previews may not have it end too late.
        """
        if job.showing is None:
            return 0
        job.showing.tokens = report.picture_tokens
        left_s = (job.generation.deadline_at - self.clock.now()).total_seconds()
        return await job.showing.counted(within_s=max(0.0, left_s))

    def _heard(self, job: Job, report: RunReport) -> None:
        # A run that began late in its job's time was not given what a run is given.
        if report.failure != OVERDUE or _had_time(job):
            self.gate.heard(call_of(job), report)

    async def _moved(self, job: Job) -> bool:
        """Give an attempt that nobody was asked for to the first provider that may be, now or later."""
        waits = self._waits(job, Outcome.LOST)
        provider = min(waits, key=lambda name: waits[name])
        if waits[provider] > 0:
            until = self.clock.now() + timedelta(seconds=waits[provider])
            # Whoever waits for a place before anybody was asked loses none of its time.
            in_queue = job.attempt.number == 1 and self.gate.is_full(call_of(job, provider))
            await self.finish.put_down(job, until=until, failure=UNAVAILABLE, in_queue=in_queue)
            return False
        job.attempt = await self.finish.move(job, provider)
        return True

    async def _again(self, job: Job, report: RunReport, outcome: Outcome, failure: Failure) -> bool:
        provider, pause_s = self._next(job, report, outcome)
        following = await self.finish.again(
            job,
            Retry(
                outcome=outcome,
                failure=failure,
                provider=provider,
                not_before=self.clock.now() + timedelta(seconds=pause_s),
                # A provider that turned us away did nothing and costs nothing: the deadline bounds it.
                counted=not report.account_trouble and report.retry_after_s is None,
            ),
        )
        if following is None:
            return False
        job.attempt, job.taken_over = following, False
        return True

    def _next(self, job: Job, report: RunReport, outcome: Outcome) -> tuple[str, float]:
        """Who tries next, and in how many seconds."""
        attempt, waits = job.attempt, self._waits(job, outcome)
        # The first of those that wait least; with every gate open, simply the next one.
        provider = min(waits, key=lambda name: waits[name])
        if outcome is Outcome.LOST:
            return provider, waits[provider]
        if provider != attempt.provider and attempt.number < len(waits):
            # The failure was another provider's: this one was not asked yet.
            return provider, waits[provider]
        backoff_s = min(BACKOFF_MAX_S, self.backoff_s * 3.0 ** (attempt.number - 1))
        return provider, max(waits[provider], report.retry_after_s or 0, backoff_s)

    def _waits(self, job: Job, outcome: Outcome) -> Mapping[str, float]:
        """In how many seconds each provider may be asked, whoever is next after this outcome first."""
        now = self.clock.now()
        return {
            name: ((self.gate.closed_until(call_of(job, name)) or now) - now).total_seconds()
            for name in providers_after(job.generation.provider_order, job.attempt, outcome=outcome)
        }


def _had_time(job: Job) -> bool:
    """Whether the run began when at least half of the job's time was left."""
    generation, began = job.generation, job.attempt.started_at
    given = generation.deadline_at - (generation.started_at or generation.created_at)
    return job.attempt.run_id is not None and generation.deadline_at - began >= given / 2
