"""The composition root: every part made and wired, nothing else."""

from collections.abc import AsyncIterator, Awaitable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from chassis import nats
from chassis.clock import SystemClock
from chassis.consumer import Consumer
from chassis.dead_letters import DeadLetters, Handler
from chassis.events import IncomingEvent
from chassis.grpc_client import channel
from chassis.grpc_server import GrpcServer
from chassis.health import Check, HealthServer
from chassis.ids import UuidIds
from chassis.postgres import create_engine, ping
from chassis.process import forever, run_all
from chassis.publisher import Publisher
from chassis.relay import Relay
from ledgerclient.coalescing import CoalescingLedger
from sqlalchemy.ext.asyncio import AsyncEngine
from tintype.generation.v1.generation_pb2_grpc import add_GenerationServiceServicer_to_server

from generation.adapters.inbound.grpc import ALLOWED, DOMAIN, ERRORS, GenerationServicer, Handlers
from generation.adapters.inbound.worker import (
    DURABLE,
    RENEW_EVERY_S,
    STREAM,
    SUBJECTS,
    Worker,
    credits_reserved,
)
from generation.adapters.outbound.grpc_ledger import GrpcLedger
from generation.adapters.outbound.intake import FileIntake
from generation.adapters.outbound.jose_quotes import JoseQuoteSigner
from generation.adapters.outbound.json_schema import JsonSchemaChecker
from generation.adapters.outbound.nats_progress import NatsProgressFeed
from generation.adapters.outbound.postgres.tables import outbox
from generation.adapters.outbound.postgres.unit_of_work import PostgresTransactions
from generation.adapters.outbound.prometheus import PrometheusMeter, count_open
from generation.adapters.outbound.s3 import S3MediaStore
from generation.adapters.outbound.system_dice import SystemDice
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.application.cancel_generation import CancelGeneration
from generation.application.create_generation import CreateGeneration
from generation.application.create_quote import CreateQuote
from generation.application.delete_generation import DeleteGeneration
from generation.application.deliver_outputs import DeliverOutputs
from generation.application.finish_attempt import FinishAttempt
from generation.application.follow_run import FollowRun
from generation.application.keep_leases import KeepLeases
from generation.application.provider_gate import ProviderGate
from generation.application.read_generations import ReadGenerations
from generation.application.read_models import ReadModels
from generation.application.read_settlements import ReadSettlements
from generation.application.report_progress import ReportProgress
from generation.application.reserve_credits import ReserveCredits
from generation.application.run_attempt import RunAttempt
from generation.application.run_job import RunJob
from generation.application.start_generation import StartGeneration
from generation.application.sweep_deadlines import SweepDeadlines
from generation.application.sweep_deletions import SweepAnswers, SweepDeletions
from generation.application.sweep_reservations import SweepReservations
from generation.application.take_due import TakeDue
from generation.ports.media_provider import MediaProvider
from generation.settings import ApiSettings, GenerationSettings, WorkerSettings

TAKE_DUE_EVERY_S = 1.0
WATCH_ROOM_EVERY_S = 2.0
SWEEP_EVERY_S = 5.0


@dataclass(frozen=True)
class Parts:
    """The adapters that API and worker share."""

    engine: AsyncEngine
    broker: nats.Connection
    transactions: PostgresTransactions
    catalogue: TomlCatalogue
    store: S3MediaStore
    reserve: ReserveCredits
    ledger: CoalescingLedger
    relay: Relay
    ids: UuidIds
    clock: SystemClock
    meter: PrometheusMeter


@asynccontextmanager
async def parts_of(settings: GenerationSettings) -> AsyncIterator[Parts]:
    """Connects to everything, and closes it in reverse."""
    async with AsyncExitStack() as stack:
        ids, clock = UuidIds(), SystemClock()
        catalogue = TomlCatalogue(settings.models_file, providers=settings.providers)
        engine = create_engine(settings.database_url.get_secret_value())
        stack.push_async_callback(engine.dispose)
        broker = await nats.connect(
            settings.nats_url,
            user=settings.nats_user,
            password=settings.nats_password.get_secret_value(),
            name="generation",
        )
        stack.push_async_callback(broker.close)
        await nats.ensure_stream(broker.jetstream(), "generation", replicas=settings.nats_replicas)
        # The client itself sends again what is still waited for, and nothing else.
        to_ledger = channel(
            settings.ledger_target, token=settings.caller_token.get_secret_value(), retried=()
        )
        stack.push_async_callback(to_ledger.close)
        ledger = CoalescingLedger(to_ledger)
        transactions = PostgresTransactions(engine, ids)
        yield Parts(
            engine=engine,
            broker=broker,
            transactions=transactions,
            catalogue=catalogue,
            store=_store(settings),
            reserve=ReserveCredits(
                transactions,
                GrpcLedger(ledger),
                clock,
                deadline_s_max=max((model.deadline_s for model in catalogue.models()), default=0),
                queue_timeout_s=settings.queue_timeout_s,
            ),
            ledger=ledger,
            relay=Relay(engine, outbox, Publisher(broker.jetstream())),
            ids=ids,
            clock=clock,
            meter=PrometheusMeter(),
        )


async def serve_api(settings: ApiSettings) -> None:
    """Answers gRPC until cancelled."""
    async with parts_of(settings) as parts:
        server = GrpcServer(
            settings.grpc_listen, errors=ERRORS, callers=settings.callers, allowed=ALLOWED, domain=DOMAIN
        )
        add_GenerationServiceServicer_to_server(GenerationServicer(handlers(settings, parts)), server.server)
        health = HealthServer(settings.http_listen, _checks(parts), alive={"broker": parts.broker.is_alive})
        await run_all(*_shared_loops(settings, parts), server.run(), health.run())


def handlers(settings: ApiSettings, parts: Parts) -> Handlers:
    """The use cases that the API answers with."""
    checker = JsonSchemaChecker()
    signer = JoseQuoteSigner(settings.quote_key.get_secret_value())
    return Handlers(
        models=ReadModels(parts.catalogue),
        quote=CreateQuote(parts.catalogue, checker, signer, parts.clock, ttl_s=settings.quote_ttl_s),
        create=CreateGeneration(
            parts.transactions,
            parts.catalogue,
            checker,
            signer,
            parts.reserve,
            parts.ids,
            SystemDice(),
            parts.clock,
            queue_timeout_s=settings.queue_timeout_s,
        ),
        read=ReadGenerations(
            parts.transactions, parts.store, parts.clock, url_ttl_s=settings.output_url_ttl_s
        ),
        cancel=CancelGeneration(parts.transactions, parts.clock, parts.meter),
        delete=DeleteGeneration(parts.transactions, parts.clock),
        settlements=ReadSettlements(parts.transactions),
    )


async def serve_worker(settings: WorkerSettings) -> None:
    """Runs jobs and sweeps until cancelled."""
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(parts_of(settings))
        intake = FileIntake(settings.output_size_max_bytes)
        worker = worker_of(settings, parts, providers_of(settings, parts, stack), intake)
        stack.push_async_callback(worker.drain)
        consumer = Consumer(
            parts.broker.jetstream(),
            stream=STREAM,
            durable=DURABLE,
            subjects=SUBJECTS,
            handler=worker.handle,
            on_dead_letter=DeadLetters(parts.engine).keep,
            max_in_flight=1,
        )
        await run_all(
            worker.consume(consumer),
            forever(worker.renew, every_s=RENEW_EVERY_S, name="renew leases"),
            forever(worker.take_due, every_s=TAKE_DUE_EVERY_S, name="take due"),
            forever(worker.watch_room, every_s=WATCH_ROOM_EVERY_S, name="watch room"),
            *sweepers(settings, parts),
            *_shared_loops(settings, parts),
            # The API signs addresses without the store; the worker can do nothing without it.
            HealthServer(
                settings.http_listen,
                _checks(parts) | {"store": parts.store.ping, "room for files": intake.check},
                alive={"broker": parts.broker.is_alive},
            ).run(),
        )


@asynccontextmanager
async def replaying(settings: WorkerSettings) -> AsyncIterator[tuple[DeadLetters, Handler]]:
    """The dead letters, and what applies one: its job is started for whichever worker is free next."""
    engine = create_engine(settings.database_url.get_secret_value())
    ids = UuidIds()
    start = StartGeneration(
        PostgresTransactions(engine, ids),
        TomlCatalogue(settings.models_file, providers=settings.providers),
        ids,
        SystemClock(),
        worker=ids.new("wrk"),
        # A lease that is over at once: a worker takes the attempt over.
        lease_s=0,
    )

    async def apply(event: IncomingEvent) -> None:
        await start(credits_reserved(event))

    try:
        yield DeadLetters(engine), apply
    finally:
        await engine.dispose()


def _shared_loops(settings: GenerationSettings, parts: Parts) -> list[Awaitable[None]]:
    """What runs beside both API and worker."""
    ensure_stream = partial(
        nats.ensure_stream, parts.broker.jetstream(), "generation", replicas=settings.nats_replicas
    )
    return [
        parts.broker.run(),
        forever(ensure_stream, every_s=nats.ENSURE_EVERY_S, name="ensure stream"),
        parts.ledger.run(),
        parts.relay.run(),
    ]


def worker_of(
    settings: WorkerSettings, parts: Parts, providers: dict[str, MediaProvider], intake: FileIntake
) -> Worker:
    """One worker under a name of its own."""
    transactions, ids, clock = parts.transactions, parts.ids, parts.clock
    name, lease_s = ids.new("wrk"), settings.lease_s
    gate = ProviderGate(clock, parts.meter)
    finish = FinishAttempt(
        transactions,
        ids,
        clock,
        parts.meter,
        worker=name,
        lease_s=lease_s,
        attempts_max=settings.attempts_max,
    )
    feed = NatsProgressFeed(Publisher(parts.broker.jetstream()), ids)
    progress = ReportProgress(transactions, feed, clock, every_s=settings.progress_every_s)
    attempt = RunAttempt(
        FollowRun(transactions, providers, parts.catalogue, gate, progress, clock, poll_s=settings.poll_s),
        DeliverOutputs(transactions, intake, parts.store, ids, clock),
        finish,
        gate,
        clock,
    )
    return Worker(
        StartGeneration(transactions, parts.catalogue, ids, clock, worker=name, lease_s=lease_s),
        TakeDue(transactions, finish, clock, worker=name, lease_s=lease_s),
        RunJob(attempt, finish, clock),
        KeepLeases(transactions, clock, worker=name, lease_s=lease_s),
        check_room=intake.check,
        slots=settings.worker_concurrency,
        drain_s=settings.drain_s,
    )


def providers_of(settings: WorkerSettings, parts: Parts, stack: AsyncExitStack) -> dict[str, MediaProvider]:
    """The providers that are set up, by the name that models.toml uses."""
    # Imported here, so that the API never loads what draws and decodes.
    from generation.adapters.outbound.local.provider import LocalProvider

    local = LocalProvider(threads=settings.local_threads)
    stack.callback(local.close)
    providers: dict[str, MediaProvider] = {"local": local}
    if settings.openai_base_url and settings.openai_api_key:
        from generation.adapters.outbound.answer_spool import TransactionalSpool
        from generation.adapters.outbound.guarded_fetch import GuardedClient
        from generation.adapters.outbound.openai.provider import OpenAIProvider

        fetch = GuardedClient(
            allow_loopback=settings.fetch_allow_loopback, size_bytes_max=settings.output_size_max_bytes
        )
        stack.push_async_callback(fetch.close)
        openai = OpenAIProvider(
            base_url=str(settings.openai_base_url),
            api_key=settings.openai_api_key.get_secret_value(),
            fetch=fetch,
            spool=TransactionalSpool(parts.transactions, fetch.output),
        )
        stack.push_async_callback(openai.close)
        providers["openai"] = openai
    return providers


def sweepers(settings: WorkerSettings, parts: Parts) -> list[Coroutine[None, None, None]]:
    """What ends the jobs that nobody else will."""
    transactions, clock = parts.transactions, parts.clock
    reservations = SweepReservations(transactions, parts.reserve, clock, give_up_s=settings.ledger_give_up_s)
    deadlines = SweepDeadlines(transactions, clock, parts.meter)
    deletions = SweepDeletions(transactions, parts.store, clock)
    answers = SweepAnswers(transactions)
    steps = {
        "sweep reservations": reservations.__call__,
        "sweep deadlines": deadlines.__call__,
        "sweep deletions": deletions.__call__,
        "sweep answers": answers.__call__,
        "count open jobs": lambda: count_open(parts.engine),
    }
    return [forever(step, every_s=SWEEP_EVERY_S, name=name) for name, step in steps.items()]


def _store(settings: GenerationSettings) -> S3MediaStore:
    return S3MediaStore(
        url=str(settings.s3_url),
        public_url=str(settings.s3_public_url or settings.s3_url),
        region=settings.s3_region,
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key.get_secret_value(),
        bucket=settings.s3_bucket,
    )


def _checks(parts: Parts) -> dict[str, Check]:
    return {"database": lambda: ping(parts.engine), "broker": parts.broker.answers}
