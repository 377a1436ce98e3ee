"""Runs a leased job to its end, or to the moment when it has to wait."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from generation.application.deliver_outputs import OutputDeliverer
from generation.application.finish_attempt import UNUSABLE, AttemptFinisher, Retry
from generation.application.follow_run import Postponed, RunFollower
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
    clock: Clock
    backoff_s: float = 1.0
    delivery_grace_s: float = DELIVERY_GRACE_S

    async def run(self, job: Job) -> None:
        while await self._try(job):
            pass

    async def _try(self, job: Job) -> bool:
        """One attempt; whether the next one is to follow at once."""
        left_s = (job.generation.deadline_at - self.clock.now()).total_seconds()
        try:
            async with asyncio.timeout(max(left_s, 0) + self.delivery_grace_s) as limit:
                report = await self.runs.follow(job)
                ended = job.attempt
                follows = await self._conclude(job, report)
        except Postponed as later:
            await self.finish.put_down(job, until=later.until, failure=later.failure)
            return False
        except TimeoutError:
            if not limit.expired():
                raise
            await self.finish.fail(job, UNDELIVERED)
            ended, follows = job.attempt, False
        await self.runs.forget(ended)
        return follows

    async def _conclude(self, job: Job, report: RunReport) -> bool:
        """End the attempt as the report says; return whether the next one is to follow at once."""
        self.gate.heard(job.attempt.provider, report)
        match report.state:
            case RunState.SUCCEEDED:
                delivery = await self.outputs.deliver(job, report)
                if not delivery.outputs and not job.cancel_requested:
                    return await self._again(job, report, Outcome.FAILED, UNUSABLE)
                await self.finish.succeed(job, delivery.outputs, delivered_units=delivery.units)
                if report.cost_usd_micros is not None:
                    self.finish.meter.paid(job.attempt.provider, usd_micros=report.cost_usd_micros)
            case RunState.CANCELLED if job.cancel_requested:
                await self.finish.cancel(job)
            case RunState.UNKNOWN:
                return await self._again(job, report, Outcome.LOST, LOST)
            case _ if report.retryable:
                return await self._again(job, report, Outcome.FAILED, report.failure or STOPPED)
            case _:
                await self.finish.fail(job, report.failure or STOPPED)
        return False

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
        attempt, now = job.attempt, self.clock.now()
        waits = {
            name: ((self.gate.closed_until(name) or now) - now).total_seconds()
            for name in providers_after(job.generation.provider_order, attempt, outcome=outcome)
        }
        # The first of those that wait least; with every gate open, simply the next one.
        provider = min(waits, key=lambda name: waits[name])
        if outcome is Outcome.LOST:
            return provider, waits[provider]
        if provider != attempt.provider and attempt.number < len(waits):
            # The failure was another provider's: this one was not asked yet.
            return provider, waits[provider]
        backoff_s = min(BACKOFF_MAX_S, self.backoff_s * 3.0 ** (attempt.number - 1))
        return provider, max(waits[provider], report.retry_after_s or 0, backoff_s)
