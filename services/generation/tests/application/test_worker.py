"""Running jobs: once, whatever dies in between."""

from dataclasses import replace

import pytest
from generation.application.finish_attempt import LeaseLost
from generation.application.start_generation import Job
from generation.domain.attempt import Outcome
from generation.domain.errors import GenerationFinished, GenerationNotFound, GenerationRunning
from generation.domain.generation import Failure, Status
from generation.domain.identifiers import AccountId
from generation.domain.settlement import Decision
from generation.ports.ledger import Reservation
from generation.ports.media_provider import (
    ProviderRefused,
    ProviderUnavailable,
    Run,
    RunReport,
    RunState,
)
from generation.ports.media_store import StoreUnavailable
from generation_house import ACCOUNT, House, command, success


async def test_a_job_is_run_delivered_and_charged(house: House) -> None:
    """Outputs are stored, the price is charged and nothing is queued for removal."""
    generation = await house.queued(output_count=2)
    house.provider.reports = [RunReport(RunState.RUNNING, 0.5), success(b"one", b"two")]
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(generation)))
    view = await house.read.one(ACCOUNT, generation.generation_id)
    assert (view.generation.status, view.generation.credits_charged) == (Status.SUCCEEDED, 10)
    assert [house.store.objects[signed.output.object_key] for signed in view.outputs] == [b"one", b"two"]
    assert [attempt.outcome for attempt in view.attempts] == [Outcome.SUCCEEDED]
    assert house.feed.told == [0.5]
    assert house.events() == ["GenerationQueued", "GenerationSucceeded"]
    assert house.transactions.tables.deletions == {}
    assert (await house.settlements.one(generation.generation_id)).decision is Decision.CHARGE


async def test_three_of_four_are_charged_as_three(house: House) -> None:
    """An output that can't be used is neither delivered nor charged."""
    generation = await house.queued(output_count=4)
    house.provider.reports = [success(b"1", b"", b"3", b"4")]
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(generation)))
    ended = house.stored(generation)
    assert (ended.credits_reserved, ended.credits_charged, ended.credits_refunded) == (20, 15, 5)


async def test_an_answer_is_charged_by_its_usage(house: House) -> None:
    """Credits are held for the longest answer, charged for the tokens used, and the rest returns."""
    generation = await house.queued(model="openai/chat", max_tokens=9_000)
    assert generation.credits_reserved == 10
    answer = success(b"foxes are red")
    house.provider.reports = [replace(answer, usage_units=2_500)]
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(generation)))
    ended = house.stored(generation)
    assert (ended.credits_charged, ended.credits_refunded) == (3, 7)


async def test_a_fifth_output_is_left_out(house: House) -> None:
    """A provider that makes more than it was asked for is not paid more."""
    generation = await house.queued()
    house.provider.reports = [success(b"1", b"2")]
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(generation)))
    assert house.stored(generation).credits_charged == 5
    assert len(house.store.objects) == 1


async def test_a_redelivered_event_starts_nothing(house: House) -> None:
    """The inbox knows the event; another event about the same job changes nothing either."""
    generation = await house.queued()
    worker = house.worker()
    await worker.started(house.reserved(generation))
    assert await worker.start(house.reserved(generation)) is None
    assert await worker.start(house.reserved(generation, "evt_2")) is None
    assert len(house.transactions.tables.attempts) == 1


async def test_the_event_may_come_before_the_answer(house: House) -> None:
    """The worker queues and starts a job whose reserving call has not returned; the API then agrees."""
    house.ledger.loses_answers = True
    with pytest.raises(Exception, match="lost"):
        await house.create(command(key="k1"))
    house.ledger.loses_answers = False
    (generation,) = house.transactions.tables.generations.values()
    job = await house.worker().start(house.reserved(generation))
    assert job is not None
    answered, _ = await house.create(command(key="k1"))
    assert answered.status is Status.PROCESSING
    assert house.events() == ["GenerationQueued"]


async def test_a_failed_job_costs_nothing(house: House) -> None:
    """A failure that another try can't mend ends the job."""
    generation = await house.queued()
    house.provider.reports = [RunReport(RunState.FAILED, failure=Failure("PROVIDER_FAILED", "told to"))]
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(generation)))
    ended = house.stored(generation)
    assert (ended.status, ended.failure) == (Status.FAILED, Failure("PROVIDER_FAILED", "told to"))
    assert (ended.credits_charged, ended.credits_refunded) == (0, 5)
    assert house.events()[-1] == "GenerationFailed"


async def test_tries_are_bounded(house: House) -> None:
    """A provider that keeps failing is tried three times, then the job fails, once."""
    generation = await house.queued()
    house.provider.reports = [
        RunReport(RunState.FAILED, failure=Failure("PROVIDER_FAILED", "busy"), retryable=True)
    ]
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(generation)))
    view = await house.read.one(ACCOUNT, generation.generation_id)
    assert [attempt.number for attempt in view.attempts] == [1, 2, 3]
    assert view.generation.status is Status.FAILED
    assert house.events().count("GenerationFailed") == 1


async def test_a_refused_run_ends_the_job(house: House) -> None:
    """A provider that refuses the content is not asked again."""
    generation = await house.queued()
    house.provider.refusal = ProviderRefused(Failure("CONTENT_REFUSED", "no"), retryable=False)
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(generation)))
    assert house.stored(generation).failure == Failure("CONTENT_REFUSED", "no")


async def test_a_submit_without_answer_is_looked_up(house: House) -> None:
    """A submit that may have arrived is not made again before the provider was asked."""
    generation = await house.queued()
    worker = house.worker()
    job = await worker.started(house.reserved(generation))
    submit = house.provider.submit

    async def submits_and_breaks(run: object) -> None:
        await submit(run)  # type: ignore[arg-type]
        raise ProviderUnavailable

    house.provider.submit = submits_and_breaks  # type: ignore[method-assign,assignment]
    house.provider.reports = [success(b"1")]
    await worker.run(job)
    assert house.stored(generation).status is Status.SUCCEEDED
    assert len(house.provider.submitted) == 1


async def test_a_killed_workers_run_is_taken_over(house: House) -> None:
    """The next worker asks the provider and goes on with the same run: one submit in all."""
    generation = await house.queued()
    job = await house.worker("w1").started(house.reserved(generation))
    await house.provider.submit(_run_of(job))
    house.clock.forward(seconds=16)
    second = house.worker("w2")
    (taken,) = await second.leases.take_over(limit=5)
    house.provider.reports = [success(b"1")]
    await second.run(taken)
    assert house.stored(generation).status is Status.SUCCEEDED
    assert len(house.provider.submitted) == 1


async def test_a_lost_run_is_tried_again(house: House) -> None:
    """A run that the provider never saw becomes a second attempt with a key of its own."""
    generation = await house.queued()
    await house.worker("w1").started(house.reserved(generation))
    house.clock.forward(seconds=16)
    second = house.worker("w2")
    (taken,) = await second.leases.take_over(limit=5)
    house.provider.reports = [success(b"1")]
    await second.run(taken)
    view = await house.read.one(ACCOUNT, generation.generation_id)
    assert [attempt.outcome for attempt in view.attempts] == [Outcome.LOST, Outcome.SUCCEEDED]
    assert view.generation.credits_charged == 5


async def test_a_worker_that_lost_its_lease_changes_nothing(house: House) -> None:
    """The slow worker's result comes second and does nothing; its object is queued for removal."""
    generation = await house.queued()
    house.provider.reports = [success(b"1")]
    slow, quick = house.worker("w1"), house.worker("w2")
    job = await slow.started(house.reserved(generation))
    await house.provider.submit(_run_of(job))
    house.clock.forward(seconds=16)
    (taken,) = await quick.leases.take_over(limit=5)
    assert await slow.leases.renew([job]) == [job]
    await quick.run(taken)
    with pytest.raises(LeaseLost):
        await slow.run(job)
    assert house.events().count("GenerationSucceeded") == 1
    assert len(house.transactions.tables.outputs) == 1
    (orphan,) = house.transactions.tables.deletions
    assert orphan not in [output.object_key for output in house.transactions.tables.outputs]


async def test_a_live_lease_is_not_taken(house: House) -> None:
    """A worker that renews keeps its job."""
    generation = await house.queued()
    first = house.worker("w1")
    job = await first.started(house.reserved(generation))
    house.clock.forward(seconds=10)
    assert await first.leases.renew([job]) == []
    house.clock.forward(seconds=10)
    assert await house.worker("w2").leases.take_over(limit=5) == []


async def test_a_released_lease_is_free_at_once(house: House) -> None:
    """A worker that stops lets go."""
    generation = await house.queued()
    first = house.worker("w1")
    await first.started(house.reserved(generation))
    await first.leases.release()
    assert len(await house.worker("w2").leases.take_over(limit=5)) == 1


async def test_a_stalled_run_ends_at_its_deadline(house: House) -> None:
    """The provider is told to stop, and nothing is charged."""
    generation = await house.queued()
    worker = house.worker()
    job = await worker.started(house.reserved(generation))
    await house.provider.submit(_run_of(job))
    house.clock.forward(minutes=5)
    (taken,) = await worker.leases.take_over(limit=1)
    await worker.run(taken)
    ended = house.stored(generation)
    assert ended.failure is not None
    assert (ended.failure.reason, ended.credits_charged) == ("DEADLINE_EXCEEDED", 0)
    assert house.provider.cancelled


async def test_a_silent_provider_is_no_verdict(house: House) -> None:
    """Polls that time out leave the job running until an answer comes."""
    generation = await house.queued()
    worker = house.worker()
    job = await worker.started(house.reserved(generation))
    check, failures = house.provider.check, [ProviderUnavailable(), ProviderUnavailable()]

    async def check_at_last(run_id: object) -> RunReport:
        if failures:
            raise failures.pop()
        return await check(run_id)  # type: ignore[arg-type]

    house.provider.check = check_at_last  # type: ignore[method-assign]
    house.provider.reports = [success(b"1")]
    await worker.run(job)
    assert house.stored(generation).status is Status.SUCCEEDED


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


async def test_a_queued_job_is_cancelled_at_once(house: House) -> None:
    """It never starts, a second cancel changes nothing, and its credits come back by its event."""
    generation = await house.queued()
    for _ in range(2):
        cancelled = await house.cancel(ACCOUNT, generation.generation_id)
        assert cancelled.status is Status.CANCELLED
    assert await house.worker().start(house.reserved(generation)) is None
    assert house.events() == ["GenerationQueued", "GenerationCancelled"]


async def test_a_job_cancelled_while_reserving_gives_its_credits_back(house: House) -> None:
    """The reservation that came anyway is released with its id."""
    house.ledger.loses_answers = True
    with pytest.raises(Exception, match="lost"):
        await house.create(command())
    (generation,) = house.transactions.tables.generations.values()
    await house.cancel(ACCOUNT, generation.generation_id)
    assert await house.worker().start(house.reserved(generation)) is None
    assert house.stored(generation).status is Status.CANCELLED
    (event,) = house.transactions.tables.events
    assert event.reservation_id == house.reserved(generation).reservation_id  # type: ignore[attr-defined]


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


async def test_the_store_being_away_leaves_the_job_running(house: House) -> None:
    """What was made is not lost: the lease runs out and the same run is delivered later."""
    generation = await house.queued()
    house.provider.reports = [success(b"1")]
    house.store.reachable = False
    worker = house.worker()
    with pytest.raises(StoreUnavailable):
        await worker.run(await worker.started(house.reserved(generation)))
    assert house.stored(generation).status is Status.PROCESSING
    house.store.reachable = True
    house.clock.forward(seconds=16)
    (again,) = await worker.leases.take_over(limit=5)
    await worker.run(again)
    assert house.stored(generation).status is Status.SUCCEEDED
    assert len(house.provider.submitted) == 1


async def test_the_sweeper_resolves_what_the_ledger_left_open(house: House) -> None:
    """A lost answer is asked for again; the credits are held once."""
    house.ledger.loses_answers = True
    with pytest.raises(Exception, match="lost"):
        await house.create(command())
    house.ledger.loses_answers = False
    house.clock.forward(seconds=20)
    await house.sweep_reservations()
    (generation,) = house.transactions.tables.generations.values()
    assert generation.status is Status.QUEUED
    assert house.ledger.available == 995


async def test_giving_up_never_leaves_credits_held(house: House) -> None:
    """The job fails without its reservation; when the reservation shows up, its credits are released."""
    house.ledger.loses_answers = True
    with pytest.raises(Exception, match="lost"):
        await house.create(command())
    house.clock.forward(minutes=16)
    await house.sweep_reservations()
    (generation,) = house.transactions.tables.generations.values()
    assert generation.status is Status.FAILED
    assert await house.worker().start(house.reserved(generation)) is None
    answer = house.ledger.answers[generation.generation_id]
    assert isinstance(answer, Reservation)
    last = house.transactions.tables.events[-1]
    assert last.reservation_id == answer.reservation_id  # type: ignore[attr-defined]
    assert (await house.settlements.one(generation.generation_id)).decision is Decision.REFUND


async def test_a_job_nobody_takes_fails(house: House) -> None:
    """A queue that does not move gives the credits back."""
    generation = await house.queued()
    house.clock.forward(hours=2)
    await house.sweep_deadlines()
    await house.sweep_deadlines()
    assert house.stored(generation).status is Status.FAILED
    assert house.events() == ["GenerationQueued", "GenerationFailed"]


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
    assert house.transactions.tables.deletions == {}
    with pytest.raises(GenerationNotFound):
        await house.read.one(ACCOUNT, generation.generation_id)
    assert [settled.credits_charged async for settled in house.settlements.all()] == [5]


async def test_a_running_job_is_not_deleted(house: House) -> None:
    """The refusal changes nothing."""
    generation = await house.queued()
    with pytest.raises(GenerationRunning):
        await house.delete(ACCOUNT, generation.generation_id)
    assert house.stored(generation) == generation


async def test_another_users_job_is_absent(house: House) -> None:
    """Reading, cancelling and deleting it are the same as for one that never was."""
    generation = await house.queued()
    stranger = AccountId("usr_bob")
    for call in (house.read.one, house.cancel, house.delete):
        with pytest.raises(GenerationNotFound):
            await call(stranger, generation.generation_id)
    assert house.stored(generation) == generation


async def test_pages_walk_the_list(house: House) -> None:
    """Newest first, each job once, and the last page says so."""
    made = [await house.queued() for _ in range(5)]
    first, cursor = await house.read.page(ACCOUNT, statuses=(), before=None, limit=3)
    second, end = await house.read.page(ACCOUNT, statuses=(), before=cursor, limit=3)
    shown = [view.generation.generation_id for view in [*first, *second]]
    assert shown == [generation.generation_id for generation in reversed(made)]
    assert end is None


def _run_of(job: Job) -> Run:
    return Run(key=job.attempt.attempt_id, model="sketch", input=job.generation.input)
