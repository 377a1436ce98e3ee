"""The composition root: everything is constructed here, and nowhere else."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import structlog
from chassis import inbox
from chassis.clock import SystemClock
from chassis.consumer import Consumer
from chassis.dead_letters import DeadLetters
from chassis.grpc_client import channel
from chassis.grpc_server import GrpcServer
from chassis.health import HealthServer
from chassis.ids import UuidIds
from chassis.nats import ENSURE_EVERY_S, connect, ensure_stream
from chassis.postgres import create_engine, ping
from chassis.process import forever, run_all
from chassis.publisher import Publisher
from chassis.relay import Relay
from nats.js import JetStreamContext
from sqlalchemy.ext.asyncio import AsyncEngine
from tintype.ledger.v1 import ledger_pb2_grpc as rpc

from ledger.adapters.inbound.events import SUBJECTS, LedgerEvents
from ledger.adapters.inbound.grpc import ALLOWED, ERRORS, LedgerServicer
from ledger.adapters.outbound import tables
from ledger.adapters.outbound.grpc_generation import GrpcGenerationSettlements
from ledger.adapters.outbound.postgres import PostgresUnitsOfWork
from ledger.adapters.outbound.postgres_invariants import PostgresInvariants
from ledger.adapters.outbound.postgres_reader import PostgresLedgerReader
from ledger.adapters.outbound.postgres_sealing import PostgresJournalSealing
from ledger.adapters.outbound.postgres_statements import PostgresStatements
from ledger.adapters.outbound.prometheus_meter import PrometheusMeter
from ledger.adapters.outbound.trace_context import TraceContext
from ledger.application.command_writer import CommandWriter
from ledger.application.expire_lots import ExpireLotsHandler
from ledger.application.expire_reservations import ExpireReservationsHandler
from ledger.application.preview_reservation import PreviewReservationHandler
from ledger.application.read_ledger import ReadLedgerHandler
from ledger.application.read_statement import ReadStatementHandler
from ledger.application.seal_journal import SealJournalHandler
from ledger.application.verify_ledger import VerifyLedgerHandler
from ledger.domain.errors import LedgerUnavailable, Overloaded
from ledger.ports.generation_settlements import GenerationSettlements
from ledger.settings import CommandSettings, LedgerSettings

log = structlog.get_logger(__name__)

_PRUNE_EVERY_S = 3_600.0


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What every command of the process is made of."""

    engine: AsyncEngine
    clock: SystemClock
    ids: UuidIds
    units: PostgresUnitsOfWork
    meter: PrometheusMeter
    writer: CommandWriter
    events: LedgerEvents
    dead_letters: DeadLetters
    verify: VerifyLedgerHandler


@asynccontextmanager
async def parts_of(settings: CommandSettings) -> AsyncIterator[Parts]:
    """Connect to the database, and let what was handed in be committed before it is closed."""
    async with AsyncExitStack() as stack:
        engine = create_engine(
            settings.database_url.get_secret_value(), pool_size=settings.database_pool_size
        )
        stack.push_async_callback(engine.dispose)
        clock, ids, meter = SystemClock(), UuidIds(), PrometheusMeter()
        units = PostgresUnitsOfWork(engine, ids)
        stack.push_async_callback(units.close)
        writer = CommandWriter(
            units,
            clock,
            ids,
            low_balance=settings.low_balance_credits,
            waiting_max=settings.waiting_commands_max,
            meter=meter,
            context=TraceContext(),
        )
        stack.push_async_callback(writer.close)
        yield Parts(
            engine=engine,
            clock=clock,
            ids=ids,
            units=units,
            meter=meter,
            writer=writer,
            events=LedgerEvents(writer=writer, welcome_credits=settings.welcome_credits),
            dead_letters=DeadLetters(engine),
            verify=VerifyLedgerHandler(PostgresInvariants(engine), meter),
        )


def servicer_of(parts: Parts) -> LedgerServicer:
    """LedgerService by the use cases."""
    reader, statements = PostgresLedgerReader(parts.engine), PostgresStatements(parts.engine)
    return LedgerServicer(
        writer=parts.writer,
        preview=PreviewReservationHandler(parts.units, parts.clock, parts.ids),
        read=ReadLedgerHandler(reader, statements, parts.clock),
        statements=ReadStatementHandler(statements),
        reader=reader,
        verify=parts.verify,
        welcome_credits=parts.events.welcome_credits,
    )


async def serve(settings: LedgerSettings) -> None:
    """Run the ledger until cancelled."""
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(parts_of(settings))
        nats = await connect(
            settings.nats_url,
            user=settings.nats_user,
            password=settings.nats_password.get_secret_value(),
            name="ledger",
        )
        stack.push_async_callback(nats.close)
        jetstream = nats.jetstream()
        ensure = partial(ensure_stream, jetstream, "ledger", replicas=settings.nats_replicas)
        await ensure()
        generation = channel(settings.generation_target, token=settings.caller_token.get_secret_value())
        stack.push_async_callback(generation.close)

        server = GrpcServer(
            settings.grpc_listen,
            errors=ERRORS,
            callers=settings.callers,
            allowed=ALLOWED,
            domain="tintype.ledger",
        )
        rpc.add_LedgerServiceServicer_to_server(servicer_of(parts), server.server)

        checks = {"database": lambda: ping(parts.engine), "nats": nats.answers}
        await run_all(
            nats.run(),
            forever(ensure, every_s=ENSURE_EVERY_S, name="ensure stream"),
            server.run(),
            HealthServer(settings.http_listen, checks, alive={"nats": nats.is_alive}).run(),
            Relay(parts.engine, tables.outbox, Publisher(jetstream)).run(),
            *(consumer.run() for consumer in _consumers(jetstream, parts)),
            *_periodic(settings, parts, GrpcGenerationSettlements(generation)),
        )


def _consumers(jetstream: JetStreamContext, parts: Parts) -> list[Consumer]:
    return [
        Consumer(
            jetstream,
            stream=stream,
            durable="ledger",
            subjects=subjects,
            handler=parts.events.handle,
            on_dead_letter=parts.dead_letters.keep,
            outages=(LedgerUnavailable, Overloaded),
        )
        for stream, subjects in SUBJECTS.items()
    ]


def _periodic(
    settings: LedgerSettings, parts: Parts, settlements: GenerationSettlements
) -> list[Awaitable[None]]:
    reader = PostgresLedgerReader(parts.engine)
    overdue = ExpireReservationsHandler(parts.writer, reader, settlements, parts.clock)
    expired = ExpireLotsHandler(parts.writer, reader, parts.clock)
    seal = SealJournalHandler(PostgresJournalSealing(parts.engine))

    async def sweep_reservations() -> None:
        for failure in (await overdue.handle()).failures:
            log.warning("an overdue reservation stays held", failure=failure)

    async def sweep_lots() -> None:
        for failure in (await expired.handle()).failures:
            log.warning("expired credits are not booked", failure=failure)

    async def verify() -> None:
        for broken in await parts.verify.broken():
            log.error("an invariant is broken", invariant=broken.invariant, violations=broken.violations,
                      examples=broken.examples)  # fmt: skip

    async def count_reservations() -> None:
        parts.meter.held(await reader.open_reservations())

    async def prune_inbox() -> None:
        await inbox.prune(parts.engine, tables.inbox)

    return [
        forever(sweep_reservations, every_s=settings.sweep_every_s, name="expire reservations"),
        forever(sweep_lots, every_s=settings.sweep_every_s, name="expire lots"),
        forever(count_reservations, every_s=settings.sweep_every_s, name="count reservations"),
        forever(seal.handle, every_s=settings.seal_every_s, name="seal the journal"),
        forever(verify, every_s=settings.verify_every_s, name="verify"),
        forever(prune_inbox, every_s=_PRUNE_EVERY_S, name="prune the inbox"),
    ]
