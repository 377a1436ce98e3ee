"""Jobs in PostgreSQL."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from chassis.round_trips import RoundTrips
from sqlalchemy import (
    ARRAY,
    ColumnClause,
    ColumnElement,
    Select,
    Text,
    any_,
    cast,
    func,
    literal_column,
    select,
    text,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncConnection

from generation.adapters.outbound.postgres.columns import insert_into, update_of
from generation.adapters.outbound.postgres.rows import (
    CHANGING,
    GENERATIONS,
    changing_values,
    generation_values,
    to_generation,
)
from generation.adapters.outbound.postgres.tables import collected
from generation.adapters.outbound.postgres.tables import generations as table
from generation.domain.generation import TERMINAL, Generation, Status
from generation.domain.identifiers import AccountId, GenerationId, ModelId
from generation.domain.library_filter import LibraryFilter
from generation.domain.usage import ModelUsage
from generation.ports.unit_of_work import Discarded


def _literal(status: Status) -> ColumnClause[str]:
    """Return a status as a partial index has it: of a parameter, the planner would know nothing."""
    return literal_column(f"'{status}'", Text)


# A part of the index generations_charged a period: three times as fast as to ask of each row which it is in.
_USAGE = text(
    """
    SELECT CAST(number - 1 AS integer) AS period, charged.*
    FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
        WITH ORDINALITY AS periods (starts, ends, number),
    LATERAL (
        SELECT model_id, CAST(sum(credits_charged) AS bigint) AS credits, count(*) AS generations
        FROM generations
        WHERE account_id = :account AND credits_charged > 0 AND finished_at >= starts AND finished_at < ends
        GROUP BY model_id
    ) charged
    ORDER BY period, model_id COLLATE "C"
    """
)


_NAMES = ", ".join(GENERATIONS.types)
_ADD = insert_into(
    "generations",
    (*GENERATIONS.types, "search_text"),
    "ON CONFLICT (account_id, idempotency_key) DO NOTHING RETURNING generation_id",
)
# Of a job whose key was looked at: whoever stored one under it since breaks the rule that there is one.
_ADD_LOOKED_AT = insert_into("generations", (*GENERATIONS.types, "search_text"))
_SAVE = update_of("generations", CHANGING, key="generation_id")
_LOCK = f"SELECT {_NAMES} FROM generations WHERE generation_id = %s FOR NO KEY UPDATE"  # noqa: S608
# In the order of the ids, so that no two wait for each other.
LOCK_MANY = f"""
    SELECT {_NAMES} FROM generations WHERE generation_id = ANY(%s::text[])
    ORDER BY generation_id FOR NO KEY UPDATE
"""  # noqa: S608
_WITH_KEY = f"SELECT {_NAMES} FROM generations WHERE account_id = %s AND idempotency_key = %s"  # noqa: S608
_ADVANCE = """
    UPDATE generations SET progress = %(progress)s
    WHERE generation_id = %(generation_id)s AND status = 'processing' AND progress < %(progress)s
    RETURNING generation_id
"""
WITH_KEYS = f"""
    SELECT {_NAMES} FROM generations
    JOIN unnest(%s::text[], %s::text[]) AS wanted (account, key)
      ON account_id = account AND idempotency_key = key
"""  # noqa: S608


class PostgresGenerations:
    """Row level security shows each transaction the rows of its scope."""

    def __init__(self, connection: AsyncConnection, way: RoundTrips) -> None:
        self._connection = connection
        self._way = way
        # Locked before anybody asked, as they are by now.
        self._held: dict[GenerationId, Generation | None] = {}
        # Looked at before anybody asked, by account and key.
        self._keyed: dict[tuple[AccountId, str], Generation | None] = {}

    def hold(self, generation_ids: Sequence[GenerationId], rows: Sequence[Any]) -> None:
        """Take note of what was locked by LOCK_MANY."""
        self._held = dict.fromkeys(generation_ids) | {
            generation.generation_id: generation for generation in map(to_generation, rows)
        }

    def hold_keys(self, keys: Sequence[tuple[AccountId, str]], rows: Sequence[Any]) -> None:
        """Take note of what WITH_KEYS found."""
        self._keyed = dict.fromkeys(keys)
        for generation in map(to_generation, rows):
            self._keyed[generation.account_id, generation.idempotency_key] = generation

    async def add(self, generation: Generation) -> bool:
        key = (generation.account_id, generation.idempotency_key)
        if key in self._keyed:
            if self._keyed[key] is not None:
                return False
            self._way.later(_ADD_LOOKED_AT, generation_values(generation))
            self._keyed[key] = generation
            return True
        return bool(await self._way.ask(_ADD, generation_values(generation)))

    async def save(self, generation: Generation) -> None:
        self._way.later(_SAVE, changing_values(generation))
        if generation.generation_id in self._held:
            self._held[generation.generation_id] = generation

    async def get(self, generation_id: GenerationId) -> Generation | None:
        return await self._one(select(table).where(table.c.generation_id == generation_id))

    async def lock(self, generation_id: GenerationId) -> Generation | None:
        if generation_id in self._held:
            return self._held[generation_id]
        rows = await self._way.ask(_LOCK, (generation_id,))
        return to_generation(rows[0]) if rows else None

    async def lock_present(self, generation_ids: Collection[GenerationId]) -> Collection[GenerationId]:
        query = select(table.c.generation_id).where(
            table.c.generation_id.in_(generation_ids), table.c.deleted_at.is_(None)
        )
        # In one order, so that two that lock several never wait for each other.
        locked = query.order_by(table.c.generation_id).with_for_update(read=True)
        return set((await self._connection.execute(locked)).scalars())

    async def with_key(self, account_id: AccountId, idempotency_key: str) -> Generation | None:
        if (account_id, idempotency_key) in self._keyed:
            return self._keyed[account_id, idempotency_key]
        rows = await self._way.ask(_WITH_KEY, (account_id, idempotency_key))
        return to_generation(rows[0]) if rows else None

    async def page(
        self,
        account_id: AccountId,
        *,
        wanted: LibraryFilter,
        before: GenerationId | None,
        limit: int,
    ) -> Sequence[Generation]:
        query = select(table).where(table.c.deleted_at.is_(None), *_conditions(wanted))
        if wanted.collection_id is not None:
            # A collection is of one account, and so is all that is in it: said of the jobs too, the planner
            # would expect next to none of them, and read all of the account's for one page.
            place = collected.c.generation_id
            query = query.join(collected, place == table.c.generation_id).order_by(place.desc())
            query = query.where(
                collected.c.collection_id == wanted.collection_id, collected.c.account_id == account_id
            )
        else:
            # One account, written as a list of them: with `=` the planner knows that the account orders
            # nothing, and may walk the primary key through every account's newer jobs until it meets this
            # one's.
            place = table.c.generation_id
            query = query.where(table.c.account_id == any_(array([account_id])))
            query = query.order_by(table.c.account_id, place.desc())
        if before is not None:
            query = query.where(place < before)
        return await self._all(query.limit(limit))

    async def usage(self, account_id: AccountId, *, bounds: Sequence[datetime]) -> Sequence[ModelUsage]:
        starts, ends = list(bounds[:-1]), list(bounds[1:])
        rows = await self._connection.execute(_USAGE, {"account": account_id, "starts": starts, "ends": ends})
        return [ModelUsage(**row._mapping) for row in rows]

    async def advance(self, generation_id: GenerationId, *, progress: float) -> bool:
        return bool(await self._way.ask(_ADVANCE, {"generation_id": generation_id, "progress": progress}))

    async def stand(self, generation_id: GenerationId, *, provider_place: int | None) -> None:
        running = update(table).where(
            table.c.generation_id == generation_id, table.c.status == Status.PROCESSING
        )
        await self._connection.execute(running.values(provider_place=provider_place))

    async def reserving(self, *, created_before: datetime, limit: int) -> Sequence[Generation]:
        query = select(table).where(table.c.status == Status.RESERVING, table.c.created_at < created_before)
        return await self._all(query.order_by(table.c.generation_id).limit(limit))

    async def overdue(
        self, status: Status, *, before: datetime, after: GenerationId | None, limit: int
    ) -> Sequence[GenerationId]:
        query = select(table.c.generation_id).where(table.c.status == status, table.c.deadline_at <= before)
        if after is not None:
            query = query.where(table.c.generation_id > after)
        rows = await self._connection.execute(query.order_by(table.c.generation_id).limit(limit))
        return list(rows.scalars())

    async def settled(self, *, after: GenerationId | None, limit: int) -> Sequence[Generation]:
        query = select(table).where(table.c.status.in_(TERMINAL), table.c.reservation_id.is_not(None))
        if after is not None:
            query = query.where(table.c.generation_id > after)
        return await self._all(query.order_by(table.c.generation_id).limit(limit))

    async def first_queued(self, *, limit: int) -> Sequence[GenerationId]:
        query = select(table.c.generation_id).where(table.c.status == _literal(Status.QUEUED))
        rows = await self._connection.execute(query.order_by(table.c.generation_id).limit(limit))
        return list(rows.scalars())

    async def durations_s(
        self, models: Collection[ModelId], *, since: datetime, limit: int
    ) -> Mapping[ModelId, Sequence[float]]:
        wanted = func.unnest(cast(list(models), ARRAY(Text))).table_valued("model_id", name="wanted")
        wanted = wanted.render_derived()
        newest = (
            select(table.c.started_at, table.c.finished_at)
            .where(
                table.c.model_id == wanted.c.model_id,
                table.c.status == _literal(Status.SUCCEEDED),
                table.c.started_at.is_not(None),
                table.c.finished_at >= since,
            )
            .order_by(table.c.finished_at.desc())
            .limit(limit)
            .lateral("newest")
        )
        query = select(wanted.c.model_id, newest.c.started_at, newest.c.finished_at).join_from(
            wanted, newest, true()
        )
        took: dict[ModelId, list[float]] = {}
        for row in await self._connection.execute(query.order_by(newest.c.finished_at.desc())):
            lasted = (row.finished_at - row.started_at).total_seconds()
            took.setdefault(ModelId(row.model_id), []).append(lasted)
        return took

    async def expiring(
        self, *, by: datetime, after: GenerationId | None, limit: int
    ) -> Sequence[GenerationId]:
        query = select(table.c.generation_id).where(
            table.c.outputs_kept_until <= by, table.c.outputs_expired_at.is_(None)
        )
        if after is not None:
            query = query.where(table.c.generation_id > after)
        rows = await self._connection.execute(query.order_by(table.c.generation_id).limit(limit))
        return list(rows.scalars())

    async def discarded(self, *, by: datetime, after: Discarded | None, limit: int) -> Sequence[Discarded]:
        place = (table.c.purge_at, table.c.generation_id)
        query = select(*place).where(table.c.purge_at <= by)
        if after is not None:
            query = query.where(tuple_(*place) > tuple_(*after))
        rows = await self._connection.execute(query.order_by(*place).limit(limit))
        return [Discarded(*row) for row in rows]

    async def _one(self, query: Select[Any]) -> Generation | None:
        row = (await self._connection.execute(query)).one_or_none()
        return to_generation(row) if row else None

    async def _all(self, query: Select[Any]) -> Sequence[Generation]:
        return [to_generation(row) for row in await self._connection.execute(query)]


def _conditions(wanted: LibraryFilter) -> Iterator[ColumnElement[bool]]:
    """Yield what `LibraryFilter.admits` says, in SQL."""
    if wanted.statuses:
        # In one order, so that a statement is prepared once.
        yield table.c.status.in_(sorted(wanted.statuses))
    if wanted.model_id is not None:
        yield table.c.model_id == wanted.model_id
    if wanted.modality is not None:
        yield table.c.modality == wanted.modality
    if wanted.created_from is not None:
        yield table.c.created_at >= wanted.created_from
    if wanted.created_before is not None:
        yield table.c.created_at < wanted.created_before
    if wanted.favourites_only:
        yield table.c.is_favourite
    for word in wanted.words:
        yield table.c.search_text.contains(word, autoescape=True)
