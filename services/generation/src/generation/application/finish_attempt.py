"""Ends an attempt, and with it the job or not, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from generation.application.start_generation import Job
from generation.domain.attempt import Attempt, Outcome, provider_after
from generation.domain.events import released, succeeded
from generation.domain.generation import Failure, Generation, Status
from generation.domain.identifiers import AttemptId
from generation.domain.output import Output
from generation.ports.clock import Clock
from generation.ports.ids import IdSource
from generation.ports.meter import Meter
from generation.ports.unit_of_work import Transactions, UnitOfWork


class LeaseLost(Exception):
    """Another worker has the job, or it ended: nothing was changed."""


@dataclass(frozen=True)
class FinishAttempt:
    """Guarded twice, by the job's status and by the lease: a second end does nothing (LeaseLost)."""

    transactions: Transactions
    ids: IdSource
    clock: Clock
    meter: Meter
    worker: str
    lease_s: float
    attempts_max: int

    async def succeed(self, job: Job, outputs: Sequence[Output], *, delivered_units: int) -> None:
        """Outputs, state and fact together; the objects are no longer due for removal."""
        async with self.transactions.of_system() as work:
            generation, attempt = await self._owned(work, job)
            now = self.clock.now()
            ended = generation.succeeded(delivered_units=delivered_units, now=now)
            await work.outputs.add(outputs)
            await work.deletions.forget([output.object_key for output in outputs])
            await work.attempts.save(attempt.ended(Outcome.SUCCEEDED, now=now))
            await work.generations.save(ended)
            await work.publish(succeeded(ended, output_count=len(outputs), now=now))
        self.meter.ended(ended)

    async def fail(self, job: Job, failure: Failure) -> None:
        """The job failed for good."""
        async with self.transactions.of_system() as work:
            generation, attempt = await self._owned(work, job)
            ended = await self._release(
                work, generation.failed(failure, now=self.clock.now()), attempt, Outcome.FAILED, failure
            )
        self.meter.ended(ended)

    async def cancel(self, job: Job) -> None:
        """The job stopped for its user."""
        async with self.transactions.of_system() as work:
            generation, attempt = await self._owned(work, job)
            ended = await self._release(
                work, generation.cancelled(now=self.clock.now()), attempt, Outcome.CANCELLED, None
            )
        self.meter.ended(ended)

    async def again(self, job: Job, *, outcome: Outcome, failure: Failure) -> Job | None:
        """The next attempt, leased to this worker; None when the last one is used up and the job failed."""
        async with self.transactions.of_system() as work:
            generation, attempt = await self._owned(work, job)
            now = self.clock.now()
            if attempt.number >= self.attempts_max:
                ended = await self._release(
                    work, generation.failed(failure, now=now), attempt, outcome, failure
                )
            else:
                await work.attempts.save(attempt.ended(outcome, now=now, detail=failure.detail))
                following = Attempt(
                    attempt_id=AttemptId(self.ids.new("att")),
                    generation_id=generation.generation_id,
                    account_id=generation.account_id,
                    number=attempt.number + 1,
                    provider=provider_after(generation.provider_order, attempt, outcome=outcome),
                    worker=self.worker,
                    lease_until=now + timedelta(seconds=self.lease_s),
                    started_at=now,
                )
                await work.attempts.add(following)
                return Job(generation, following, cancel_requested=generation.cancel_requested)
        self.meter.ended(ended)
        return None

    async def _owned(self, work: UnitOfWork, job: Job) -> tuple[Generation, Attempt]:
        generation = await work.generations.lock(job.generation.generation_id)
        attempt = await work.attempts.leased(job.attempt.attempt_id, worker=self.worker)
        if generation is None or attempt is None or generation.status is not Status.PROCESSING:
            raise LeaseLost(job.attempt.attempt_id)
        return generation, attempt

    async def _release(
        self,
        work: UnitOfWork,
        ended: Generation,
        attempt: Attempt,
        outcome: Outcome,
        failure: Failure | None,
    ) -> Generation:
        now = self.clock.now()
        detail = failure.detail if failure else ""
        await work.attempts.save(attempt.ended(outcome, now=now, detail=detail))
        await work.generations.save(ended)
        await work.publish(released(ended, now=now))
        return ended
