"""The composition root: everything is constructed here, and nowhere else."""

from contextlib import AsyncExitStack

import structlog
from chassis.clock import SystemClock
from chassis.grpc_client import channel
from chassis.grpc_server import GrpcServer
from chassis.health import HealthServer
from chassis.ids import UuidIds
from chassis.nats import Consumer, Publisher, connect, ensure_stream
from chassis.outbox import Relay
from chassis.postgres import create_engine, ping
from chassis.process import forever, run_all
from tintype.ledger.v1 import ledger_pb2_grpc as rpc

from ledger.adapters.inbound.events import SUBJECTS, LedgerEvents
from ledger.adapters.inbound.grpc import ALLOWED, ERRORS, LedgerServicer
from ledger.adapters.outbound import tables
from ledger.adapters.outbound.grpc_generation import GrpcGenerationSettlements
from ledger.adapters.outbound.postgres import PostgresUnitsOfWork
from ledger.adapters.outbound.postgres_dead_letters import PostgresDeadLetters
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
from ledger.settings import LedgerSettings

log = structlog.get_logger(__name__)


async def serve(settings: LedgerSettings) -> None:
    """Run the ledger until cancelled."""
    async with AsyncExitStack() as stack:
        engine = create_engine(
            settings.database_url.get_secret_value(), pool_size=settings.database_pool_size
        )
        stack.push_async_callback(engine.dispose)
        nats = await connect(
            settings.nats_url,
            user=settings.nats_user,
            password=settings.nats_password.get_secret_value(),
            name="ledger",
        )
        stack.push_async_callback(nats.close)
        jetstream = nats.jetstream()
        await ensure_stream(jetstream, "ledger")
        generation = channel(settings.generation_target, token=settings.caller_token.get_secret_value())
        stack.push_async_callback(generation.close)

        clock, ids, reader = SystemClock(), UuidIds(), PostgresLedgerReader(engine)
        units, statements, meter = (
            PostgresUnitsOfWork(engine, ids),
            PostgresStatements(engine),
            PrometheusMeter(),
        )
        verify = VerifyLedgerHandler(PostgresInvariants(engine), meter)
        seal = SealJournalHandler(PostgresJournalSealing(engine))
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
        expire_reservations = ExpireReservationsHandler(
            writer, reader, GrpcGenerationSettlements(generation), clock
        )
        expire_lots = ExpireLotsHandler(writer, reader, clock)

        server = GrpcServer(
            settings.grpc_listen,
            errors=ERRORS,
            callers=settings.callers,
            allowed=ALLOWED,
            domain="tintype.ledger",
        )
        rpc.add_LedgerServiceServicer_to_server(
            LedgerServicer(
                writer=writer,
                preview=PreviewReservationHandler(units, clock, ids),
                read=ReadLedgerHandler(reader, statements),
                statements=ReadStatementHandler(statements),
                reader=reader,
                verify=verify,
            ),
            server.server,
        )
        events = LedgerEvents(writer=writer, welcome_credits=settings.welcome_credits)
        dead_letters = PostgresDeadLetters(engine)
        consumers = [
            Consumer(
                jetstream,
                stream=stream,
                durable="ledger",
                subjects=subjects,
                handler=events.handle,
                on_dead_letter=dead_letters.keep,
            )
            for stream, subjects in SUBJECTS.items()
        ]

        async def sweep_reservations() -> None:
            for failure in (await expire_reservations.handle()).failures:
                log.warning("an overdue reservation stays held", failure=failure)

        async def verify_ledger() -> None:
            for result in await verify.broken():
                log.error("an invariant is broken", invariant=result.invariant, violations=result.violations,
                          examples=result.examples)  # fmt: skip

        async def nats_answers() -> None:
            await nats.flush(timeout=2)

        health = HealthServer(settings.http_listen, {"database": lambda: ping(engine), "nats": nats_answers})
        await run_all(
            server.run(),
            health.run(),
            Relay(engine, tables.outbox, Publisher(jetstream)).run(),
            *(consumer.run() for consumer in consumers),
            forever(sweep_reservations, every_s=settings.sweep_every_s, name="expire reservations"),
            forever(expire_lots.handle, every_s=settings.sweep_every_s, name="expire lots"),
            forever(seal.handle, every_s=settings.seal_every_s, name="seal the journal"),
            forever(verify_ledger, every_s=settings.verify_every_s, name="verify"),
        )
