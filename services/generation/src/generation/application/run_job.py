"""Runs a job, whatever happens to it, and never leaves it without somebody to end it."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta

from generation.application.finish_attempt import FinishAttempt, LeaseLost
from generation.application.run_attempt import UNDELIVERED, RunAttempt
from generation.application.start_generation import Job
from generation.domain.errors import StorageUnavailable
from generation.ports.clock import Clock
from generation.ports.media_intake import IntakeUnavailable

PAUSE_MIN_S, PAUSE_MAX_S = 0.5, 10.0
# Long enough for another worker, whose disk is not full, to come first.
NO_ROOM_PAUSE_S = 5.0
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunJob:
    """Goes on after an outage of the database; leaves the job to others after an error of ours.

    Never raises. What can't even be written down is found by the lease, and last by the deadline.
    """

    attempt: RunAttempt
    finish: FinishAttempt
    clock: Clock
    pause_s: float = PAUSE_MIN_S

    async def __call__(self, job: Job) -> None:
        pause_s = self.pause_s
        try:
            while True:
                try:
                    return await self.attempt(job)
                except LeaseLost:
                    log.info("%s went on elsewhere", job.attempt.attempt_id)
                    return None
                except StorageUnavailable as away:
                    log.warning("%s waits for the database: %s", job.attempt.attempt_id, away)
                    await asyncio.sleep(pause_s)
                    pause_s = min(PAUSE_MAX_S, pause_s * 2)
                except IntakeUnavailable as full:
                    log.error(
                        "%s is left to a worker with room for its files: %s", job.attempt.attempt_id, full
                    )
                    return await self._put_down(job, after_s=NO_ROOM_PAUSE_S)
                except Exception:
                    log.exception("attempt %s was dropped", job.attempt.attempt_id)
                    return await self._drop(job)
        finally:
            self.attempt.follow.progress.forget(job)

    def is_paying(self, job: Job) -> bool:
        """Whether a call that costs money would be lost if the job were stopped now."""
        return self.attempt.follow.is_paying(job)

    async def hand_on(self, job: Job) -> None:
        """Leaves a job that was stopped here to whoever is free."""
        await self._put_down(job, after_s=0)

    async def _put_down(self, job: Job, *, after_s: float) -> None:
        until = self.clock.now() + timedelta(seconds=after_s)
        try:
            await self.finish.put_down(job, until=until, failure=UNDELIVERED)
        except LeaseLost:
            log.info("%s went on elsewhere", job.attempt.attempt_id)
        except Exception as failure:  # noqa: BLE001, its lease runs out instead
            log.warning("%s could not be put down: %r", job.attempt.attempt_id, failure)

    async def _drop(self, job: Job) -> None:
        pause_s = min(PAUSE_MAX_S, self.pause_s * 2**job.attempt.tries)
        try:
            await self.finish.drop(job, until=self.clock.now() + timedelta(seconds=pause_s))
        except LeaseLost:
            log.info("%s went on elsewhere", job.attempt.attempt_id)
        except Exception as failure:  # noqa: BLE001, its lease runs out instead
            log.warning("%s could not be dropped: %r", job.attempt.attempt_id, failure)
