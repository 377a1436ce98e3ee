"""A job's place at its provider's, over memory and PostgreSQL."""

import pytest
from generation.adapters.outbound.memory_constraints import ConstraintBroken
from generation.domain.generation import Status
from generation.domain.identifiers import GenerationId
from generation.ports.unit_of_work import UnitsOfWork
from generation_rows import ALICE, BOB, job, running, stored
from sqlalchemy.exc import IntegrityError

ID = job(1).generation_id


async def place(units: UnitsOfWork, generation_id: GenerationId = ID) -> int | None:
    """As it is written down."""
    async with units.of_system() as work:
        found = await work.generations.get(generation_id)
    assert found
    return found.provider_place


async def test_a_place_is_kept_and_forgotten(units: UnitsOfWork) -> None:
    """By whoever the job belongs to; a job that waits here, or has ended, has none."""
    held = job(2, status=Status.QUEUED, reservation_id="res_1")
    await stored(units, running(1), held)
    for wanted in (3, 1, None):
        async with units.of(ALICE) as work:
            await work.generations.stand(ID, provider_place=wanted)
            await work.generations.stand(held.generation_id, provider_place=wanted)
        assert await place(units) == wanted
        assert await place(units, held.generation_id) is None
    async with units.of(BOB) as work:
        await work.generations.stand(ID, provider_place=9)
    assert await place(units) is None


async def test_a_place_counts_from_one(units: UnitsOfWork) -> None:
    """Nobody is before the first."""
    await stored(units, running(1))
    with pytest.raises((IntegrityError, ConstraintBroken)):
        async with units.of(ALICE) as work:
            await work.generations.stand(ID, provider_place=0)
    assert await place(units) is None
