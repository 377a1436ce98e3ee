"""Runs a job, whatever happens to it, and never leaves it without somebody to end it."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from generation.application.finish_attempt import AttemptFinisher, LeaseLost
from generation.application.run_attempt import UNDELIVERED, AttemptRunner
from generation.application.start_generation import Job
from generation.domain.errors import StorageUnavailable
from generation.ports.clock import Clock
from generation.ports.media_intake import IntakeUnavailable

PAUSE_MIN_S, PAUSE_MAX_S = 0.5, 10.0
# Long enough for another worker, whose disk is not full, to come first.
NO_ROOM_PAUSE_S = 5.0
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class RunJobHandler:
    """Goes on after an outage of the database; leaves the job to others after an error of ours.

    Never raises, and keeps what can't be left to others: the sweeper of deadlines ends that at last.
    """

    attempts: AttemptRunner
    finish: AttemptFinisher
    clock: Clock
    pause_s: float = PAUSE_MIN_S
    no_room_pause_s: float = NO_ROOM_PAUSE_S

    async def __call__(self, job: Job) -> None:
        pause_s = self.pause_s
        try:
            while not await self._is_settled(job):
                await asyncio.sleep(pause_s)
                pause_s = min(PAUSE_MAX_S, pause_s * 2)
        finally:
            self.attempts.runs.progress.forget(job)

    async def _is_settled(self, job: Job) -> bool:
        """Whether the job ended, or is somebody else's now."""
        try:
            await self.attempts.run(job)
        except LeaseLost:
            log.info("attempt went on elsewhere", attempt_id=job.attempt.attempt_id)
        except StorageUnavailable as away:
            log.warning("attempt waits for the database", attempt_id=job.attempt.attempt_id, error=str(away))
            return False
        except IntakeUnavailable as full:
            log.error(
                "attempt left to a worker with room for files",
                attempt_id=job.attempt.attempt_id,
                error=str(full),
            )
            return await self._put_down(job, after_s=self.no_room_pause_s)
        except Exception:
            log.exception("attempt met an error of ours", attempt_id=job.attempt.attempt_id)
            # What is being paid for is lost to every other worker: it is waited for here.
            return not self.is_paying(job) and await self._drop(job)
        return True

    def is_paying(self, job: Job) -> bool:
        """Whether a call that costs money would be lost if the job were stopped now."""
        return self.attempts.runs.is_paying(job)

    async def hand_on(self, job: Job) -> None:
        """Leaves a job that was stopped here to whoever is free."""
        await self._put_down(job, after_s=0)

    async def _put_down(self, job: Job, *, after_s: float) -> bool:
        until = self.clock.now() + timedelta(seconds=after_s)
        return await self._left(job, self.finish.put_down(job, until=until, failure=UNDELIVERED))

    async def _drop(self, job: Job) -> bool:
        pause_s = min(PAUSE_MAX_S, self.pause_s * 2**job.attempt.tries)
        return await self._left(
            job, self.finish.drop(job, until=self.clock.now() + timedelta(seconds=pause_s))
        )

    async def _left(self, job: Job, leaving: Awaitable[None]) -> bool:
        try:
            await leaving
        except LeaseLost:
            log.info("attempt went on elsewhere", attempt_id=job.attempt.attempt_id)
        except Exception as failure:  # noqa: BLE001, a job that nobody can be given stays here
            log.warning(
                "attempt can't be left to others", attempt_id=job.attempt.attempt_id, error=repr(failure)
            )
            return False
        return True
