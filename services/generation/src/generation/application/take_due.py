"""Takes the attempts whose time has come, and those of workers that died."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from generation.application.finish_attempt import INTERRUPTED, FinishAttempt
from generation.application.start_generation import Job
from generation.domain.identifiers import AttemptId
from generation.ports.clock import Clock
from generation.ports.unit_of_work import Transactions

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TakeDue:
    """Each goes to one worker only. A job that was interrupted too often fails instead."""

    transactions: Transactions
    finish: FinishAttempt
    clock: Clock
    worker: str
    lease_s: float

    async def __call__(self, *, limit: int, excluding: Collection[AttemptId] = ()) -> Sequence[Job]:
        """Up to `limit` jobs, now this worker's; `excluding` are those it has in hand."""
        now = self.clock.now()
        jobs = []
        async with self.transactions.of_system() as work:
            for due in await work.attempts.lock_due(now=now, excluding=excluding, limit=limit):
                taken = due.taken(
                    worker=self.worker, now=now, lease_until=now + timedelta(seconds=self.lease_s)
                )
                await work.attempts.lease(taken)
                if generation := await work.generations.get(due.generation_id):
                    jobs.append(
                        Job(
                            generation,
                            taken,
                            cancel_requested=generation.cancel_requested,
                            taken_over=due.submitted,
                        )
                    )
        return [job for job in jobs if not await self._gave_up(job)]

    async def _gave_up(self, job: Job) -> bool:
        if job.attempt.tries <= self.finish.attempts_max:
            return False
        log.error("%s was interrupted too often", job.generation.generation_id)
        await self.finish.fail(job, INTERRUPTED)
        return True
