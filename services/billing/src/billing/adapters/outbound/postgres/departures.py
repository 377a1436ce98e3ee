"""The part of the unit of work about accounts that are about to be erased, on PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from chassis.claims import first_unclaimed
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.adapters.outbound.postgres import tables
from billing.domain.departure import Departure
from billing.domain.identifiers import UserId

_KNOWN = tables.departures.c


class PostgresDepartures:
    """Implements Departures for one open transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def note_departure(
        self, user_id: UserId, *, revision: int, erased_from: datetime | None, due_at: datetime
    ) -> bool:
        """Store what was told, unless something as new is stored."""
        told = {"revision": revision, "erased_from": erased_from, "due_at": due_at}
        noted = insert(tables.departures).values(user_id=user_id, **told)
        newest = noted.on_conflict_do_update(
            index_elements=[_KNOWN.user_id], set_=told, where=_KNOWN.revision < revision
        )
        return await self._connection.scalar(newest.returning(_KNOWN.user_id)) is not None

    async def departure(self, user_id: UserId, *, lock: bool = False) -> Departure | None:
        """Return what is known of an account."""
        columns = (_KNOWN.user_id, _KNOWN.revision, _KNOWN.erased_from, _KNOWN.set_to_end, _KNOWN.due_at)
        query = select(*columns).where(_KNOWN.user_id == user_id)
        row = (await self._connection.execute(query.with_for_update() if lock else query)).first()
        return Departure(**row._mapping) if row else None

    async def save_departure(self, departure: Departure) -> bool:
        """Write what was set to end and when it is looked at next."""
        saved = (
            update(tables.departures)
            .where(_KNOWN.user_id == departure.user_id, _KNOWN.revision == departure.revision)
            .values(set_to_end=departure.set_to_end, due_at=departure.due_at)
        )
        return await self._connection.scalar(saved.returning(_KNOWN.user_id)) is not None

    async def claim_departures(self, *, now: datetime, until: datetime, limit: int) -> Sequence[UserId]:
        """Return accounts that are due for longest, skipping what others are claiming."""
        due = (_KNOWN.due_at <= now) & (func.coalesce(_KNOWN.claimed_until, now) <= now)
        free = first_unclaimed(_KNOWN.user_id, due=due, order_by=_KNOWN.due_at, limit=limit)
        claimed = update(tables.departures).where(free).values(claimed_until=until)
        return [
            UserId(user_id) for user_id in await self._connection.scalars(claimed.returning(_KNOWN.user_id))
        ]

    async def release_departure(self, user_id: UserId) -> None:
        """End a claim."""
        released = update(tables.departures).where(_KNOWN.user_id == user_id).values(claimed_until=None)
        await self._connection.execute(released)
