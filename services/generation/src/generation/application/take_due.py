"""Takes the attempts whose time has come, and those of workers that died."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from generation.application.finish_attempt import INTERRUPTED, AttemptFinisher
from generation.application.start_generation import Job
from generation.domain.attempt import Attempt
from generation.domain.identifiers import AttemptId
from generation.ports.clock import Clock
from generation.ports.unit_of_work import UnitsOfWork

# Longer than any call.
PATIENCE = timedelta(seconds=160)
# How many attempts that are left to their workers may be in front of those that can be taken.
LOOK_PAST_MAX = 50
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class TakeDueHandler:
    """Each goes to one worker only. A job that was interrupted too often fails instead, and so does a chat.

    A worker that is there and does not get on may still have a call that is being paid for, and with
    providers that answer `in_call` nobody else can know: its jobs are left to it for `PATIENCE`.
    """

    units: UnitsOfWork
    finish: AttemptFinisher
    clock: Clock
    worker: str
    lease_s: float
    in_call: frozenset[str]

    async def __call__(self, *, limit: int, excluding: Collection[AttemptId] = ()) -> Sequence[Job]:
        """Up to `limit` jobs, now this worker's; `excluding` are those it has in hand."""
        now = self.clock.now()
        taken: list[tuple[Attempt, bool]] = []
        async with self.units.of_system() as work:
            expired = await work.attempts.lock_due(now=now, excluding=excluding, limit=limit + LOOK_PAST_MAX)
            living = await work.attempts.living(
                {attempt.worker for attempt in expired if self._is_paid_for(attempt)}
            )
            waiting = [
                attempt
                for attempt in expired
                if self._is_paid_for(attempt)
                and attempt.worker in living
                and now < attempt.lease_until + PATIENCE
            ]
            for due in [attempt for attempt in expired if attempt not in waiting][:limit]:
                mine = due.taken(
                    worker=self.worker, now=now, lease_until=now + timedelta(seconds=self.lease_s)
                )
                await work.attempts.lease(mine)
                taken.append((mine, due.submitted))
        jobs = [await self._job(attempt, taken_over=submitted) for attempt, submitted in taken]
        return [job for job in jobs if job is not None]

    async def _job(self, attempt: Attempt, *, taken_over: bool) -> Job | None:
        """Return the job of an attempt that is this worker's; None where there is nothing to go on with.

        One that can't be read, or ended, is in no other's way: its lease runs out, and it comes again.
        """
        try:
            async with self.units.of_system() as work:
                generation = await work.generations.get(attempt.generation_id)
            if generation is None:
                return None
            job = Job(generation, attempt, taken_over=taken_over)
            if generation.cancel_requested:
                job.cancel()
            if generation.is_chat:
                # Its call went with the process that ran it: there is nobody to go on for.
                log.warning("chat lost its process", generation_id=generation.generation_id)
                await self.finish.fail(job, INTERRUPTED)
                return None
            return None if await self._gave_up(job) else job
        except Exception:
            log.exception("attempt can't be taken up", attempt_id=attempt.attempt_id)
            return None

    def _is_paid_for(self, attempt: Attempt) -> bool:
        """Whether its own worker may have a call that another would make again."""
        is_left = attempt.not_before is not None or not attempt.submitted
        return attempt.provider in self.in_call and attempt.worker != self.worker and not is_left

    async def _gave_up(self, job: Job) -> bool:
        if job.attempt.tries <= self.finish.attempts_max:
            return False
        log.error("job was interrupted too often", generation_id=job.generation.generation_id)
        await self.finish.fail(job, INTERRUPTED)
        return True
