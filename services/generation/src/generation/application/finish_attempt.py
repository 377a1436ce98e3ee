"""Ends an attempt, and with it the job or not, in one transaction."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from generation.application.start_generation import Job
from generation.domain.attempt import Attempt, Outcome
from generation.domain.events import released, succeeded
from generation.domain.generation import Failure, Generation, Status
from generation.domain.identifiers import AttemptId
from generation.domain.output import Output
from generation.domain.retention import FOR_GOOD, Retention
from generation.ports.clock import Clock
from generation.ports.ids import IdSource
from generation.ports.meter import Meter
from generation.ports.needs import Needs
from generation.ports.unit_of_work import UnitOfWork, UnitsOfWork

UNUSABLE = Failure("OUTPUT_UNUSABLE", "the provider's files could not be used")
INTERRUPTED = Failure("INTERRUPTED", "the job was interrupted too often on our side")
# What can't be used is most likely made the same again: it is bought once more, and no oftener.
UNUSABLE_BOUGHT_MAX = 2
# Of any job, those included that cost nothing because the provider turned them away.
ATTEMPTS_MAX = 100


class LeaseLost(Exception):
    """Another worker has the job, or it ended: nothing was changed."""


@dataclass(frozen=True, kw_only=True)
class Retry:
    """How a try ended, and who tries next, when. Uncounted ones cost neither the provider nor the job."""

    outcome: Outcome
    failure: Failure
    provider: str
    not_before: datetime
    counted: bool = True


@dataclass(frozen=True)
class AttemptFinisher:
    """Guarded twice, by the job's status and by the lease: a second end does nothing (LeaseLost).

    A cancel that was committed before the end wins, whatever the end was.
    """

    units: UnitsOfWork
    ids: IdSource
    clock: Clock
    meter: Meter
    worker: str
    lease_s: float
    attempts_max: int
    queue_timeout_s: float
    retention: Retention = FOR_GOOD

    async def succeed(
        self,
        job: Job,
        outputs: Sequence[Output],
        *,
        delivered_units: int,
        tokens: int | None = None,
        previews_shown: int = 0,
    ) -> Generation:
        """Keep outputs, state and fact together; the objects are no longer due for removal.

        What was passed on as it came is charged, whoever stopped it then.
        """

        async def end(work: UnitOfWork) -> Generation:
            generation, attempt = await self._owned(work, job)
            now, keys = self.clock.now(), [key for output in outputs for key in output.object_keys]
            if generation.cancel_requested and not generation.is_chat:
                await work.deletions.schedule(keys, due_at=now)
                return await self._release(work, generation, attempt, Outcome.CANCELLED, None)
            by_plan = self.retention.goes_by_plan
            plan = await work.entitlements.of(generation.account_id) if by_plan else None
            ended = generation.succeeded(
                delivered_units=delivered_units,
                previews_shown=previews_shown,
                now=now,
                kept_until=self.retention.kept_until(plan, now=now),
            )
            await work.outputs.add(outputs)
            await work.deletions.forget(keys)
            delivered = replace(attempt, output_count=len(outputs), tokens=tokens)
            await work.attempts.save(delivered.ended(Outcome.SUCCEEDED, now=now))
            await work.generations.save(ended)
            await work.answers.forget(ended.generation_id)
            await work.publish(succeeded(ended, output_count=len(outputs), now=now))
            return ended

        return await self._shared(end, job)

    async def fail(self, job: Job, failure: Failure) -> Generation:
        """End the job as failed for good."""
        return await self._end(job, Outcome.FAILED, failure)

    async def cancel(self, job: Job) -> Generation:
        """End the job as stopped for its user."""
        return await self._end(job, Outcome.CANCELLED, None)

    async def again(self, job: Job, retry: Retry) -> Attempt | None:
        """Return the next attempt, leased to this worker if its time is now, else left for whoever is free.

        None when it was left, and when there is none: the tries or the time are used up, or its user
        cancelled the job.
        """
        async with self.units.of_system() as work:
            generation, attempt = await self._owned(work, job)
            over = generation.cancel_requested or retry.not_before >= generation.deadline_at
            if over or await self._used_up(work, attempt, retry):
                ended = await self._release(work, generation, attempt, retry.outcome, retry.failure)
            else:
                now = self.clock.now()
                await work.attempts.save(attempt.ended(retry.outcome, now=now, failure=retry.failure))
                following = self._following(attempt, retry, now=now)
                await work.attempts.add(following)
                return following if following.not_before is None else None
        self.meter.ended(ended)
        return None

    async def move(self, job: Job, provider: str) -> Attempt:
        """Give an attempt that no provider knows of to another; return it."""
        async with self.units.of_system() as work:
            _, attempt = await self._owned(work, job)
            moved = replace(attempt, provider=provider)
            await work.attempts.lease(moved)
        return moved

    async def put_down(self, job: Job, *, until: datetime, failure: Failure, in_queue: bool = False) -> None:
        """Leaves the attempt for whoever is free then; the job fails if that is past its deadline.

        One that is `in_queue` has as much time then as now, unless that is later than any queue lasts.
        """
        async with self.units.of_system() as work:
            generation, attempt = await self._owned(work, job)
            if in_queue:
                queued_until = generation.created_at + timedelta(seconds=self.queue_timeout_s)
                generation = generation.waited(until=min(until, queued_until), now=self.clock.now())
                await work.generations.save(generation)
            if not generation.cancel_requested and until < generation.deadline_at:
                await work.attempts.lease(attempt.put_down(until=until, submitted=job.taken_over))
                return
            ended = await self._release(work, generation, attempt, Outcome.FAILED, failure)
        self.meter.ended(ended)

    async def drop(self, job: Job, *, until: datetime) -> None:
        """Leaves an attempt that an error of ours interrupted; that uses up a try, the last one the job."""
        async with self.units.of_system() as work:
            generation, attempt = await self._owned(work, job)
            dropped = attempt.put_down(until=until, submitted=job.taken_over, interrupted=True)
            if dropped.tries <= self.attempts_max and not generation.cancel_requested:
                await work.attempts.lease(dropped)
                return
            ended = await self._release(work, generation, attempt, Outcome.FAILED, INTERRUPTED)
        self.meter.ended(ended)

    async def _end(self, job: Job, outcome: Outcome, failure: Failure | None) -> Generation:
        async def end(work: UnitOfWork) -> Generation:
            generation, attempt = await self._owned(work, job)
            return await self._release(work, generation, attempt, outcome, failure)

        return await self._shared(end, job)

    async def _shared(self, end: Callable[[UnitOfWork], Awaitable[Generation]], job: Job) -> Generation:
        ended = await self.units.shared(end, _needs(job))
        self.meter.ended(ended)
        return ended

    async def _owned(self, work: UnitOfWork, job: Job) -> tuple[Generation, Attempt]:
        generation = await work.generations.lock(job.generation.generation_id)
        attempt = await work.attempts.leased(job.attempt.attempt_id, worker=self.worker)
        if generation is None or attempt is None or generation.status is not Status.PROCESSING:
            raise LeaseLost(job.attempt.attempt_id)
        return generation, replace(attempt, cost=job.cost, run_id=attempt.run_id or job.attempt.run_id)

    async def _used_up(self, work: UnitOfWork, attempt: Attempt, retry: Retry) -> bool:
        if attempt.number >= ATTEMPTS_MAX or (retry.counted and attempt.tries >= self.attempts_max):
            return True
        if retry.failure.reason != UNUSABLE.reason:
            return False
        earlier = await work.attempts.of(attempt.generation_id)
        bought = 1 + sum(before.reason == UNUSABLE.reason for before in earlier)
        return bought >= UNUSABLE_BOUGHT_MAX

    def _following(self, attempt: Attempt, retry: Retry, *, now: datetime) -> Attempt:
        following = Attempt(
            attempt_id=AttemptId(self.ids.new("att")),
            generation_id=attempt.generation_id,
            account_id=attempt.account_id,
            number=attempt.number + 1,
            provider=retry.provider,
            worker=self.worker,
            lease_until=now + timedelta(seconds=self.lease_s),
            started_at=now,
            tries=attempt.tries + retry.counted,
        )
        if retry.not_before <= now:
            return following
        return following.put_down(until=retry.not_before, submitted=False)

    async def _release(
        self,
        work: UnitOfWork,
        generation: Generation,
        attempt: Attempt,
        outcome: Outcome,
        failure: Failure | None,
    ) -> Generation:
        now = self.clock.now()
        if failure is None or generation.cancel_requested:
            ended = generation.cancelled(now=now)
        else:
            ended = generation.failed(failure, now=now)
        await end_without_delivery(work, ended, attempt.ended(outcome, now=now, failure=failure), now=now)
        return ended


def _needs(job: Job) -> Needs:
    return Needs(generation_id=job.generation.generation_id, attempt_id=job.attempt.attempt_id)


async def end_without_delivery(
    work: UnitOfWork, ended: Generation, attempt: Attempt | None, *, now: datetime
) -> None:
    """Write down a job that ended with nothing to charge, and the fact that returns its credits."""
    if attempt is not None:
        await work.attempts.save(attempt)
    await work.generations.save(ended)
    await work.answers.forget(ended.generation_id)
    await work.publish(released(ended, now=now))
