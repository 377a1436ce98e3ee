"""A ledger for tests: every use case over memory or over PostgreSQL, with a clock that is set by hand."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chassis.events import OutgoingEvent
from chassis.postgres import SYSTEM_SCOPE, transaction
from chassis.testing.clock import HandClock as HandClock
from chassis.testing.facts import ExactFacts
from chassis.testing.ids import CountingIds as CountingIds

# The contract tests import `charge` from here.
from command_makers import charge as charge
from command_makers import grant, reserve
from ledger.adapters.inbound.grpc import LedgerServicer
from ledger.adapters.outbound.event_codec import encode
from ledger.adapters.outbound.memory import MemoryGenerationSettlements, MemoryLedger, MemoryLedgerReader
from ledger.adapters.outbound.memory_statements import MemoryStatements
from ledger.adapters.outbound.postgres import tables
from ledger.adapters.outbound.postgres.reader import PostgresLedgerReader
from ledger.adapters.outbound.postgres.statements import PostgresStatements
from ledger.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from ledger.application.command import Command, Outcome
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
from ledger.application.tell_expiring import TellExpiringHandler
from ledger.application.verify_ledger import VerifyLedgerHandler
from ledger.domain.lot import Category
from ledger.ports.invariants import Invariants
from ledger.ports.ledger_reader import LedgerReader
from ledger.ports.meter import NoMeter
from ledger.ports.statements import Statements
from ledger.ports.unit_of_work import UnitsOfWork
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class LedgerUnderTest:
    """The use cases over one store."""

    units: UnitsOfWork
    reader: LedgerReader
    statements: Statements
    clock: HandClock
    ids: CountingIds
    # Reads the facts that were committed, as they will be published, in their order.
    outbox: Callable[[], Awaitable[list[OutgoingEvent]]]

    def __post_init__(self) -> None:
        self.writer = CommandWriter(self.units, self.clock, self.ids)
        self.preview = PreviewReservationHandler(self.units, self.clock, self.ids)
        self.read_balance = ReadBalanceHandler(self.reader, self.statements, self.clock)
        self.read_reservation = ReadReservationHandler(self.reader)
        self.list_entries = ListEntriesHandler(self.reader)
        self.list_reservation_lots = ListReservationLotsHandler(self.reader)
        self.list_lots = ListLotsHandler(self.reader, self.clock)
        self.settlements = MemoryGenerationSettlements()
        self.expire_reservations = ExpireReservationsHandler(
            self.writer, self.reader, self.settlements, self.clock
        )
        self.expire_lots = ExpireLotsHandler(self.writer, self.reader, self.clock)
        self.tell_expiring = TellExpiringHandler(self.writer, self.reader, self.clock, timedelta(days=3))
        self.facts = ExactFacts(self.outbox, in_words=lambda event: event.ce_type.rpartition(".")[2])

    @classmethod
    def over_memory(cls, store: MemoryLedger) -> "LedgerUnderTest":
        """The use cases over a store in memory."""

        async def outbox() -> list[OutgoingEvent]:
            return [encode(fact, event_id="") for fact in store.facts]

        return cls(
            units=store,
            reader=MemoryLedgerReader(store),
            statements=MemoryStatements(store),
            clock=HandClock(),
            ids=CountingIds(),
            outbox=outbox,
        )

    @classmethod
    def over_postgres(
        cls,
        engine: AsyncEngine,
        units: PostgresUnitsOfWork,
        ids: CountingIds,
        *,
        statements: Statements | None = None,
    ) -> "LedgerUnderTest":
        """The use cases over a database."""

        async def outbox() -> list[OutgoingEvent]:
            async with transaction(engine, SYSTEM_SCOPE) as connection:
                rows = await connection.execute(select(tables.outbox).order_by(tables.outbox.c.id))
                return [
                    OutgoingEvent(
                        one.subject, one.ce_type, one.ce_source, one.payload, one.ce_id, one.ce_time
                    )
                    for one in rows
                ]

        return cls(
            units=units,
            reader=PostgresLedgerReader(engine),
            statements=statements or PostgresStatements(engine),
            clock=HandClock(),
            ids=ids,
            outbox=outbox,
        )

    async def apply(self, command: Command) -> Outcome:
        """Apply one command and return its outcome, or raise what it is refused with."""
        outcome = await self.writer.apply(command)
        assert outcome is not None
        return outcome

    async def give(
        self,
        account_id: str,
        amount: int,
        category: Category = Category.PROMOTIONAL,
        *,
        expires_in_s: float | None = None,
        payment_id: str | None = None,
    ) -> str:
        """Grant credits and return the lot's id."""
        granted = await self.apply(
            grant(
                account_id,
                amount,
                category,
                payment_id=payment_id,
                request_id=f"payment:{payment_id}" if payment_id else None,
                expires_at=self.clock.now() + timedelta(seconds=expires_in_s) if expires_in_s else None,
            )
        )
        return granted.made_id

    async def hold(self, account_id: str, amount: int, reference: str, *, ttl_s: int = 3600) -> str:
        """Reserve credits for a job and return the reservation's id."""
        return (await self.apply(reserve(account_id, amount, reference, ttl_s=ttl_s))).made_id

    async def available(self, account_id: str) -> tuple[int, int]:
        """Return what an account can spend and what is held."""
        balance = await self.reader.balance(account_id, self.clock.now())
        return balance.available, balance.held

    async def state(self, account_id: str) -> tuple[int, int, int]:
        """Return what an account can spend, what is held and what it owes."""
        balance = await self.reader.balance(account_id, self.clock.now())
        return balance.available, balance.held, balance.debt


def servicer(ledger: LedgerUnderTest, invariants: Invariants) -> LedgerServicer:
    """LedgerService over the use cases."""
    return LedgerServicer(
        writer=ledger.writer,
        preview=ledger.preview,
        read_balance=ledger.read_balance,
        read_reservation=ledger.read_reservation,
        read_statement=ReadStatementHandler(ledger.statements),
        list_entries=ledger.list_entries,
        list_reservation_lots=ledger.list_reservation_lots,
        list_lots=ledger.list_lots,
        reader=ledger.reader,
        verify=VerifyLedgerHandler(invariants, NoMeter()),
        welcome_credits=1_000,
    )
