"""Rows that can't be are refused, by memory as by PostgreSQL, and nothing is kept of them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from generation.adapters.outbound.memory_constraints import ConstraintBroken
from generation.domain.attempt import Attempt, Outcome
from generation.domain.generation import Generation, Status
from generation.domain.identifiers import GenerationId, OutputId
from generation.domain.output import Output
from generation.domain.pricing import Price
from generation.ports.unit_of_work import UnitOfWork, UnitsOfWork
from generation_rows import LATER, NOW, attempt, job, output, running, stored
from sqlalchemy.exc import IntegrityError

REFUSED = (IntegrityError, ConstraintBroken)
SUCCEEDED = {"status": Status.SUCCEEDED, "finished_at": LATER, "progress": 1.0}
FAILED = {"outcome": Outcome.FAILED, "finished_at": NOW}

JOBS = {
    "no provider": job(2, provider_order=()),
    "too many providers": job(2, provider_order=("local",) * 21),
    "a free job": job(2, price=Price(credits=0, units=1, breakdown="")),
    "nothing bought": job(2, price=Price(credits=1, units=0, breakdown="")),
    "no key": job(2, idempotency_key=""),
    "a long key": job(2, idempotency_key="k" * 256),
    "more than whole": running(2, progress=1.01),
    "less than nothing": running(2, progress=-0.01),
    "charged more than held": replace(running(2), **SUCCEEDED, credits_charged=6),
    "charged less than nothing": replace(running(2), **SUCCEEDED, credits_charged=-1),
    "charged while it runs": running(2, credits_charged=1),
    "ended without an end": replace(running(2), status=Status.FAILED),
    "an end while it runs": running(2, finished_at=LATER),
    "to be purged and not deleted": job(2, purge_at=LATER),
    "queued without credits": job(2, status=Status.QUEUED),
    "run without credits": job(2, status=Status.PROCESSING),
    "delivered without credits": job(2, **SUCCEEDED),
    "an id that is there": job(1, idempotency_key="another"),
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("row", JOBS.values(), ids=JOBS.keys())
async def test_a_job_that_cannot_be(units: UnitsOfWork, row: Generation) -> None:
    """Each rule of the table, one at a time."""
    await stored(units, job(1))
    with pytest.raises(REFUSED):
        await stored(units, row)
    async with units.of_system() as work:
        assert await work.generations.get(job(1).generation_id) == job(1)
        assert await work.generations.get(job(2).generation_id) is None


async def test_a_job_cannot_become_what_cannot_be(units: UnitsOfWork) -> None:
    """A change is held to the same rules."""
    await stored(units, running(1))
    with pytest.raises(REFUSED):
        async with units.of_system() as work:
            await work.generations.save(running(1, credits_charged=1))
    async with units.of_system() as work:
        assert await work.generations.get(running(1).generation_id) == running(1)


def second(**changes: Any) -> Attempt:
    """Another attempt of the job that has one."""
    return replace(attempt(2), **{"generation_id": running(1).generation_id, "number": 2, **changes})


ATTEMPTS = {
    "of no job": second(generation_id=GenerationId("gen_none"), **FAILED),
    "no number": second(number=0, **FAILED),
    "no try": second(tries=0, **FAILED),
    "ended without an end": second(outcome=Outcome.LOST),
    "an end while it runs": attempt(3, finished_at=NOW),
    "ended and waiting": second(not_before=LATER, **FAILED),
    "a number twice": second(number=1, **FAILED),
    "two at a time": second(),
    "an id that is there": second(attempt_id=attempt(1).attempt_id, **FAILED),
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("row", ATTEMPTS.values(), ids=ATTEMPTS.keys())
async def test_an_attempt_that_cannot_be(units: UnitsOfWork, row: Attempt) -> None:
    """Each rule of the table, one at a time."""
    await stored(units, running(1), running(3))
    async with units.of_system() as work:
        await work.attempts.add(attempt(1))
    with pytest.raises(REFUSED):
        async with units.of_system() as work:
            await work.attempts.add(row)
    async with units.of_system() as work:
        assert await work.attempts.of(running(1).generation_id) == [attempt(1)]
        assert await work.attempts.of(running(3).generation_id) == []


async def test_an_attempt_cannot_become_what_cannot_be(units: UnitsOfWork) -> None:
    """Neither by its end nor by its lease."""
    changes: list[Callable[[UnitOfWork], Any]] = [
        lambda work: work.attempts.save(attempt(1, outcome=Outcome.FAILED)),
        lambda work: work.attempts.lease(attempt(1, tries=0)),
    ]
    await stored(units, running(1))
    async with units.of_system() as work:
        await work.attempts.add(attempt(1))
    for change in changes:
        with pytest.raises(REFUSED):
            async with units.of_system() as work:
                await change(work)
    async with units.of_system() as work:
        assert await work.attempts.of(running(1).generation_id) == [attempt(1)]


OUTPUTS = {
    "of no job": replace(output(1, 1), generation_id=GenerationId("gen_none")),
    "no place": replace(output(1, 1), position=-1),
    "empty": replace(output(1, 1), size_bytes=0),
    "an id twice": replace(output(1, 1), output_id=OutputId("out_1_0")),
    "an object twice": replace(output(1, 1), object_key=output(1, 0).object_key),
    "a thumbnail twice": replace(output(1, 1), thumbnail_key=output(1, 0).thumbnail_key),
    "a place twice": replace(output(1, 1), position=0),
    "a short hash": replace(output(1, 1), blurhash="L"),
    "a long hash": replace(output(1, 1), blurhash="L" * 101),
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("together", [True, False], ids=["at once", "later"])
@pytest.mark.parametrize("row", OUTPUTS.values(), ids=OUTPUTS.keys())
async def test_an_output_that_cannot_be(units: UnitsOfWork, row: Output, together: bool) -> None:
    """Each rule of the table, against what is stored and what comes with it."""
    await stored(units, running(1))
    if not together:
        async with units.of_system() as work:
            await work.outputs.add([output(1, 0)])
    with pytest.raises(REFUSED):
        async with units.of_system() as work:
            await work.outputs.add([output(1, 0), row] if together else [row])
    async with units.of_system() as work:
        assert await work.outputs.of([running(1).generation_id]) == ([] if together else [output(1, 0)])
