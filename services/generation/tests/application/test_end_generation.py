"""Cancelling, deleting and listing."""

import asyncio

import pytest
from generation.application.start_generation import Job
from generation.domain.attempt import Outcome
from generation.domain.errors import GenerationFinished, GenerationNotFound, GenerationRunning
from generation.domain.generation import Failure, Status
from generation.domain.identifiers import AccountId
from generation.ports.media_provider import Run, RunReport, RunState
from generation_house import ACCOUNT, House, command, success

BUSY = Failure("PROVIDER_FAILED", "busy")


async def test_a_running_job_is_cancelled_by_its_worker(house: House) -> None:
    """The request reaches the worker with its next renewal."""
    generation = await house.queued()
    worker = house.worker()
    job = await worker.started(house.reserved(generation))
    asked = await house.cancel(ACCOUNT, generation.generation_id)
    assert (asked.status, asked.cancel_requested) == (Status.PROCESSING, True)
    await house.provider.submit(_run_of(job))
    await worker.leases.renew([job])
    job.taken_over = True
    await worker.run(job)
    assert house.stored(generation).status is Status.CANCELLED
    assert house.provider.cancelled
    assert house.events()[-1] == "GenerationCancelled"
    await house.facts.expect("GenerationQueued", "GenerationCancelled")


async def test_a_cancel_that_was_kept_first_wins(house: House) -> None:
    """The answer is there and stored, its worker has not heard of the cancel: nothing is charged or shown."""
    generation = await house.queued()
    worker = house.worker()
    job = await worker.started(house.reserved(generation))
    report = success(b"1")
    delivery = await worker.attempts.outputs.deliver(job, report)
    assert (await house.cancel(ACCOUNT, generation.generation_id)).cancel_requested
    await worker.finish.succeed(job, delivery.outputs, delivered_units=delivery.units)
    ended = house.stored(generation)
    assert (ended.status, ended.credits_charged, ended.credits_refunded) == (Status.CANCELLED, 0, 5)
    assert house.events()[-1] == "GenerationCancelled"
    assert house.units.tables.outputs == []
    await house.sweep_deletions()
    assert house.store.objects == {}
    await house.facts.expect("GenerationQueued", "GenerationCancelled")


async def test_a_cancel_ends_the_wait_for_the_store(house: House) -> None:
    """Nobody waits for the delivery of what nobody wants."""
    generation = await house.queued()
    house.provider.reports = [success(b"1")]
    house.store.reachable = False
    worker = house.worker()
    job = await worker.started(house.reserved(generation))
    running = asyncio.create_task(worker.run(job))
    while not house.store.refused:
        await asyncio.sleep(0)
    await house.cancel(ACCOUNT, generation.generation_id)
    await worker.leases.renew([job])
    await asyncio.wait_for(running, 10)
    ended = house.stored(generation)
    assert (ended.status, ended.credits_refunded) == (Status.CANCELLED, 5)
    await house.facts.expect("GenerationQueued", "GenerationCancelled")


async def test_a_cancel_wins_over_a_failure_too(house: House) -> None:
    """Its user was told that it is being cancelled, and that is how it ends; the attempt says what it was."""
    generation = await house.queued()
    worker = house.worker()
    job = await worker.started(house.reserved(generation))
    await house.cancel(ACCOUNT, generation.generation_id)
    await worker.finish.fail(job, Failure("PROVIDER_FAILED", "no"))
    (attempt,) = house.units.tables.attempts.values()
    assert house.stored(generation).status is Status.CANCELLED
    assert (attempt.outcome, attempt.reason) == (Outcome.FAILED, "PROVIDER_FAILED")
    await house.facts.expect("GenerationQueued", "GenerationCancelled")


async def test_a_waiting_job_is_cancelled_at_once(house: House) -> None:
    """Between two attempts no worker would hear of it."""
    generation = await house.queued()
    house.provider.reports = [RunReport(RunState.FAILED, failure=BUSY, retryable=True, retry_after_s=60)]
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(generation)))
    cancelled = await house.cancel(ACCOUNT, generation.generation_id)
    assert (cancelled.status, cancelled.credits_refunded) == (Status.CANCELLED, 5)
    assert house.events()[-1] == "GenerationCancelled"
    house.clock.forward(minutes=1)
    assert await worker.take_due(limit=5) == []
    outcomes = [one.outcome for one in house.units.tables.attempts.values()]
    assert outcomes == [Outcome.FAILED, Outcome.CANCELLED]
    await house.facts.expect("GenerationQueued", "GenerationCancelled")


async def test_nothing_is_submitted_for_a_job_that_is_over(house: House) -> None:
    """A job cancelled, or past its deadline, before its first submit costs nothing at the provider."""
    cancelled = await house.queued()
    worker = house.worker()
    job = await worker.started(house.reserved(cancelled))
    await house.cancel(ACCOUNT, cancelled.generation_id)
    await worker.leases.renew([job])
    await worker.run(job)
    overdue = await house.queued(seed=2)
    job = await worker.started(house.reserved(overdue, "evt_2"))
    house.clock.forward(minutes=5)
    await worker.run(job)
    assert house.stored(cancelled).status is Status.CANCELLED
    assert house.stored(overdue).failure is not None
    assert house.provider.submitted == []
    await house.facts.expect(
        "GenerationQueued", "GenerationCancelled", "GenerationQueued", "GenerationFailed"
    )


async def test_a_queued_job_is_cancelled_at_once(house: House) -> None:
    """It never starts, a second cancel changes nothing, and its credits come back by its event."""
    generation = await house.queued()
    for _ in range(2):
        cancelled = await house.cancel(ACCOUNT, generation.generation_id)
        assert cancelled.status is Status.CANCELLED
    assert await house.worker().start(house.reserved(generation)) is None
    assert house.events() == ["GenerationQueued", "GenerationCancelled"]
    await house.facts.expect("GenerationQueued", "GenerationCancelled")


async def test_a_job_cancelled_while_reserving_gives_its_credits_back(house: House) -> None:
    """The reservation that came anyway is released with its id."""
    house.ledger.loses_answers = True
    with pytest.raises(Exception, match="lost"):
        await house.create(command())
    (generation,) = house.units.tables.generations.values()
    await house.cancel(ACCOUNT, generation.generation_id)
    assert await house.worker().start(house.reserved(generation)) is None
    assert house.stored(generation).status is Status.CANCELLED
    (event,) = house.units.tables.events
    assert event.reservation_id == house.reserved(generation).reservation_id  # type: ignore[attr-defined]
    await house.facts.expect("GenerationCancelled")


async def test_a_finished_job_is_not_cancelled(house: House) -> None:
    """The refusal changes nothing."""
    generation = await house.queued()
    house.provider.reports = [success(b"1")]
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(generation)))
    before = house.stored(generation)
    with pytest.raises(GenerationFinished):
        await house.cancel(ACCOUNT, generation.generation_id)
    assert house.stored(generation) == before
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_a_deleted_jobs_files_are_removed(house: House) -> None:
    """The job is hidden, its object removed, what it cost stays; deleting again is no error."""
    generation = await house.queued()
    house.provider.reports = [success(b"1")]
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(generation)))
    await house.delete(ACCOUNT, generation.generation_id)
    await house.delete(ACCOUNT, generation.generation_id)
    house.store.reachable = False
    await house.sweep_deletions()
    assert len(house.store.objects) == 1
    house.store.reachable = True
    house.clock.forward(minutes=2)
    await house.sweep_deletions()
    assert house.store.objects == {}
    assert house.units.tables.deletions == {}
    with pytest.raises(GenerationNotFound):
        await house.read.generation(ACCOUNT, generation.generation_id)
    assert [settled.credits_charged async for settled in house.settlements.all()] == [5]
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_a_running_job_is_not_deleted(house: House) -> None:
    """The refusal changes nothing."""
    generation = await house.queued()
    with pytest.raises(GenerationRunning):
        await house.delete(ACCOUNT, generation.generation_id)
    assert house.stored(generation) == generation
    await house.facts.expect("GenerationQueued")


async def test_another_users_job_is_absent(house: House) -> None:
    """Reading, cancelling and deleting it are the same as for one that never was."""
    generation = await house.queued()
    stranger = AccountId("usr_bob")
    for call in (house.read.generation, house.cancel, house.delete):
        with pytest.raises(GenerationNotFound):
            await call(stranger, generation.generation_id)
    assert house.stored(generation) == generation
    await house.facts.expect("GenerationQueued")


async def test_pages_walk_the_list(house: House) -> None:
    """Newest first, each job once, and the last page says so."""
    made = [await house.queued() for _ in range(5)]
    first, cursor = await house.read.page(ACCOUNT, before=None, limit=3)
    second, end = await house.read.page(ACCOUNT, before=cursor, limit=3)
    shown = [view.generation.generation_id for view in [*first, *second]]
    assert shown == [generation.generation_id for generation in reversed(made)]
    assert end is None
    await house.facts.expect(*["GenerationQueued"] * 5)


def _run_of(job: Job) -> Run:
    return Run(key=job.attempt.attempt_id, model="sketch", input=job.generation.input)
