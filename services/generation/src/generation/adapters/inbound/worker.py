"""Runs jobs: takes one from the stream for each free slot, and those that waited or lost their worker."""

import contextlib
import math
import time
from collections.abc import Awaitable, Callable, Collection, Iterator

import structlog
from chassis.events import IncomingEvent
from prometheus_client import Gauge
from tintype.ledger.v1 import events_pb2

from generation.adapters.inbound.jobs_in_hand import JobsInHand
from generation.adapters.inbound.slots import Slots
from generation.application.keep_leases import LeaseKeeper
from generation.application.run_job import RunJobHandler
from generation.application.start_generation import CreditsReserved, Job, StartGenerationHandler
from generation.application.take_due import TakeDueHandler
from generation.domain.identifiers import AttemptId, EventId, GenerationId, ReservationId
from generation.ports.media_intake import IntakeUnavailable

STREAM = "LEDGER"
SUBJECTS = ("tintype.ledger.v1.credits_reserved.>",)
DURABLE = "generation-worker"
# While a message is waited for, its slot is nobody else's: not for longer than this.
FETCH_S = 1.0
# Messages that are waited for at once, and which share of the slots they may hold meanwhile.
FETCH_MAX, FETCH_SHARE = 8, 4
# While more than one slot is free, messages find what is due not before them, but this soon after.
LOOK_AGAIN_S = 0.1
# A database that takes longer than this for a lease may have kept others from renewing theirs.
SLOW_S = 2.0
# What looks for those that can be taken is called.
ATTEMPTS = "attempts"
SLOTS = Gauge("generation_worker_slots", "Jobs that this worker can run at once", ["state"])
log = structlog.get_logger(__name__)


def credits_reserved(event: IncomingEvent) -> CreditsReserved:
    """Return what the event says. Raises Refused for one that isn't what its subject says."""
    message = event.read(events_pb2.CreditsReserved)
    return CreditsReserved(
        event_id=EventId(event.event_id),
        generation_id=GenerationId(message.generation_id),
        reservation_id=ReservationId(message.reservation_id),
    )


def fetched_at_once(slots: int) -> int:
    """Return how many messages a worker of so many slots waits for at once."""
    return max(1, min(FETCH_MAX, slots // FETCH_SHARE))


class Worker:
    """`slots` jobs at once. While every slot is taken, nothing is fetched: the backlog stays in the
    stream, where its length is what more workers are started on. Without room for files no slot is free.

    A slot is a job's from its start until this worker lets go of it, be it for a time. The consumer asks
    for one by `acquire`, `locked` and `release` before it fetches a message; the job that a message starts
    takes a slot of its own before that one is given back.
    """

    def __init__(
        self,
        start: StartGenerationHandler,
        take: TakeDueHandler,
        run: RunJobHandler,
        leases: LeaseKeeper,
        *,
        check_room: Callable[[], Awaitable[None]],
        slots: int,
        drain_s: float,
        look_again_s: float = LOOK_AGAIN_S,
    ) -> None:
        self._start = start
        self._take = take
        self._leases = leases
        self._check_room = check_room
        self._slots = Slots(slots)
        self._slots_total = slots
        self._in_hand = JobsInHand(run, leases, drain_s=drain_s, in_touch=self._in_touch)
        self._takes_from = 0.0
        self._look_again_s = look_again_s
        self._looked_at = -math.inf

    @property
    def name(self) -> str:
        """What its leases say."""
        return self._leases.worker

    @property
    def free(self) -> int:
        """Return how many more jobs could run, the one included that a message is waited for with."""
        return max(0, self._slots_total - len(self._in_hand)) if self._slots.is_open else 0

    async def handle(self, event: IncomingEvent) -> None:
        """Commit the start of a job; the job itself goes on after the message is acknowledged."""
        job = await self._start(credits_reserved(event))
        if job is not None:
            self._launch(job)

    async def acquire(self) -> None:
        """Take a slot for a message, once one is free: what waits longer than any message comes first."""
        while True:
            await self._slots.until_free()
            # The last free slot is always asked for: a message must not take it from what waits longer.
            if self._slots.free == 1 or time.monotonic() >= self._looked_at + self._look_again_s:
                with contextlib.suppress(Exception):
                    await self.take_due()
            if self._slots.free:
                self._slots.take()
                return

    def locked(self) -> bool:
        """Return whether no slot is free for a message."""
        return not self._slots.free

    def release(self) -> None:
        """Give a message's slot back."""
        self._slots.release()

    def wake(self, attempt_id: AttemptId) -> None:
        """Look at an attempt's run now; one that is not in hand here is another worker's."""
        for job in self._in_hand.jobs:
            if job.attempt.attempt_id == attempt_id:
                job.wake()

    async def renew(self) -> None:
        """Hold the leases; a job whose lease is lost is dropped here, because another worker runs it."""
        await self._in_hand.renew()

    async def take_due(self) -> None:
        """Take jobs whose time has come or whose worker stopped renewing, up to the free slots.

        For the length of a lease after an outage of the database it takes none: the workers that have
        them may be well, and could not say so.
        """
        free = self._slots.free
        if not free or time.monotonic() < self._takes_from:
            return
        self._looked_at = time.monotonic()
        in_hand = [job.attempt.attempt_id for job in self._in_hand.jobs]
        self._slots.take(free)
        try:
            with self._in_touch():
                jobs = await self._take(limit=free, excluding=in_hand)
            for job in jobs:
                log.info("attempt taken up", attempt_id=job.attempt.attempt_id)
                self._launch(job)
        finally:
            self._slots.release(free)

    async def look(
        self, look: Callable[[Collection[str]], Awaitable[Collection[str]]], names: Collection[str]
    ) -> Collection[str]:
        """Look at what is due of these.

        A worker that takes others' jobs must know of every outage, without a job too: it looks for them.
        """
        with self._in_touch() if ATTEMPTS in names else contextlib.nullcontext():
            return await look(names)

    async def watch_room(self) -> None:
        """Stop taking jobs while this machine has no room for files."""
        try:
            await self._check_room()
        except IntakeUnavailable as full:
            if self._slots.is_open:
                log.error("no job is taken until there is room for files", error=str(full))
            self._slots.close()
        else:
            self._slots.open()
        self._count()

    async def drain(self) -> None:
        """Lets quick jobs end, and calls that are being paid for; hands the others on.

        After `drain_s` everything is handed on. Leases are held until then.
        """
        await self._in_hand.drain()

    def _launch(self, job: Job) -> None:
        if self._in_hand.launch(job, self._ended):
            self._slots.take()
            self._count()

    def _ended(self) -> None:
        self._slots.release()
        self._count()

    @contextlib.contextmanager
    def _in_touch(self) -> Iterator[None]:
        started = time.monotonic()
        is_well = False
        try:
            yield
            is_well = time.monotonic() < started + SLOW_S
        finally:
            if not is_well:
                self._takes_from = time.monotonic() + self._leases.lease_s

    def _count(self) -> None:
        SLOTS.labels("busy").set(len(self._in_hand))
        SLOTS.labels("free").set(self.free)
