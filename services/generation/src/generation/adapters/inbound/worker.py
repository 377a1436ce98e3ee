"""Runs jobs: takes one from the stream for each free slot, and those of workers that died."""

import asyncio
import logging
from typing import Protocol

from chassis.events import IncomingEvent
from prometheus_client import Gauge
from tintype.ledger.v1 import events_pb2

from generation.application.finish_attempt import LeaseLost
from generation.application.keep_leases import KeepLeases
from generation.application.run_attempt import RunAttempt
from generation.application.start_generation import CreditsReserved, Job, StartGeneration
from generation.domain.identifiers import AttemptId, GenerationId, ReservationId

STREAM = "LEDGER"
SUBJECTS = ("tintype.ledger.v1.credits_reserved.>",)
DURABLE = "generation-worker"
DRAIN_S = 6.0
SLOTS = Gauge("generation_worker_slots", "Jobs that this worker can run at once", ["state"])
log = logging.getLogger(__name__)


class Stream(Protocol):
    """Feeds `Worker.handle`, one message at a time, until it is cancelled."""

    async def run(self) -> None:
        """Runs until cancelled, and lets the message in hand be acknowledged then."""
        ...


class Worker:
    """`slots` jobs at once. While every slot is taken, nothing is fetched: the backlog stays in the
    stream, where its length is what more workers are started on."""

    def __init__(self, start: StartGeneration, run: RunAttempt, leases: KeepLeases, *, slots: int) -> None:
        self._start = start
        self._run = run
        self._leases = leases
        self._slots = slots
        self._jobs: dict[GenerationId, tuple[Job, asyncio.Task[None]]] = {}
        self._missing: set[AttemptId] = set()
        self._slot_freed = asyncio.Event()
        self._consuming: asyncio.Task[None] | None = None

    @property
    def free(self) -> int:
        """Slots without a job."""
        return max(0, self._slots - len(self._jobs))

    async def handle(self, event: IncomingEvent) -> None:
        """Commits the start of a job; the job itself goes on after the message is acknowledged."""
        message = events_pb2.CreditsReserved.FromString(event.payload)
        job = await self._start(
            CreditsReserved(
                event_id=event.event_id,
                generation_id=GenerationId(message.generation_id),
                reservation_id=ReservationId(message.reservation_id),
            )
        )
        if job is not None:
            self._launch(job)
        if not self.free and self._consuming:
            # The stream waits for this very message, so it holds no other that would be lost.
            self._consuming.cancel()

    async def consume(self, stream: Stream) -> None:
        """Fetches messages while a slot is free."""
        while True:
            await self._until_free()
            self._consuming = asyncio.create_task(stream.run())
            try:
                await asyncio.wait([self._consuming])
            except asyncio.CancelledError:
                self._consuming.cancel()
                await asyncio.wait([self._consuming])
                raise
            if not self._consuming.cancelled():
                self._consuming.result()

    async def renew(self) -> None:
        """Holds the leases; a job whose lease is lost is dropped here, because another worker runs it."""
        jobs = [job for job, _ in self._jobs.values()]
        if not jobs:
            return
        lost = {job.attempt.attempt_id for job in await self._leases.renew(jobs)}
        for job, task in list(self._jobs.values()):
            # Missing once may mean that the attempt has just ended or is giving way to the next one.
            if job.attempt.attempt_id in lost & self._missing:
                log.warning("lease on %s is lost", job.attempt.attempt_id)
                task.cancel()
        self._missing = lost

    async def take_over(self) -> None:
        """Takes jobs whose worker stopped renewing, up to the free slots."""
        if self.free:
            for job in await self._leases.take_over(limit=self.free):
                log.warning("took over %s", job.attempt.attempt_id)
                self._launch(job)

    async def drain(self) -> None:
        """Lets quick jobs end, stops the others and hands their leases back."""
        tasks = [task for _, task in self._jobs.values()]
        if tasks:
            _, running = await asyncio.wait(tasks, timeout=DRAIN_S)
            for task in running:
                task.cancel()
        await self._leases.release()

    def _launch(self, job: Job) -> None:
        key = job.generation.generation_id
        if key not in self._jobs:
            task = asyncio.create_task(self._work(job))
            self._jobs[key] = (job, task)
            task.add_done_callback(lambda _: self._ended(job))
            self._count()

    async def _work(self, job: Job) -> None:
        try:
            await self._run(job)
        except LeaseLost:
            log.info("%s went on elsewhere", job.attempt.attempt_id)
        except Exception:
            # The lease runs out, and the job is taken up again from what is stored.
            log.exception("attempt %s was dropped", job.attempt.attempt_id)

    def _ended(self, job: Job) -> None:
        self._run.progress.forget(job)
        self._jobs.pop(job.generation.generation_id, None)
        self._slot_freed.set()
        self._count()

    async def _until_free(self) -> None:
        while not self.free:
            self._slot_freed.clear()
            await self._slot_freed.wait()

    def _count(self) -> None:
        SLOTS.labels("busy").set(len(self._jobs))
        SLOTS.labels("free").set(self.free)
