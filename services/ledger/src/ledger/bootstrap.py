"""The composition root: everything is constructed here, and nowhere else."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import grpc
import structlog
from chassis.clock import SystemClock
from chassis.dead_letters import DeadLetters
from chassis.ids import UuidIds, new_id
from chassis.process import forever
from chassis.service import CallRules, database, service
from deadletters import facts as replays
from deadletters.servicer import DeadLetterServicer, with_dead_letters
from deadletters.servicer import register as register_dead_letters
from sqlalchemy.ext.asyncio import AsyncEngine
from tintype.ledger.v1 import events_pb2 as told
from tintype.ledger.v1 import ledger_pb2_grpc as rpc

from ledger.adapters.inbound.events import SUBJECTS, LedgerEvents
from ledger.adapters.inbound.grpc import ALLOWED, ERRORS, LedgerServicer
from ledger.adapters.outbound.grpc_generation import GrpcGenerationSettlements
from ledger.adapters.outbound.postgres import tables
from ledger.adapters.outbound.postgres.invariants import PostgresInvariants
from ledger.adapters.outbound.postgres.reader import PostgresLedgerReader
from ledger.adapters.outbound.postgres.sealing import PostgresJournalSealing
from ledger.adapters.outbound.postgres.statements import PostgresStatements
from ledger.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from ledger.adapters.outbound.prometheus_meter import PrometheusMeter
from ledger.adapters.outbound.trace_context import TraceContext
from ledger.application.command_writer import CommandWriter
from ledger.application.expire_lots import ExpireLotsHandler
from ledger.application.expire_reservations import ExpireReservationsHandler
from ledger.application.list_entries import ListEntriesHandler
from ledger.application.list_lots import ListLotsHandler
from ledger.application.list_reservation_lots import ListReservationLotsHandler
from ledger.application.preview_reservation import PreviewReservationHandler
from ledger.application.read_balance import ReadBalanceHandler
from ledger.application.read_reservation import ReadReservationHandler
from ledger.application.read_statement import ReadStatementHandler
from ledger.application.seal_journal import SealJournalHandler
from ledger.application.tell_expiring import TellExpiringHandler
from ledger.application.verify_ledger import VerifyLedgerHandler
from ledger.domain.errors import LedgerUnavailable, Overloaded
from ledger.ports.generation_settlements import GenerationSettlements
from ledger.settings import CommandSettings, LedgerSettings

log = structlog.get_logger(__name__)


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
    verify: VerifyLedgerHandler


@asynccontextmanager
async def parts_of(settings: CommandSettings) -> AsyncIterator[Parts]:
    """Connect to the database, for a command."""
    async with (
        database(settings, pool_size=settings.database_pool_size) as engine,
        parts_on(engine, settings) as parts,
    ):
        yield parts


@asynccontextmanager
async def parts_on(engine: AsyncEngine, settings: CommandSettings) -> AsyncIterator[Parts]:
    """Wire the parts, and let what was handed in be committed before the database is closed."""
    async with AsyncExitStack() as stack:
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
            events=LedgerEvents(
                writer=writer,
                welcome_credits=settings.welcome_credits,
                forget=DeadLetters(engine).forget,
            ),
            verify=VerifyLedgerHandler(PostgresInvariants(engine), meter),
        )


def servicer_of(parts: Parts) -> LedgerServicer:
    """LedgerService by the use cases."""
    reader, statements = PostgresLedgerReader(parts.engine), PostgresStatements(parts.engine)
    return LedgerServicer(
        writer=parts.writer,
        preview=PreviewReservationHandler(parts.units, parts.clock, parts.ids),
        read_balance=ReadBalanceHandler(reader, statements, parts.clock),
        read_reservation=ReadReservationHandler(reader),
        read_statement=ReadStatementHandler(statements),
        list_entries=ListEntriesHandler(reader),
        list_reservation_lots=ListReservationLotsHandler(reader),
        list_lots=ListLotsHandler(reader, parts.clock),
        reader=reader,
        verify=parts.verify,
        welcome_credits=parts.events.welcome_credits,
    )


def dead_letters_of(parts: Parts) -> DeadLetters:
    """Return what was given up; who has it applied again is told."""
    return DeadLetters(parts.engine, replays.recorder(tables.outbox, told.DeadLetterReplayed, new_id))


def _register(servicers: tuple[LedgerServicer, DeadLetterServicer], server: grpc.aio.Server) -> None:
    rpc.add_LedgerServiceServicer_to_server(servicers[0], server)
    register_dead_letters(servicers[1], server)


async def serve(settings: LedgerSettings) -> None:
    """Run the ledger until cancelled."""
    async with service(settings, "ledger", pool_size=settings.database_pool_size) as running:
        parts = await running.opened(parts_on(running.engine, settings))
        generation = running.channel(settings.generation_target, settings.caller_token)
        await running.run(
            running.grpc(
                _register,
                (servicer_of(parts), DeadLetterServicer(dead_letters_of(parts), parts.events.handle)),
                with_dead_letters(CallRules(errors=ERRORS, allowed=ALLOWED, domain="tintype.ledger")),
            ),
            running.relay(tables.outbox),
            *(
                running.consumer(
                    stream, subjects, parts.events.handle, outages=(LedgerUnavailable, Overloaded)
                ).run()
                for stream, subjects in SUBJECTS.items()
            ),
            running.prune_inbox(tables.inbox),
            *_periodic(settings, parts, GrpcGenerationSettlements(generation)),
        )


def _periodic(
    settings: LedgerSettings, parts: Parts, settlements: GenerationSettlements
) -> list[Awaitable[None]]:
    reader = PostgresLedgerReader(parts.engine)
    overdue = ExpireReservationsHandler(parts.writer, reader, settlements, parts.clock)
    expired = ExpireLotsHandler(parts.writer, reader, parts.clock)
    notice = timedelta(days=settings.expiry_notice_days) if settings.expiry_notice_days else None
    tell_expiring = TellExpiringHandler(parts.writer, reader, parts.clock, notice)
    seal = SealJournalHandler(PostgresJournalSealing(parts.engine))

    async def sweep_reservations() -> None:
        for failure in (await overdue()).failures:
            log.warning("an overdue reservation stays held", failure=failure)

    async def sweep_lots() -> None:
        for failure in (await expired()).failures:
            log.warning("expired credits are not booked", failure=failure)

    async def tell_of_expiry() -> None:
        for failure in (await tell_expiring()).failures:
            log.warning("credits that expire soon are not told", failure=failure)

    async def verify() -> None:
        for broken in await parts.verify.broken():
            log.error("an invariant is broken", invariant=broken.invariant, violations=broken.violations,
                      examples=broken.examples)  # fmt: skip

    async def count_reservations() -> None:
        parts.meter.held(await reader.open_reservations())

    return [
        forever(sweep_reservations, every_s=settings.sweep_every_s, name="expire reservations"),
        forever(sweep_lots, every_s=settings.sweep_every_s, name="expire lots"),
        forever(tell_of_expiry, every_s=settings.sweep_every_s, name="tell of credits that expire soon"),
        forever(count_reservations, every_s=settings.sweep_every_s, name="count reservations"),
        forever(seal, every_s=settings.seal_every_s, name="seal the journal"),
        forever(verify, every_s=settings.verify_every_s, name="verify"),
    ]
