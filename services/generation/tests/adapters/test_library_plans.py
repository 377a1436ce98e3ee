"""One user's jobs among others': a page of their library reads theirs alone."""

import re
from typing import Any

import psycopg
import pytest
from chassis.postgres import create_engine
from embedded.testing import ServiceDatabase
from generation.adapters.outbound.postgres.generations import PostgresGenerations
from generation.adapters.outbound.postgres.usage_log import PostgresUsageLog
from generation.domain.attempt import Outcome
from generation.domain.generation import Status
from generation.domain.identifiers import AttemptId, CollectionId, GenerationId, ModelId
from generation.domain.library_filter import EVERY_JOB, LibraryFilter
from generation.domain.model import Modality
from generation.domain.usage import EVERY_TRY, UsageFilter
from generation_rows import ALICE, NOW
from sqlalchemy import Executable, text
from sqlalchemy.dialects.postgresql import dialect
from sqlalchemy.ext.asyncio import AsyncConnection

pytestmark = pytest.mark.server

JOBS = """
    INSERT INTO generations (generation_id, account_id, model_id, modality, status, input, provider_order,
        metadata, price_credits, price_units, price_breakdown, idempotency_key, fingerprint, progress,
        credits_charged, cancel_requested, created_at, deadline_at, finished_at, is_favourite, search_text)
    SELECT 'gen_' || lpad(to_hex(n), 32, '0'),
        CASE WHEN n % 20 = 0 THEN 'usr_alice' ELSE 'usr_' || n % 20 END,
        CASE WHEN n % 100 = 0 THEN 'local/motion' ELSE 'local/sketch' END,
        CASE WHEN n % 100 = 0 THEN 'video' ELSE 'image' END, 'failed',
        jsonb_build_object('prompt', 'a fox number ' || n), '{local}', '{}', 5, 1, '', 'k' || n, 'f', 0, 0,
        false, now() - make_interval(mins => 20000 - n), now(), now(), n % 100 = 0, 'a fox number ' || n
    FROM generate_series(1, 20000) AS n
"""
PLACE = GenerationId(f"gen_{15_000:032x}")
FILTERS = {
    "all": EVERY_JOB,
    "status": LibraryFilter(statuses=frozenset({Status.FAILED, Status.SUCCEEDED})),
    "model": LibraryFilter(model_id=ModelId("local/motion")),
    "kind": LibraryFilter(modality=Modality.VIDEO),
    "dates": LibraryFilter(created_from=NOW, created_before=NOW.replace(day=22)),
    "favourites": LibraryFilter(favourites_only=True),
    "words": LibraryFilter(words=("fox", "number 7")),
}
COLLECTED = """
    INSERT INTO collections SELECT 'col_' || size, 'usr_alice', 'c' || size, 'c' || size, now()
    FROM unnest(ARRAY[10, 1000]) AS size;
    INSERT INTO collections SELECT 'col_' || account_id, account_id, 'c', 'c', now()
    FROM (SELECT DISTINCT account_id FROM generations) AS accounts;
    INSERT INTO collected SELECT 'col_' || account_id, generation_id, account_id FROM generations;
    INSERT INTO collected SELECT 'col_' || size, generation_id, account_id
    FROM unnest(ARRAY[10, 1000]) AS size, LATERAL (
        SELECT * FROM generations WHERE account_id = 'usr_alice' ORDER BY generation_id LIMIT size
    ) AS held;
"""

# Of what is looked at here, nothing is sent together with anything else.
NO_WAY: Any = None
# What is rare is looked for among all of an account's jobs, and then there is little to sort.
IN_ORDER = {"all", "status"}


class Explained:
    """Answers a query with the plan that PostgreSQL has for it."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.plan = ""

    async def execute(self, query: Executable) -> list[object]:
        """Keep the plan and return no row."""
        written = query.compile(dialect=dialect(), compile_kwargs={"literal_binds": True})  # type: ignore[attr-defined]
        # A literal per cent is written twice for psycopg, and a colon would be a parameter of SQLAlchemy's.
        plain = str(written).replace("%%", "%").replace(":", r"\:")
        rows = await self._connection.execute(text(f"EXPLAIN {plain}"))
        self.plan = "\n".join(row[0] for row in rows)
        return []


@pytest.fixture
def library(database: ServiceDatabase) -> ServiceDatabase:
    """A thousand of Alice's jobs, among those of others who made theirs at the same times."""
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        admin.execute(JOBS)
        admin.execute(COLLECTED)
        for table in ("generations", "collections", "collected"):
            admin.execute(f"VACUUM ANALYZE {table}")
    return database


@pytest.mark.parametrize("place", [None, PLACE], ids=["first", "later"])
async def test_a_page_reads_an_index(library: ServiceDatabase, place: GenerationId | None) -> None:
    """One of the account's rows alone; what most jobs are is read in the list's order, a page of it."""
    engine = create_engine(library.url)
    async with engine.begin() as connection:
        await connection.execute(text("SELECT set_config('app.account', 'usr_alice', true)"))
        explained = Explained(connection)
        jobs = PostgresGenerations(explained, NO_WAY)  # type: ignore[arg-type]
        for name, wanted in FILTERS.items():
            await jobs.page(ALICE, wanted=wanted, before=place, limit=25)
            told = f"{name}\n{explained.plan}"
            assert re.search(r"Index Cond: .*account_id = ANY \('{usr_alice}'", explained.plan), told
            # Neither every account's rows, nor every account's newer ones.
            assert not re.search(r"Seq Scan|generations_pkey", explained.plan), told
            assert ("generation_id <" in explained.plan) == (place is not None), told
            index = "generations_favourites" if wanted.favourites_only else "generations_"
            assert re.search(rf"Index Scan (on|using) {index}", explained.plan), told
            if name in IN_ORDER:
                assert "Index Scan using generations_by_account on generations" in explained.plan, told
                assert "Sort" not in explained.plan, told
    await engine.dispose()


TRIES = """
    INSERT INTO attempts (attempt_id, generation_id, account_id, number, provider, worker, lease_until,
        outcome, detail, started_at, finished_at, submitted, tries)
    SELECT replace(generation_id, 'gen', 'att'), generation_id, account_id, 1, 'local', 'w', now(), 'failed',
        '', created_at, created_at, true, 1
    FROM generations
"""


@pytest.mark.parametrize("place", [None, AttemptId(f"att_{15_000:032x}")], ids=["first", "later"])
async def test_a_page_of_usage_reads_the_accounts_tries(
    library: ServiceDatabase, place: AttemptId | None
) -> None:
    """In the list's order, from its index: neither every account's tries, nor all of its own."""
    with psycopg.connect(library.admin_dsn, autocommit=True) as admin:
        admin.execute(TRIES)
        admin.execute("VACUUM ANALYZE attempts")
    engine = create_engine(library.url)
    async with engine.begin() as connection:
        await connection.execute(text("SELECT set_config('app.account', 'usr_alice', true)"))
        explained = Explained(connection)
        for wanted in (EVERY_TRY, UsageFilter(outcomes=frozenset({Outcome.FAILED}))):
            log = PostgresUsageLog(explained)  # type: ignore[arg-type]
            await log.page(ALICE, wanted=wanted, before=place, limit=25)
            assert "Index Scan Backward using attempts_by_account" in explained.plan, explained.plan
            assert not re.search(r"Seq Scan|Sort", explained.plan), explained.plan
    await engine.dispose()


@pytest.mark.parametrize("size", [10, 1000])
@pytest.mark.parametrize("place", [None, PLACE], ids=["first", "later"])
@pytest.mark.parametrize("more", [{}, {"words": ("number 7",)}, {"favourites_only": True}], ids=str)
async def test_a_page_of_a_collection_reads_what_it_holds(
    library: ServiceDatabase, size: int, place: GenerationId | None, more: dict[str, Any]
) -> None:
    """From its own index, in the list's order, however much of the library is in it."""
    engine = create_engine(library.url)
    async with engine.begin() as connection:
        await connection.execute(text("SELECT set_config('app.account', 'usr_alice', true)"))
        explained = Explained(connection)
        wanted = LibraryFilter(collection_id=CollectionId(f"col_{size}"), **more)
        await PostgresGenerations(explained, NO_WAY).page(ALICE, wanted=wanted, before=place, limit=25)  # type: ignore[arg-type]
        condition = rf"Index Cond: .*collection_id = 'col_{size}'"
        assert re.search(condition, explained.plan), explained.plan
        assert not re.search(r"Seq Scan on", explained.plan), explained.plan
        assert "collected_pkey" in explained.plan, explained.plan
    await engine.dispose()
