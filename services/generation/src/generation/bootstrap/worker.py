"""The worker."""

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from chassis.dead_letters import DeadLetters, Handler
from chassis.ids import UuidIds
from chassis.process import forever
from chassis.service import database, service
from chassis.sweeps import Sweep, Sweeps

from generation.adapters.inbound.jobs_in_hand import RENEW_EVERY_S
from generation.adapters.inbound.nudges import listening
from generation.adapters.inbound.worker import (
    DURABLE,
    FETCH_S,
    STREAM,
    SUBJECTS,
    Worker,
    fetched_at_once,
)
from generation.adapters.outbound.intake import FileIntake
from generation.adapters.outbound.nats_pauses import NatsPauseBoard
from generation.adapters.outbound.postgres import tables
from generation.adapters.outbound.postgres.due_work import PostgresDueWork, Queue
from generation.adapters.outbound.postgres.presence import present
from generation.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from generation.adapters.outbound.prometheus import count_open
from generation.adapters.outbound.providers.registry import ProviderSettings
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.application.cancel_generation import CancelGenerationHandler
from generation.application.carry_on_erasures import CarryOnErasuresHandler
from generation.application.expire_outputs import ExpireOutputsHandler
from generation.application.keep_leases import LeaseKeeper
from generation.application.provider_gate import ProviderGate
from generation.application.purge_discarded import PurgeDiscardedHandler
from generation.application.run_job import RunJobHandler
from generation.application.start_generation import StartGenerationHandler
from generation.application.sweep_answers import SweepAnswersHandler
from generation.application.sweep_deadlines import SweepDeadlinesHandler
from generation.application.sweep_deletions import SweepDeletionsHandler
from generation.application.sweep_reservations import SweepReservationsHandler
from generation.application.sweep_uploads import SweepUploadsHandler
from generation.application.take_due import TakeDueHandler
from generation.application.tell_pauses import TellPausesHandler
from generation.bootstrap.attempts import finisher_of, runner_of
from generation.bootstrap.dead_letters import applying, dead_letters_of
from generation.bootstrap.moderation import moderation_of
from generation.bootstrap.parts import Parts, parts_of, shared_loops
from generation.bootstrap.providers import gate_of, limits_of, providers_of
from generation.ports.media_provider import MediaProvider
from generation.ports.moderation import Moderation
from generation.settings import WorkerSettings

TAKE_DUE_EVERY_S = 1.0
WATCH_ROOM_EVERY_S = 2.0
TELL_PAUSES_EVERY_S = 5.0
SWEEP_EVERY_S = 5.0


async def serve_worker(settings: WorkerSettings, providers: ProviderSettings) -> None:
    """Run jobs and sweep until cancelled."""
    async with service(settings, "generation") as running:
        parts = parts_of(settings, running)
        intake = FileIntake(settings.output_size_max_bytes)
        making = await running.opened(providers_of(settings, providers, parts))
        moderation = await running.opened(moderation_of(settings))
        gate = gate_of(parts.clock, parts.meter, limits_of(providers))
        worker = worker_of(settings, parts, making, gate, intake, moderation)
        await running.opened(present(parts.engine, worker.name))
        running.stack.push_async_callback(worker.drain)
        await running.opened(listening(running.nats, worker.wake))
        consumer = running.consumer(
            STREAM,
            SUBJECTS,
            worker.handle,
            durable=DURABLE,
            max_in_flight=fetched_at_once(settings.worker_concurrency),
            slots=worker,
            fetch_s=FETCH_S,
        )
        await running.run(
            consumer.run(),
            forever(worker.renew, every_s=RENEW_EVERY_S, name="renew leases"),
            forever(
                TellPausesHandler(gate, NatsPauseBoard(running.nats), worker.name),
                every_s=TELL_PAUSES_EVERY_S,
                name="tell pauses",
            ),
            forever(worker.watch_room, every_s=WATCH_ROOM_EVERY_S, name="watch room"),
            sweeps_of(settings, parts, worker).run(),
            *loops_of(settings, parts),
            running.prune_inbox(tables.inbox),
            *shared_loops(running, parts),
            # The API signs addresses without the store; the worker can do nothing without it.
            checks={"store": parts.store.ping, "room for files": intake.check},
        )


@asynccontextmanager
async def replaying(settings: WorkerSettings) -> AsyncIterator[tuple[DeadLetters, Handler]]:
    """Yield the dead letters, and what applies one: its job is started for whichever worker is free next."""
    async with database(settings) as engine:
        catalogue = TomlCatalogue(settings.models_file, providers=settings.provider_names)
        yield dead_letters_of(engine), applying(PostgresUnitsOfWork(engine, UuidIds()), catalogue)


def worker_of(
    settings: WorkerSettings,
    parts: Parts,
    providers: Mapping[str, MediaProvider],
    gate: ProviderGate,
    intake: FileIntake,
    moderation: Moderation | None,
) -> Worker:
    """One worker under a name of its own."""
    units, ids, clock = parts.units, parts.ids, parts.clock
    name, lease_s = ids.new("wrk"), settings.lease_s
    in_call = frozenset(called for called, provider in providers.items() if provider.capabilities.in_call)
    finish = finisher_of(settings, parts, worker=name)
    attempts = runner_of(settings, parts, providers, gate, finish, intake, moderation)
    return Worker(
        StartGenerationHandler(units, parts.catalogue, ids, clock, worker=name, lease_s=lease_s),
        TakeDueHandler(units, finish, clock, worker=name, lease_s=lease_s, in_call=in_call),
        RunJobHandler(attempts, finish, clock),
        LeaseKeeper(units, clock, worker=name, lease_s=lease_s),
        check_room=intake.check,
        slots=settings.worker_concurrency,
        drain_s=settings.drain_s,
    )


def sweeps_of(settings: WorkerSettings, parts: Parts, worker: Worker) -> Sweeps:
    """Return what takes up the jobs whose time has come, ends those that nobody else will, and clears up.

    All of it is looked for by one statement a second; most often nothing is due.
    """
    units, clock = parts.units, parts.clock
    seldom = {
        Queue.RESERVATIONS: SweepReservationsHandler(
            units, parts.credits, clock, give_up_s=settings.ledger_give_up_s
        ).__call__,
        Queue.DEADLINES: SweepDeadlinesHandler(units, clock, parts.meter).__call__,
        Queue.DISCARDED: PurgeDiscardedHandler(units, clock).__call__,
        Queue.DELETIONS: SweepDeletionsHandler(units, parts.store, clock).__call__,
        Queue.ANSWERS: SweepAnswersHandler(units).__call__,
        Queue.ERASURES: CarryOnErasuresHandler(
            units, CancelGenerationHandler(units, clock, parts.meter), clock
        ).__call__,
    }
    sweeps: dict[str, Sweep] = {
        queue: Sweep(step=step, every_s=SWEEP_EVERY_S) for queue, step in seldom.items()
    }
    sweeps[Queue.ATTEMPTS] = Sweep(step=worker.take_due, every_s=TAKE_DUE_EVERY_S)
    return Sweeps(partial(worker.look, PostgresDueWork(parts.engine, clock).look), sweeps)


def loops_of(settings: WorkerSettings, parts: Parts) -> list[Coroutine[None, None, None]]:
    """Return what nobody can tell without doing it whether it is due."""
    units, clock = parts.units, parts.clock
    ttl = timedelta(seconds=settings.upload_unused_ttl_s)
    steps: dict[str, Callable[[], Awaitable[object]]] = {
        "expire outputs": ExpireOutputsHandler(units, clock).__call__,
        "sweep uploads": SweepUploadsHandler(units, parts.store, clock, ttl).__call__,
        "count open jobs": partial(count_open, parts.engine),
    }
    return [forever(step, every_s=SWEEP_EVERY_S, name=name) for name, step in steps.items()]
