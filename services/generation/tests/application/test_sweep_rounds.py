"""A round of a sweeper does a hundred things at most: no transaction of one is long."""

from datetime import timedelta

import pytest
from generation.application.reserve_credits import locked
from generation.domain.identifiers import AttemptId, GenerationId
from generation.ports.answers import StoredAnswer
from generation_house import House
from generation_rows import NOW, attempt, job, running

MOMENT = timedelta(microseconds=1)


async def test_a_hundred_late_answers_are_forgotten_a_round(house: House) -> None:
    """The rest in the next; none of a job that runs."""
    tables = house.units.tables
    for number in range(1, 103):
        generation = running(number)
        if number > 1:
            generation = generation.cancelled(now=NOW)
        tables.generations[generation.generation_id] = generation
        tables.attempts[AttemptId(f"att_{number}")] = attempt(number)
        tables.answers[AttemptId(f"att_{number}")] = StoredAnswer("{}")
    for left in (["att_1", "att_102"], ["att_1"], ["att_1"]):
        await house.sweep_answers()
        assert list(house.units.tables.answers) == left


async def test_a_hundred_reservations_are_asked_for_a_round(house: House) -> None:
    """The oldest; the rest in the next."""
    for number in range(1, 102):
        generation = job(number, created_at=NOW - timedelta(seconds=16))
        house.units.tables.generations[generation.generation_id] = generation
    await house.sweep_reservations()
    assert list(house.ledger.answers) == [job(number).generation_id for number in range(1, 101)]
    await house.sweep_reservations()
    assert len(house.ledger.answers) == 101
    await house.facts.expect(*["GenerationQueued"] * 101)


async def test_all_discarded_jobs_whose_time_is_over_are_purged_in_a_round(house: House) -> None:
    """More than a page of them, and none a moment before it was promised."""
    for number in range(1, 103):
        late = MOMENT if number == 102 else timedelta()
        generation = running(number).cancelled(now=NOW).discarded(now=NOW, purge_at=NOW + late)
        house.units.tables.generations[generation.generation_id] = generation

    def left() -> list[GenerationId]:
        rows = house.units.tables.generations
        return [generation_id for generation_id, row in rows.items() if row.purge_at]

    for numbers in ([102], [102]):
        await house.purge_discarded()
        assert left() == [job(number).generation_id for number in numbers]
    assert all(row.deleted_at == NOW for row in house.units.tables.generations.values())


async def test_a_hundred_objects_are_removed_a_round(house: House) -> None:
    """Those that are due; the rest in the next."""
    keys = [f"key-{number:03}" for number in range(101)]
    house.store.objects = dict.fromkeys([*keys, "late"], b"1")
    async with house.units.of_system() as work:
        await work.deletions.schedule(keys, due_at=house.clock.now())
        await work.deletions.schedule(["late"], due_at=house.clock.now() + MOMENT)
    for left in (["key-100", "late"], ["late"], ["late"]):
        await house.sweep_deletions()
        assert (list(house.store.objects), list(house.units.tables.deletions)) == (left, left)


async def test_an_object_that_stays_is_tried_again_in_a_minute(house: House) -> None:
    """And not before."""
    house.store.objects, house.store.reachable = {"key": b"1"}, False
    async with house.units.of_system() as work:
        await work.deletions.schedule(["key"], due_at=house.clock.now())
    again_at = house.clock.now() + timedelta(minutes=1)
    await house.sweep_deletions()
    assert (house.units.tables.deletions, house.store.refused) == ({"key": again_at}, 1)
    house.store.reachable = True
    house.clock.moment = again_at - MOMENT
    await house.sweep_deletions()
    assert list(house.store.objects) == ["key"]
    house.clock.moment = again_at
    await house.sweep_deletions()
    assert (house.store.objects, house.units.tables.deletions) == ({}, {})


async def test_a_row_that_must_be_there_is_missed(house: House) -> None:
    """Rows are never deleted: that one is gone is an error of ours."""
    async with house.units.of_system() as work:
        with pytest.raises(LookupError, match="gen_none is gone"):
            await locked(work, GenerationId("gen_none"))
