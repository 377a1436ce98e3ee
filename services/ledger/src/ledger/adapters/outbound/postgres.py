"""The unit of work on PostgreSQL: one transaction, the account's row locked until it ends."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from chassis import inbox, outbox
from chassis.postgres import SYSTEM_SCOPE
from sqlalchemy import insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ledger.adapters.outbound import rows, tables
from ledger.adapters.outbound.event_codec import encode
from ledger.domain.account import Account
from ledger.domain.errors import IdempotencyKeyReused
from ledger.domain.request import RecordedRequest
from ledger.domain.reservation import Reservation
from ledger.ports.id_source import IdSource
from ledger.ports.unit_of_work import UnitOfWork

CONSUMER = "ledger"

_LOT_STATE = ("remaining", "held", "spent", "expired")
_RESERVATION_STATE = ("charged", "refunded", "state", "expires_at", "settled_at")


class PostgresUnitsOfWork:
    """Opens transactions in the scope of one account, or of the whole ledger."""

    def __init__(self, engine: AsyncEngine, ids: IdSource) -> None:
        self._engine = engine
        self._ids = ids

    def begin(self, account_id: str | None = None) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open one transaction; it is undone unless it commits."""
        return self._begin(account_id or SYSTEM_SCOPE)

    @asynccontextmanager
    async def _begin(self, scope: str) -> AsyncIterator[UnitOfWork]:
        async with self._engine.connect() as connection:
            await connection.execute(
                text("SELECT set_config('app.account', :account, true)"), {"account": scope}
            )
            yield PostgresUnitOfWork(connection, self._ids)


class PostgresUnitOfWork:
    """One open transaction."""

    def __init__(self, connection: AsyncConnection, ids: IdSource) -> None:
        self._connection = connection
        self._ids = ids

    async def first_time(self, event_id: str) -> bool:
        """Record an event as handled; False means it was handled before."""
        return await inbox.first_time(self._connection, tables.inbox, consumer=CONSUMER, event_id=event_id)

    async def recall(self, request_id: str) -> RecordedRequest | None:
        """Return what was asked under this id before."""
        query = select(tables.requests).where(tables.requests.c.request_id == request_id)
        row = (await self._connection.execute(query)).first()
        return rows.to_request(row) if row else None

    async def remember(self, request: RecordedRequest) -> None:
        """Store a request; an id that another account took first is refused."""
        refusal = request.refusal
        try:
            await self._connection.execute(
                insert(tables.requests).values(
                    request_id=request.request_id,
                    account_id=request.account_id,
                    command=request.command,
                    fingerprint=request.fingerprint,
                    made_id=request.made_id,
                    refusal_reason=refusal.reason if refusal else None,
                    refusal_details=dict(refusal.details) if refusal else None,
                    created_at=request.created_at,
                )
            )
        except IntegrityError as taken:
            raise IdempotencyKeyReused(
                f"request {request.request_id} was used before for another command",
                details={"request_id": request.request_id},
            ) from taken

    async def account_of(self, reservation_id: str) -> str | None:
        """Return a reservation's account."""
        table = tables.reservations
        query = select(table.c.account_id).where(table.c.reservation_id == reservation_id)
        owner: str | None = await self._connection.scalar(query)
        return owner

    async def lock_account(self, account_id: str) -> Account:
        """Open the account when it is new, lock its row and load the lots that hold credits."""
        table = tables.accounts
        opened = upsert(table).values(account_id=account_id).on_conflict_do_nothing()
        await self._connection.execute(opened)
        locked = select(table).where(table.c.account_id == account_id).with_for_update(key_share=True)
        row = (await self._connection.execute(locked)).one()
        account = Account(
            account_id=account_id,
            available=row.available,
            held=row.held,
            debt=row.debt,
            sequence=row.sequence,
        )
        query = select(tables.lots).where(tables.lots.c.account_id == account_id, tables.lots.c.remaining > 0)
        await self._load_lots(account, query)
        return account

    async def reservation(self, account: Account, reservation_id: str) -> Reservation | None:
        """Return a reservation with its lines, and load their lots into the account."""
        if (changed := account.changed_reservations.get(reservation_id)) is not None:
            return changed
        table = tables.reservations
        found = select(table).where(
            table.c.reservation_id == reservation_id, table.c.account_id == account.account_id
        )
        row = (await self._connection.execute(found)).first()
        if row is None:
            return None
        lines_table = tables.reservation_lines
        query = (
            select(lines_table)
            .where(lines_table.c.reservation_id == reservation_id)
            .order_by(lines_table.c.position)
        )
        lines = [rows.to_line(line) for line in await self._connection.execute(query)]
        missing = {line.grant_id for line in lines} - account.lots.keys()
        # A drained lot holds no credits now, and gets some back by a refund.
        await self._load_lots(account, select(tables.lots).where(tables.lots.c.grant_id.in_(missing)))
        return rows.to_reservation(row, lines)

    async def commit(self, account: Account | None = None) -> None:
        """Write what the account recorded, then commit."""
        if account is not None and (account.entries or account.changed_reservations):
            await self._write(account)
        await self._connection.commit()

    async def _load_lots(self, account: Account, query: object) -> None:
        for row in await self._connection.execute(query):  # type: ignore[call-overload]
            account.lots[row.grant_id] = rows.to_lot(row)

    async def _write(self, account: Account) -> None:
        connection = self._connection
        for lot in account.changed_lots.values():
            await self._upsert(tables.lots, ["grant_id"], [rows.from_lot(lot)], _LOT_STATE)
        for reservation in account.changed_reservations.values():
            written = [rows.from_reservation(reservation)]
            await self._upsert(tables.reservations, ["reservation_id"], written, _RESERVATION_STATE)
            lines = rows.from_lines(reservation)
            key = ["reservation_id", "position"]
            await self._upsert(tables.reservation_lines, key, lines, ("charged", "returned"))
        if not account.entries:
            return
        await connection.execute(insert(tables.entries), [rows.from_entry(one) for one in account.entries])
        await connection.execute(
            update(tables.accounts)
            .where(tables.accounts.c.account_id == account.account_id)
            .values(
                available=account.available,
                held=account.held,
                debt=account.debt,
                sequence=account.sequence,
            )
        )
        for fact in account.facts:
            event = encode(fact, event_id=self._ids.new("evt"))
            await outbox.append(connection, tables.outbox, event)

    async def _upsert(
        self, table: object, key: list[str], values: list[dict[str, object]], state: tuple[str, ...]
    ) -> None:
        statement = upsert(table).values(values)  # type: ignore[arg-type]
        changed = {name: statement.excluded[name] for name in state}
        await self._connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changed))
