"""The part of the unit of work about customers and checkouts, on PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chassis.claims import first_unclaimed
from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.adapters.outbound.postgres import tables
from billing.adapters.outbound.postgres.rows import from_checkout, to_checkout
from billing.domain.checkout import Checkout
from billing.domain.identifiers import CheckoutId, CustomerId, PageId, UserId

_FIXED = (
    *("checkout_id", "user_id", "idempotency_key", "pack_id", "plan_id", "interval"),
    *("created_at", "fingerprint", "asked_at"),
)


class PostgresCheckouts:
    """Customers, and checkouts until they are purchases."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def customer_of(self, user_id: UserId) -> CustomerId | None:
        """Return the processor's customer id of a user."""
        table = tables.customers
        found: CustomerId | None = await self._connection.scalar(
            select(table.c.customer_id).where(table.c.user_id == user_id)
        )
        return found

    async def user_of_customer(self, customer_id: CustomerId) -> UserId | None:
        """Return whose customer it is."""
        table = tables.customers
        found: UserId | None = await self._connection.scalar(
            select(table.c.user_id).where(table.c.customer_id == customer_id)
        )
        return found

    async def link_customer(
        self, user_id: UserId, customer_id: CustomerId, *, instead_of: CustomerId | None
    ) -> CustomerId:
        """Store the link unless there is another one than `instead_of`; return the link that counts."""
        table = tables.customers
        added = insert(table).values(user_id=user_id, customer_id=customer_id)
        linked = added.on_conflict_do_update(
            index_elements=["user_id"],
            set_={"customer_id": added.excluded.customer_id},
            where=table.c.customer_id == instead_of,
        )
        await self._connection.execute(linked)
        return await self.customer_of(user_id) or customer_id

    async def add_checkout(self, checkout: Checkout) -> Checkout:
        """Store a new checkout, or return the one that this user's idempotency key made before."""
        table = tables.checkouts
        added = insert(table).values(from_checkout(checkout)).on_conflict_do_nothing()
        await self._connection.execute(added)
        found = await self.checkout_of_key(checkout.user_id, checkout.idempotency_key)
        if found is None:
            raise RuntimeError(f"checkout {checkout.checkout_id} was neither added nor there")
        return found

    async def checkout_of_key(self, user_id: UserId, idempotency_key: str) -> Checkout | None:
        """Return the checkout that a user's idempotency key made."""
        table = tables.checkouts
        query = select(table).where(table.c.user_id == user_id, table.c.idempotency_key == idempotency_key)
        row = (await self._connection.execute(query)).first()
        return to_checkout(row) if row else None

    async def checkout(self, checkout_id: CheckoutId, *, lock: bool = False) -> Checkout | None:
        """Return a checkout by our id."""
        table = tables.checkouts
        query = select(table).where(table.c.checkout_id == checkout_id)
        row = (await self._connection.execute(query.with_for_update() if lock else query)).first()
        return to_checkout(row) if row else None

    async def checkout_of_page(self, page_id: PageId) -> CheckoutId | None:
        """Return our id of the checkout behind a page of the processor."""
        table = tables.checkouts
        found: CheckoutId | None = await self._connection.scalar(
            select(table.c.checkout_id).where(table.c.session_id == page_id)
        )
        return found

    async def save_checkout(self, checkout: Checkout) -> None:
        """Write what may change of a checkout."""
        table = tables.checkouts
        values = {name: value for name, value in from_checkout(checkout).items() if name not in _FIXED}
        await self._connection.execute(
            update(table).where(table.c.checkout_id == checkout.checkout_id).values(values)
        )

    async def claim_question(self, checkout_id: CheckoutId, *, now: datetime, after: datetime) -> bool:
        """Write that somebody asks about a checkout now; False if one did later than `after`."""
        table = tables.checkouts
        claimed = (
            update(table)
            .where(
                table.c.checkout_id == checkout_id,
                or_(table.c.asked_at.is_(None), table.c.asked_at <= after),
            )
            .values(asked_at=now)
        )
        return await self._connection.scalar(claimed.returning(table.c.checkout_id)) is not None

    async def claim_checks(self, *, now: datetime, until: datetime, limit: int) -> Sequence[Checkout]:
        """Return checkouts that are due, half of them the newest, skipping what others are claiming."""
        table = tables.checkouts
        newest = await self._claim(table.c.opened_at.desc(), now=now, until=until, limit=limit // 2)
        left = limit - len(newest)
        return [*newest, *await self._claim(table.c.next_check_at, now=now, until=until, limit=left)]

    async def _claim(self, order: Any, *, now: datetime, until: datetime, limit: int) -> list[Checkout]:
        table = tables.checkouts
        free = first_unclaimed(
            table.c.checkout_id, due=table.c.next_check_at <= now, order_by=order, limit=limit
        )
        claimed = update(table).where(free).values(next_check_at=until)
        return [to_checkout(row) for row in await self._connection.execute(claimed.returning(table))]
