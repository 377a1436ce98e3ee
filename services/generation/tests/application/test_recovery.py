"""What becomes of jobs when workers die and others do not answer."""

import asyncio

import pytest
from generation.application.finish_attempt import LeaseLost
from generation.application.start_generation import Job
from generation.domain.attempt import Outcome
from generation.domain.generation import Status
from generation.domain.settlement import Decision
from generation.ports.ledger import Reservation
from generation.ports.media_provider import (
    Run,
)
from generation_house import ACCOUNT, House, command, success


async def test_a_killed_workers_run_is_taken_over(house: House) -> None:
    """The next worker asks the provider and goes on with the same run: one submit in all."""
    generation = await house.queued()
    job = await house.worker("w1").started(house.reserved(generation))
    await house.provider.submit(_run_of(job))
    house.clock.forward(seconds=16)
    second = house.worker("w2")
    (taken,) = await second.take_due(limit=5)
    house.provider.reports = [success(b"1")]
    await second.run(taken)
    assert house.stored(generation).status is Status.SUCCEEDED
    assert len(house.provider.submitted) == 1
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_a_lost_run_is_tried_again(house: House) -> None:
    """A run that the provider never saw becomes a second attempt with a key of its own."""
    generation = await house.queued()
    await house.worker("w1").started(house.reserved(generation))
    house.clock.forward(seconds=16)
    second = house.worker("w2")
    (taken,) = await second.take_due(limit=5)
    house.provider.reports = [success(b"1")]
    await second.run(taken)
    view = await house.read.generation(ACCOUNT, generation.generation_id)
    assert [attempt.outcome for attempt in view.attempts] == [Outcome.LOST, Outcome.SUCCEEDED]
    assert view.generation.credits_charged == 5
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_a_worker_that_lost_its_lease_changes_nothing(house: House) -> None:
    """The slow worker's result comes second and does nothing; its object is queued for removal."""
    generation = await house.queued()
    house.provider.reports = [success(b"1")]
    slow, quick = house.worker("w1"), house.worker("w2")
    job = await slow.started(house.reserved(generation))
    await house.provider.submit(_run_of(job))
    house.clock.forward(seconds=16)
    (taken,) = await quick.take_due(limit=5)
    assert await slow.leases.renew([job]) == [job]
    await quick.run(taken)
    with pytest.raises(LeaseLost):
        await slow.run(job)
    assert house.events().count("GenerationSucceeded") == 1
    assert len(house.units.tables.outputs) == 1
    (orphan,) = house.units.tables.deletions
    assert orphan not in [output.object_key for output in house.units.tables.outputs]
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_a_live_lease_is_not_taken(house: House) -> None:
    """A worker that renews keeps its job."""
    generation = await house.queued()
    first = house.worker("w1")
    job = await first.started(house.reserved(generation))
    house.clock.forward(seconds=10)
    assert await first.leases.renew([job]) == []
    house.clock.forward(seconds=10)
    assert await house.worker("w2").take_due(limit=5) == []
    await house.facts.expect("GenerationQueued")


async def test_a_released_lease_is_free_at_once(house: House) -> None:
    """A worker that stops lets go."""
    generation = await house.queued()
    first = house.worker("w1")
    await first.started(house.reserved(generation))
    await first.leases.release()
    assert len(await house.worker("w2").take_due(limit=5)) == 1
    await house.facts.expect("GenerationQueued")


async def test_the_store_being_away_is_waited_for(house: House) -> None:
    """What was made is not lost: its worker keeps it and tries again, and nothing is bought twice."""
    generation = await house.queued(output_count=2)
    house.provider.reports = [success(b"1", b"2")]
    house.store.reachable = False
    worker = house.worker()
    job = await worker.started(house.reserved(generation))
    running = asyncio.create_task(worker.run(job))
    while house.store.refused < 4:
        await asyncio.sleep(0)
    assert house.stored(generation).status is Status.PROCESSING
    assert await worker.leases.renew([job]) == []
    house.store.reachable = True
    await running
    assert house.stored(generation).status is Status.SUCCEEDED
    assert len(house.provider.submitted) == 1
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_the_sweeper_resolves_what_the_ledger_left_open(house: House) -> None:
    """A lost answer is asked for again; the credits are held once."""
    house.ledger.loses_answers = True
    with pytest.raises(Exception, match="lost"):
        await house.create(command())
    house.ledger.loses_answers = False
    house.clock.forward(seconds=20)
    await house.sweep_reservations()
    (generation,) = house.units.tables.generations.values()
    assert generation.status is Status.QUEUED
    assert house.ledger.available == 995
    await house.facts.expect("GenerationQueued")


async def test_giving_up_never_leaves_credits_held(house: House) -> None:
    """The job fails without its reservation; when the reservation shows up, its credits are released."""
    house.ledger.loses_answers = True
    with pytest.raises(Exception, match="lost"):
        await house.create(command())
    house.clock.forward(minutes=16)
    await house.sweep_reservations()
    (generation,) = house.units.tables.generations.values()
    assert generation.status is Status.FAILED
    assert await house.worker().start(house.reserved(generation)) is None
    answer = house.ledger.answers[generation.generation_id]
    assert isinstance(answer, Reservation)
    last = house.units.tables.events[-1]
    assert last.reservation_id == answer.reservation_id  # type: ignore[attr-defined]
    assert (await house.settlements.of(generation.generation_id)).decision is Decision.REFUND
    await house.facts.expect("GenerationFailed", "GenerationFailed")


async def test_a_job_nobody_takes_fails(house: House) -> None:
    """A queue that does not move gives the credits back."""
    generation = await house.queued()
    house.clock.forward(hours=2)
    await house.sweep_deadlines()
    await house.sweep_deadlines()
    assert house.stored(generation).status is Status.FAILED
    assert house.events() == ["GenerationQueued", "GenerationFailed"]
    await house.facts.expect("GenerationQueued", "GenerationFailed")


def _run_of(job: Job) -> Run:
    return Run(key=job.attempt.attempt_id, model="sketch", input=job.generation.input)
