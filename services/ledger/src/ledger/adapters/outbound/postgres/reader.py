"""Reading the ledger from PostgreSQL."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from chassis.postgres import SYSTEM_SCOPE, transaction
from sqlalchemy import ColumnElement, func, literal, select, true
from sqlalchemy.ext.asyncio import AsyncEngine

from ledger.adapters.outbound.postgres import rows, tables
from ledger.domain import sources
from ledger.domain.balance import Balance
from ledger.domain.entry import Entry
from ledger.domain.identifiers import AccountId, ReservationId
from ledger.domain.lot import Category, Lot
from ledger.domain.reservation import Reservation
from ledger.ports.ledger_reader import EntryFilter, ExpiringLot, PaymentGrant, PinnedLot, PlanGrant

_STREAM_ROWS = 500


class PostgresLedgerReader:
    """Reads committed rows, in the account's own scope wherever there is one."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def balance(self, account_id: AccountId, now: datetime) -> Balance:
        """Return the account's row and the sums of its lots, from one snapshot.

        Raises ValueError for credits of a category that is not known here.
        """
        lots, accounts = tables.lots, tables.accounts
        is_effective = (lots.c.effective_at <= now) | (lots.c.effective_at <= lots.c.created_at)
        remaining = func.sum(lots.c.remaining)
        query = (
            select(
                accounts,
                lots.c.category,
                func.coalesce(remaining.filter(is_effective), 0).label("spendable"),
                func.coalesce(remaining.filter(~is_effective), 0).label("upcoming"),
                func.min(lots.c.expires_at).filter(is_effective).label("next_expiry"),
                func.min(lots.c.effective_at).filter(~is_effective).label("next_effective"),
            )
            .outerjoin(lots, (lots.c.account_id == accounts.c.account_id) & _is_good(now))
            .where(accounts.c.account_id == account_id)
            .group_by(accounts.c.account_id, lots.c.category)
        )
        async with transaction(self._engine, account_id) as connection:
            found = (await connection.execute(query)).all()
        if not found:
            return Balance(account_id=account_id)
        return Balance(
            account_id=account_id,
            available=sum(int(row.spendable) for row in found),
            held=found[0].held,
            debt=found[0].debt,
            by_category={Category(row.category): int(row.spendable) for row in found if row.spendable},
            next_expiry=min((row.next_expiry for row in found if row.next_expiry), default=None),
            sequence=found[0].sequence,
            upcoming=sum(int(row.upcoming) for row in found),
            next_effective=min((row.next_effective for row in found if row.next_effective), default=None),
        )

    async def entries(self, account_id: AccountId, wanted: EntryFilter) -> list[Entry]:
        """Return entries, newest first, by the index on (account, sequence)."""
        table = tables.entries
        query = select(table).where(table.c.account_id == account_id)
        if wanted.kinds:
            query = query.where(table.c.kind.in_([kind.value for kind in wanted.kinds]))
        if wanted.since is not None:
            query = query.where(table.c.created_at >= wanted.since)
        if wanted.until is not None:
            query = query.where(table.c.created_at < wanted.until)
        if wanted.before_sequence is not None:
            query = query.where(table.c.sequence < wanted.before_sequence)
        query = query.order_by(table.c.sequence.desc()).limit(wanted.limit)
        async with transaction(self._engine, account_id) as connection:
            return [rows.to_entry(row) for row in await connection.execute(query)]

    async def reservation(
        self, *, reservation_id: ReservationId | None = None, reference: str | None = None
    ) -> Reservation | None:
        """Return a reservation with its lines."""
        table = tables.reservations
        query = select(table).order_by(table.c.created_at).limit(1)
        if reservation_id is not None:
            query = query.where(table.c.reservation_id == reservation_id)
        if reference is not None:
            query = query.where(table.c.reference == reference)
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            row = (await connection.execute(query)).first()
        return rows.to_reservation(row) if row else None

    async def pinned_lots(
        self, account_id: AccountId, reservation_id: ReservationId
    ) -> list[PinnedLot] | None:
        """Return a reservation's lots in the order they were drawn from."""
        held, lots = tables.reservations, tables.lots
        line = (
            func.unnest(held.c.line_grants, held.c.line_amounts)
            .table_valued("grant_id", "amount", with_ordinality="position", name="line")
            .render_derived()
        )
        query = (
            select(line.c.amount, lots.c.grant_id, lots.c.category, lots.c.source, lots.c.created_at)
            .select_from(held.join(line, true()).join(lots, lots.c.grant_id == line.c.grant_id))
            .where(held.c.reservation_id == reservation_id)
            .order_by(line.c.position)
        )
        async with transaction(self._engine, account_id) as connection:
            found = (await connection.execute(query)).all()
        pinned = [
            PinnedLot(
                grant_id=row.grant_id,
                category=Category(row.category),
                amount=row.amount,
                source=row.source,
                granted_at=row.created_at,
            )
            for row in found
        ]
        return pinned or None

    async def open_lots(self, account_id: AccountId, now: datetime) -> list[Lot]:
        """Return lots that have credits, in no order."""
        lots = tables.lots
        query = select(*(lots.c[name] for name in Lot._fields)).where(
            lots.c.account_id == account_id, _is_good(now)
        )
        async with transaction(self._engine, account_id) as connection:
            return [rows.to_lot(row) for row in await connection.execute(query)]

    async def settled_reservations(self) -> AsyncIterator[Reservation]:
        """Stream settled reservations through a server-side cursor."""
        table = tables.reservations
        query = select(table).where(table.c.state != "held").order_by(table.c.created_at)
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            async for row in await connection.stream(query, execution_options={"yield_per": _STREAM_ROWS}):
                yield rows.to_reservation(row)

    async def payment_grants(self) -> AsyncIterator[PaymentGrant]:
        """Stream grants that payments paid for through a server-side cursor."""
        table = tables.lots
        query = (
            select(
                table.c.payment_id,
                table.c.account_id,
                table.c.amount,
                func.coalesce(tables.clawbacks.c.taken, 0).label("taken_back"),
            )
            .select_from(
                table.outerjoin(tables.clawbacks, tables.clawbacks.c.payment_id == table.c.payment_id)
            )
            .where(table.c.payment_id.is_not(None))
            .order_by(table.c.created_at)
        )
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            async for row in await connection.stream(query, execution_options={"yield_per": _STREAM_ROWS}):
                yield PaymentGrant(**row._mapping)

    async def plan_grants(self) -> AsyncIterator[PlanGrant]:
        """Stream grants that subscriptions brought through a server-side cursor."""
        table = tables.lots
        columns = (
            table.c.source,
            table.c.account_id,
            table.c.amount,
            table.c.effective_at,
            table.c.expires_at,
        )
        query = (
            select(*columns)
            .where(
                table.c.category == Category.SUBSCRIPTION.value,
                table.c.source.startswith(sources.PLAN, autoescape=True),
            )
            .order_by(table.c.created_at)
        )
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            async for row in await connection.stream(query, execution_options={"yield_per": _STREAM_ROWS}):
                yield PlanGrant(
                    subscription_id=sources.subscription_of(row.source),
                    account_id=row.account_id,
                    amount=row.amount,
                    starts_at=row.effective_at,
                    ends_at=row.expires_at,
                )

    async def open_reservations(self) -> int:
        """Count held reservations, by the index of those."""
        query = (
            select(func.count()).select_from(tables.reservations).where(tables.reservations.c.state == "held")
        )
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            return int(await connection.scalar(query) or 0)

    async def overdue_reservations(self, now: datetime, limit: int) -> list[Reservation]:
        """Return held reservations past their expiry."""
        table = tables.reservations
        query = (
            select(table)
            .where(table.c.state == "held", table.c.expires_at < now)
            .order_by(table.c.expires_at)
            .limit(limit)
        )
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            return [rows.to_reservation(row) for row in await connection.execute(query)]

    async def lots_expiring_untold(self, now: datetime, notice: timedelta, limit: int) -> list[ExpiringLot]:
        """Return lots that expire soon and whose request is not recorded."""
        lots, requests = tables.lots, tables.requests
        told = select(requests.c.request_id).where(
            requests.c.request_id == literal("expiring:").concat(lots.c.grant_id)
        )
        query = (
            select(lots.c.grant_id, lots.c.account_id)
            .where(
                ~lots.c.drained,
                lots.c.expires_at > now,
                lots.c.expires_at <= now + notice,
                lots.c.created_at <= lots.c.expires_at - notice,
                lots.c.category != Category.SUBSCRIPTION,
                ~told.exists(),
            )
            .order_by(lots.c.expires_at, lots.c.grant_id)
            .limit(limit)
        )
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            rows_found = await connection.execute(query)
            return [ExpiringLot(grant_id=row.grant_id, account_id=row.account_id) for row in rows_found]

    async def accounts_with_expired_lots(
        self, now: datetime, limit: int, *, after: AccountId | None = None
    ) -> list[AccountId]:
        """Return accounts with credits in expired lots."""
        lots = tables.lots
        query = (
            select(lots.c.account_id)
            .where(~lots.c.drained, lots.c.expires_at <= now)
            .distinct()
            .order_by(lots.c.account_id)
            .limit(limit)
        )
        if after is not None:
            query = query.where(lots.c.account_id > after)
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            return list((await connection.scalars(query)).all())


def _is_good(now: datetime) -> ColumnElement[bool]:
    """Return what holds for a lot that has credits and did not expire."""
    lots = tables.lots
    return ~lots.c.drained & (lots.c.expires_at.is_(None) | (lots.c.expires_at > now))
