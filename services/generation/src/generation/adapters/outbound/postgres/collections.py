"""Collections of jobs in PostgreSQL."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, collate, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from generation.adapters.outbound.postgres.rows import COLLECTIONS
from generation.adapters.outbound.postgres.tables import collected, collections, generations, outputs
from generation.domain.collection import Collection, CollectionSummary
from generation.domain.identifiers import AccountId, CollectionId, GenerationId

# Any number that no other lock of two numbers in this database begins with.
LOCK_CLASS = 7_305_204
_LOCK = text("SELECT pg_advisory_xact_lock(:lock_class, hashtext(:account))")
# What is in a collection and not deleted, whichever collection the query around it has at hand.
_HELD = (
    select(collected.c.generation_id)
    .join(generations, generations.c.generation_id == collected.c.generation_id)
    .where(collected.c.collection_id == collections.c.collection_id, generations.c.deleted_at.is_(None))
    .correlate(collections)
)
_COUNT = _HELD.with_only_columns(func.count()).scalar_subquery()
_COVER = (
    _HELD.join(outputs, outputs.c.generation_id == collected.c.generation_id)
    .where(outputs.c.thumbnail_key.is_not(None), outputs.c.expired_at.is_(None))
    .order_by(collected.c.generation_id.desc())
    .limit(1)
    .scalar_subquery()
)


class PostgresCollections:
    """One row a collection, and one for each job in it."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock(self, account_id: AccountId) -> None:
        await self._connection.execute(_LOCK, {"lock_class": LOCK_CLASS, "account": account_id})

    async def add(self, collection: Collection) -> None:
        await self._connection.execute(insert(collections).values(_row(collection)))

    async def save(self, collection: Collection) -> None:
        statement = update(collections).where(collections.c.collection_id == collection.collection_id)
        await self._connection.execute(statement.values(name=collection.name, name_key=collection.name_key))

    async def get(self, collection_id: CollectionId) -> Collection | None:
        query = select(collections).where(collections.c.collection_id == collection_id)
        return _read((await self._connection.execute(query)).one_or_none())

    async def named(self, account_id: AccountId, name_key: str) -> Collection | None:
        query = select(collections).where(
            collections.c.account_id == account_id, collections.c.name_key == name_key
        )
        return _read((await self._connection.execute(query)).one_or_none())

    async def count(self, account_id: AccountId) -> int:
        query = select(func.count()).where(collections.c.account_id == account_id)
        return (await self._connection.execute(query)).scalar_one()

    async def remove(self, collection_id: CollectionId) -> None:
        # What is in it goes with it: see the migration.
        await self._connection.execute(
            delete(collections).where(collections.c.collection_id == collection_id)
        )

    async def put(self, collection: Collection, generation_ids: Iterable[GenerationId]) -> None:
        rows = [
            {
                "collection_id": collection.collection_id,
                "generation_id": generation_id,
                "account_id": collection.account_id,
            }
            for generation_id in generation_ids
        ]
        if rows:
            await self._connection.execute(upsert(collected).values(rows).on_conflict_do_nothing())

    async def take(self, collection: Collection, generation_ids: Iterable[GenerationId]) -> None:
        meant = (
            collected.c.collection_id == collection.collection_id,
            collected.c.generation_id.in_(list(generation_ids)),
        )
        await self._connection.execute(delete(collected).where(*meant))

    async def forget(self, generation_id: GenerationId) -> None:
        await self._connection.execute(delete(collected).where(collected.c.generation_id == generation_id))

    async def summaries(
        self,
        account_id: AccountId,
        *,
        only: CollectionId | None = None,
        holding: GenerationId | None = None,
    ) -> Sequence[CollectionSummary]:
        query = select(collections, _COUNT.label("generation_count"), _COVER.label("cover_id"))
        query = query.where(collections.c.account_id == account_id)
        if only is not None:
            query = query.where(collections.c.collection_id == only)
        if holding is not None:
            held = select(collected.c.collection_id).where(collected.c.generation_id == holding)
            query = query.where(collections.c.collection_id.in_(held))
        rows = await self._connection.execute(query.order_by(collate(collections.c.name_key, "C")))
        return [
            CollectionSummary(
                collection=COLLECTIONS.read(row),
                generation_count=row.generation_count,
                cover_id=row.cover_id,
            )
            for row in rows
        ]


def _row(collection: Collection) -> dict[str, Any]:
    return COLLECTIONS.row(collection) | {"name_key": collection.name_key}


def _read(row: Row[Any] | None) -> Collection | None:
    return COLLECTIONS.read(row) if row else None
