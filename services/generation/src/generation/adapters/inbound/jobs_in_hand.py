"""Jobs that run in this process: each as a task, under a lease, until it ends or is handed on."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager, nullcontext

import structlog
from chassis.process import forever

from generation.application.keep_leases import LeaseKeeper
from generation.application.run_job import RunJobHandler
from generation.application.start_generation import Job
from generation.domain.identifiers import AttemptId, GenerationId

RENEW_EVERY_S = 1.0
# Whatever is not a call that is being paid for gets this long to end when the process stops.
DRAIN_QUICK_S = 6.0
log = structlog.get_logger(__name__)


class JobsInHand:
    """Runs them, holds their leases, and lets go of them when the process stops."""

    def __init__(
        self,
        run: RunJobHandler,
        leases: LeaseKeeper,
        *,
        drain_s: float,
        in_touch: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._run = run
        self._leases = leases
        self._drain_s = drain_s
        self._in_touch = in_touch
        self._jobs: dict[GenerationId, tuple[Job, asyncio.Task[None]]] = {}
        self._missing: set[AttemptId] = set()
        self._stopping_since: float | None = None

    def __len__(self) -> int:
        return len(self._jobs)

    @property
    def jobs(self) -> Iterable[Job]:
        """Those that run."""
        return [job for job, _ in self._jobs.values()]

    def launch(self, job: Job, ended: Callable[[], None]) -> bool:
        """Run a job; False where it runs already. `ended` is called once this process has let go of it."""
        key = job.generation.generation_id
        if key in self._jobs:
            return False
        task = asyncio.create_task(self._run(job))
        self._jobs[key] = (job, task)

        def let_go(_: asyncio.Task[None]) -> None:
            self._jobs.pop(key, None)
            ended()

        task.add_done_callback(let_go)
        return True

    async def renew(self) -> None:
        """Hold the leases; a job whose lease is lost is dropped here, because another worker runs it."""
        if not self._jobs:
            self._missing = set()
            return
        with self._in_touch():
            lost = {job.attempt.attempt_id for job in await self._leases.renew(list(self.jobs))}
        for job, task in list(self._jobs.values()):
            # Missing once may mean that the attempt has just ended or is giving way to the next one.
            if job.attempt.attempt_id in lost & self._missing:
                log.warning("lease lost", attempt_id=job.attempt.attempt_id)
                task.cancel()
        self._missing = lost

    async def drain(self) -> None:
        """Let go of the jobs as `let_go` does, and of every lease at last; they are held until then."""
        renewing = asyncio.create_task(forever(self.renew, every_s=RENEW_EVERY_S, name="renew leases"))
        await self.let_go()
        renewing.cancel()
        await self._leases.release()

    async def let_go(self) -> None:
        """Let quick jobs end, and calls that are being paid for; hand the others on.

        `drain_s` after the first time that this is asked for everything is handed on.
        """
        started = self._stopping_since = self._stopping_since or time.monotonic()
        paying: dict[GenerationId, float] = {}
        while self._jobs and (now := time.monotonic()) < started + self._drain_s:
            paying |= {key: now for key, (job, _) in self._jobs.items() if self._run.is_paying(job)}
            late = [key for key in self._jobs if now > paying.get(key, started) + DRAIN_QUICK_S]
            await self._hand_on(late)
            if running := [task for _, task in self._jobs.values()]:
                await asyncio.wait(running, timeout=0.25)
        await self._hand_on(list(self._jobs))

    async def _hand_on(self, keys: Collection[GenerationId]) -> None:
        stopped = [self._jobs[key] for key in keys if key in self._jobs]
        for _, task in stopped:
            task.cancel()
        if stopped:
            await asyncio.wait([task for _, task in stopped])
        for job, _ in stopped:
            await self._run.hand_on(job)
