"""Whole workers over memory adapters and a real clock, quick enough to see deadlines pass."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

from chassis.clock import SystemClock
from chassis.process import forever
from generation.adapters.inbound.worker import LOOK_AGAIN_S, Worker
from generation.application.cost_of_run import RunCosts
from generation.application.deliver_outputs import OutputDeliverer
from generation.application.finish_attempt import AttemptFinisher
from generation.application.follow_run import RunFollower
from generation.application.keep_leases import LeaseKeeper
from generation.application.moderate_job import JobModerator
from generation.application.report_progress import ProgressReporter
from generation.application.run_attempt import AttemptRunner
from generation.application.run_job import RunJobHandler
from generation.application.run_media import RunMedia
from generation.application.start_generation import StartGenerationHandler
from generation.application.sweep_deadlines import SweepDeadlinesHandler
from generation.application.take_due import TakeDueHandler
from generation.bootstrap.providers import gate_of
from generation.domain.generation import Generation
from generation.domain.identifiers import GenerationId
from generation.ports.media_provider import MediaProvider
from generation_house import House

DEADLINE_S, GRACE_S, LEASE_S = 1, 0.3, 0.3
ATTEMPTS_MAX = 3


class Pace(NamedTuple):
    """A model, and how long a job of it and its lease last."""

    model: str
    deadline_s: int
    lease_s: float


QUICK = Pace("local/quick", DEADLINE_S, LEASE_S)
# For jobs that are to succeed: no machine is so slow that these pass meanwhile.
PATIENT = Pace("local/patient", 60, 2.0)
MODELS = "".join(
    f"""
[[models]]
id = "{pace.model}"
title = "Quick"
modality = "image"
category = "text-to-image"
deadline_s = {pace.deadline_s}
providers = [{{ name = "local", model = "quick" }}]
price = {{ unit = "image", credits = 5 }}
[models.input]
properties.prompt = {{ type = "string" }}
properties.output_count = {{ type = "integer", minimum = 1, default = 1 }}
"""
    for pace in (QUICK, PATIENT)
)


@dataclass
class Works:
    """A house and the workers that run in it."""

    house: House
    loops: dict[str, list[asyncio.Task[None]]] = field(default_factory=dict)
    workers: dict[str, Worker] = field(default_factory=dict)

    @property
    def running(self) -> set[asyncio.Task[None]]:
        """Every loop of every worker."""
        return {task for tasks in self.loops.values() for task in tasks}

    def hire(
        self, name: str, providers: Mapping[str, MediaProvider], *, slots: int = 2, lease_s: float = LEASE_S
    ) -> Worker:
        """Starts a worker as its process would, but for the stream: jobs are given to it."""
        worker = worker_of(self.house, name, providers, slots=slots, lease_s=lease_s)
        sweep = SweepDeadlinesHandler(
            self.house.units,
            self.house.clock,
            self.house.meter,
            processing_grace=timedelta(seconds=GRACE_S),
        )
        self.workers[name] = worker
        steps: list[tuple[Callable[[], Coroutine[Any, Any, None]], float]] = [
            (worker.renew, lease_s / 4),
            (worker.take_due, 0.05),
            (worker.watch_room, 0.05),
            (sweep.__call__, 0.1),
        ]
        self.loops[name] = [
            asyncio.create_task(forever(step, every_s=every_s, name=name)) for step, every_s in steps
        ]
        return worker

    async def kill(self, name: str) -> None:
        """Ends a worker without a word: what it had in hand stays as it is stored."""
        tasks = [*self.loops.pop(name), *(task for _, task in self.workers.pop(name)._in_hand._jobs.values())]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def started(
        self, worker: Worker, event_id: str = "evt_1", *, pace: Pace = QUICK, **job: Any
    ) -> Generation:
        """A job in this worker's hands."""
        generation = await self.house.queued(model=pace.model, **job)
        started = await worker._start(self.house.reserved(generation, event_id))
        assert started is not None
        worker._launch(started)
        return self.house.stored(generation)

    async def ended(self, generation_id: GenerationId, *, within_s: float) -> Generation:
        """The job once it has ended. Fails when that takes longer."""
        async with asyncio.timeout(within_s):
            while not (row := self.house.units.tables.generations[generation_id]).is_terminal:
                await asyncio.sleep(0.005)
        return row


def worker_of(
    house: House,
    name: str,
    providers: Mapping[str, MediaProvider],
    *,
    slots: int = 2,
    lease_s: float = LEASE_S,
    look_again_s: float = LOOK_AGAIN_S,
) -> Worker:
    """A worker with short pauses."""
    units, clock = house.units, house.clock
    finish = AttemptFinisher(
        units,
        house.ids,
        clock,
        house.meter,
        worker=name,
        lease_s=lease_s,
        attempts_max=ATTEMPTS_MAX,
        queue_timeout_s=3600,
    )
    gate = gate_of(clock, house.meter, house.limits, pause_s=0.2)
    progress = ProgressReporter(units, house.feed, clock, every_s=0)
    attempts = AttemptRunner(
        RunFollower(units, providers, house.catalogue, RunMedia(units, house.store), gate, progress, clock),
        OutputDeliverer(units, house.intake, house.store, house.ids, clock, pause_s=0.02),
        finish,
        gate,
        JobModerator(house.moderation, house.catalogue, clock, house.meter),
        RunCosts(house.catalogue),
        clock,
        backoff_s=0.05,
        delivery_grace_s=GRACE_S / 2,
    )
    return Worker(
        StartGenerationHandler(units, house.catalogue, house.ids, clock, worker=name, lease_s=lease_s),
        TakeDueHandler(units, finish, clock, worker=name, lease_s=lease_s, in_call=frozenset({"local"})),
        RunJobHandler(attempts, finish, clock, pause_s=0.02, no_room_pause_s=0.1),
        LeaseKeeper(units, clock, worker=name, lease_s=lease_s),
        check_room=house.intake.check,
        slots=slots,
        look_again_s=look_again_s,
        drain_s=5,
    )


@asynccontextmanager
async def works(house: House) -> AsyncIterator[Works]:
    """Nobody is hired yet; everybody is dismissed at the end."""
    built = Works(house)
    yield built
    for name in list(built.loops):
        await built.kill(name)


def real_time() -> Any:
    """The clock of a house whose deadlines really pass."""
    return SystemClock()
