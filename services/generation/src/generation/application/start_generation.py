"""Takes a job whose credits are reserved."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

from generation.application.reserve_credits import hold, locked
from generation.application.show_previews import Showing
from generation.domain.attempt import Attempt
from generation.domain.cost import Cost
from generation.domain.errors import UnknownModel
from generation.domain.events import released
from generation.domain.generation import Failure, Generation, Status
from generation.domain.identifiers import AttemptId, EventId, GenerationId, ReservationId
from generation.ports.catalogue import Catalogue
from generation.ports.clock import Clock
from generation.ports.ids import IdSource
from generation.ports.needs import Needs
from generation.ports.unit_of_work import UnitOfWork, UnitsOfWork

OVERDUE = Failure("DEADLINE_EXCEEDED", "the job waited too long for a worker")
WITHDRAWN = Failure("MODEL_WITHDRAWN", "the model is no longer on offer")


@dataclass(frozen=True)
class CreditsReserved:
    """What the ledger said."""

    event_id: EventId
    generation_id: GenerationId
    reservation_id: ReservationId


@dataclass
class Job:
    """A leased attempt in the worker that runs it, which is told by `cancel` while it runs."""

    generation: Generation
    attempt: Attempt
    # Its user asked it to stop.
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    # Something was said of it: by its user, or by its provider.
    stirred: asyncio.Event = field(default_factory=asyncio.Event)
    # The provider may know of the attempt: it is asked before anything is submitted.
    taken_over: bool = False
    # What the attempt's run cost us, once its provider said how it ended.
    cost: Cost | None = None
    # Where somebody waits to see what is made while it is made.
    showing: Showing | None = None

    @property
    def cancel_requested(self) -> bool:
        """Whether its user asked it to stop."""
        return self.cancelled.is_set()

    def cancel(self) -> None:
        """Its user asks it to stop: whoever waits for its provider hears at once."""
        self.cancelled.set()
        self.stirred.set()
        if self.showing is not None:
            self.showing.close()

    def wake(self) -> None:
        """Its provider says that the run changed: whoever waits to look at it looks now."""
        self.stirred.set()


@dataclass(frozen=True)
class StartGenerationHandler:
    """One transaction: the event is recorded, the attempt leased and the job is processing.

    Without a lease (`lease_s` of 0) the attempt is left for whichever worker is free.
    """

    units: UnitsOfWork
    catalogue: Catalogue
    ids: IdSource
    clock: Clock
    worker: str
    lease_s: float

    async def __call__(self, event: CreditsReserved) -> Job | None:
        """Return the job to run; None when the event came before or the job needs no run."""

        async def start(work: UnitOfWork) -> Job | None:
            if not await work.first_time(event.event_id):
                return None
            current = await work.generations.lock(event.generation_id)
            if current is None or (current.is_interactive and not current.is_terminal):
                # An interactive one is started by the call that asked for it, or ended by a sweeper.
                return None
            generation = await hold(work, current, event.reservation_id, clock=self.clock)
            if generation.status is not Status.QUEUED:
                return None
            return await self._start(work, generation)

        needs = Needs(generation_id=event.generation_id, event_id=event.event_id)
        return await self.units.shared(start, needs)

    async def begin(self, generation: Generation) -> Generation:
        """Start a job that the call which was to start it did not; return it as it is then."""
        async with self.units.of(generation.account_id) as work:
            current = await locked(work, generation.generation_id)
            if current.status is Status.QUEUED:
                await self._start(work, current)
        async with self.units.of(generation.account_id) as work:
            return await locked(work, generation.generation_id)

    async def _start(self, work: UnitOfWork, generation: Generation) -> Job | None:
        now = self.clock.now()
        if now >= generation.deadline_at:
            await self._fail(work, generation, OVERDUE)
            return None
        try:
            model = self.catalogue.model(generation.model_id)
        except UnknownModel:
            await self._fail(work, generation, WITHDRAWN)
            return None
        started = generation.started(now=now, deadline_at=now + timedelta(seconds=model.deadline_s))
        attempt = Attempt(
            attempt_id=AttemptId(self.ids.new("att")),
            generation_id=generation.generation_id,
            account_id=generation.account_id,
            number=1,
            provider=generation.provider_order[0],
            worker=self.worker,
            lease_until=now + timedelta(seconds=self.lease_s),
            started_at=now,
        )
        if not self.lease_s:
            attempt = attempt.put_down(until=now, submitted=False)
        await work.generations.save(started)
        await work.attempts.add(attempt)
        return Job(started, attempt)

    async def _fail(self, work: UnitOfWork, generation: Generation, failure: Failure) -> None:
        now = self.clock.now()
        failed = generation.failed(failure, now=now)
        await work.generations.save(failed)
        await work.publish(released(failed, now=now))
