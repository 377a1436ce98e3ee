"""Texts that are kept beside their outputs: what PostgreSQL alone can promise of them."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest
from chassis.ids import UuidIds
from chassis.postgres import create_engine
from embedded.testing import ServiceDatabase
from generation.adapters.outbound.intake import HELD_BYTES_MAX
from generation.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from generation.application.finish_attempt import LeaseLost
from generation.application.start_generation import Job
from generation.domain.generation import Generation
from generation.domain.identifiers import OutputId
from generation.domain.output import Output, Part
from generation_house import House
from generation_rows import ALICE, BOB, job, output, running, stored, text_output
from killed_at_statement import STATEMENTS_MAX, acted, dies, rows
from psycopg.errors import InsufficientPrivilege
from sqlalchemy.exc import IntegrityError

JOBS = 3
# As processes write one that were made before there was such a text.
OF_BEFORE = """
    INSERT INTO outputs (output_id, generation_id, account_id, position, object_key, media_type, size_bytes,
        sha256, width, height, duration_s)
    VALUES ('out_old', %s, 'usr_alice', 9, 'k', 'text/plain', 5, '0', 0, 0, 0)
"""


@pytest.fixture
async def units(database: ServiceDatabase) -> PostgresUnitsOfWork:
    """PostgreSQL, with a job of Alice's and her text."""
    engine = create_engine(database.url)
    units = PostgresUnitsOfWork(engine, UuidIds())
    await stored(units, running(1))
    async with units.of_system() as work:
        await work.outputs.add([text_output()])
    return units


@pytest.fixture
def service(database: ServiceDatabase, units: PostgresUnitsOfWork) -> psycopg.Connection:
    """A login as the service's own role."""
    return psycopg.connect(database.url.replace("+psycopg", ""), autocommit=True)


async def test_nobody_elses_text_is_read(units: PostgresUnitsOfWork) -> None:
    """Row level security stands behind whatever code asks."""
    async with units.of(BOB) as work:
        assert await work.outputs.text(text_output().output_id, Part.CONTENT) is None
    async with units.of(ALICE) as work:
        assert await work.outputs.text(text_output().output_id, Part.CONTENT) == b"foxes"


def test_without_a_scope_no_text_is_seen_or_written(service: psycopg.Connection) -> None:
    """Nor is another account's written in one's own."""
    assert service.execute("SELECT count(*) FROM output_texts").fetchone() == (0,)
    add = "INSERT INTO output_texts VALUES ('out_1_0', 'answer', %s, 'x')"
    with pytest.raises(InsufficientPrivilege):
        service.execute(add, ["usr_alice"])
    service.execute("SELECT set_config('app.account', 'usr_bob', false)")
    with pytest.raises(InsufficientPrivilege):
        service.execute(add, ["usr_alice"])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE output_texts SET content = 'x'",
        "TRUNCATE output_texts",
        "ALTER TABLE output_texts DISABLE ROW LEVEL SECURITY",
    ],
)
def test_what_was_said_is_not_changed(service: psycopg.Connection, statement: str) -> None:
    """The service's role adds and deletes texts, and nothing else."""
    with pytest.raises(InsufficientPrivilege):
        service.execute(statement)


async def test_what_is_held_is_what_is_taken(units: PostgresUnitsOfWork) -> None:
    """To the byte: more has its place in the store, and fails alone here."""
    largest = text_output(1, 1, content=b"x" * HELD_BYTES_MAX, answer=b"y" * HELD_BYTES_MAX)
    async with units.of_system() as work:
        await work.outputs.add([largest])
    for wrong in (b"x" * (HELD_BYTES_MAX + 1), b""):
        with pytest.raises(IntegrityError):
            async with units.of_system() as work:
                await work.outputs.add([text_output(1, 2, content=wrong)])
    async with units.of(ALICE) as work:
        assert len(await work.outputs.of([job(1).generation_id])) == 2


async def test_processes_of_before_go_on_beside(
    units: PostgresUnitsOfWork, service: psycopg.Connection
) -> None:
    """What they write is in the store, and what they delete takes its text along."""
    with service.transaction():
        service.execute("SELECT set_config('app.account', '*', true)")
        service.execute(OF_BEFORE, [job(1).generation_id])
    async with units.of(ALICE) as work:
        (old,) = await work.outputs.with_ids([OutputId("out_old")])
        assert (old.is_inline, old.object_keys) == (False, ("k",))
    with service.transaction():
        service.execute("SELECT set_config('app.account', '*', true)")
        service.execute("DELETE FROM outputs")
        assert service.execute("SELECT count(*) FROM output_texts").fetchone() == (0,)


async def test_what_a_process_of_before_expires_leaves_no_text(
    units: PostgresUnitsOfWork, service: psycopg.Connection
) -> None:
    """It says of the output alone that its time is over; another's text, and a mark, are nothing to it."""
    async with units.of_system() as work:
        await work.outputs.add([text_output(1, 1)])
    with service.transaction():
        service.execute("SELECT set_config('app.account', '*', true)")
        service.execute("UPDATE outputs SET expired_at = now() WHERE position = 0")
        assert service.execute("SELECT output_id FROM output_texts").fetchall() == [("out_1_1",)]


async def begun(house: House) -> list[Job]:
    """Jobs in the hands of a worker."""
    worker, jobs = house.worker(), []
    for number in range(JOBS):
        queued = await house.queued(model="openai/chat", max_tokens=32)
        event = house.reserved(queued, f"evt_{number}_{queued.generation_id}")
        jobs.append(await worker.started(event))
    return jobs


def text_of(job: Job, number: int) -> Output:
    """What a job came to."""
    generation_id = job.generation.generation_id
    plain = text_output(content=f"text {number}".encode(), answer=f"answer {number}".encode())
    return replace(
        plain,
        output_id=OutputId(f"out_{generation_id}"),
        generation_id=generation_id,
        object_key=f"{generation_id}.txt",
    )


async def ended(house: House, jobs: list[Job]) -> list[object]:
    """What becomes of jobs that end together, each with a text and its whole answer."""
    finish = house.worker().finish
    ends = (finish.succeed(one, [text_of(one, number)], delivered_units=1) for number, one in enumerate(jobs))
    return list(await asyncio.gather(*ends, return_exceptions=True))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_text_is_paid_and_kept_or_neither(after: bool, database: ServiceDatabase) -> None:
    """Killed at any statement of an end that several share: no job is charged without its text, none has a
    text and is not charged, and tried again each ends once."""
    crashes = 0
    for at in range(1, STATEMENTS_MAX):
        jobs = asyncio.run(acted(begun, database.url))
        wanted = ", ".join(f"'{one.generation.generation_id}'" for one in jobs)
        died = dies(lambda house, jobs=jobs: ended(house, jobs), database.url, at=at, after=after)  # type: ignore[misc]
        assert _books(database, wanted) in ([("processing", 0, 0, 0)] * JOBS, [("succeeded", 1, 2, 1)] * JOBS)
        told = asyncio.run(acted(lambda house, jobs=jobs: ended(house, jobs), database.url))  # type: ignore[misc]
        assert {type(one) for one in told} in ({Generation}, {LeaseLost})
        assert _books(database, wanted) == [("succeeded", 1, 2, 1)] * JOBS
        if not died:
            break
        crashes += 1
    else:
        pytest.fail("it never came through")
    # Scope, two locks and the commit; of each job output, texts, try, job, answer and fact.
    assert crashes >= 4 + 6 * JOBS
    read = "SELECT DISTINCT part || convert_from(content, 'UTF8') FROM output_texts"
    assert {text for (text,) in rows(database, read)} == {
        f"{part}{said} {number}"
        for part, said in (("content", "text"), ("answer", "answer"))
        for number in range(JOBS)
    }


def _books(database: ServiceDatabase, wanted: str) -> list[tuple[object, ...]]:
    """Of each job: how it stands, its outputs, their texts, and the facts that have it charged."""
    return rows(
        database,
        f"""
        SELECT status,
            (SELECT count(*) FROM outputs WHERE generation_id = job.generation_id),
            (SELECT count(*) FROM output_texts JOIN outputs USING (output_id)
              WHERE generation_id = job.generation_id),
            (SELECT count(*) FROM outbox WHERE ce_type LIKE '%Succeeded'
              AND position(convert_to(job.generation_id, 'UTF8') in payload) > 0)
          FROM generations job WHERE generation_id IN ({wanted})
        """,
    )


async def test_a_text_that_breaks_a_rule_fails_alone(database: ServiceDatabase) -> None:
    """The others that end with it are charged and kept; it is neither."""

    async def end(house: House) -> tuple[list[Job], list[object]]:
        jobs, finish = await begun(house), house.worker().finish
        texts = [text_of(one, number) for number, one in enumerate(jobs)]
        texts[1] = replace(texts[1], content=b"x" * (HELD_BYTES_MAX + 1))
        ends = (finish.succeed(one, [text], delivered_units=1) for one, text in zip(jobs, texts, strict=True))
        return jobs, list(await asyncio.gather(*ends, return_exceptions=True))

    jobs, told = await acted(end, database.url)
    assert [type(one) for one in told] == [Generation, IntegrityError, Generation]
    wanted = [f"'{one.generation.generation_id}'" for one in jobs]
    assert _books(database, wanted[1]) == [("processing", 0, 0, 0)]
    assert _books(database, f"{wanted[0]}, {wanted[2]}") == [("succeeded", 1, 2, 1)] * 2


async def test_an_account_that_is_erased_asks_the_store_for_no_text(units: PostgresUnitsOfWork) -> None:
    """There is none; a picture beside it is queued for removal."""
    async with units.of_system() as work:
        await work.outputs.add([output(1, 1)])
    now = datetime.now(UTC)
    async with units.of(ALICE) as work:
        await work.erasures.erase(ALICE, now=now, limit=99)
    async with units.of_system() as work:
        due = await work.deletions.claim_due(now=now, again_at=now, limit=99)
        assert sorted(due) == sorted(output(1, 1).object_keys)
