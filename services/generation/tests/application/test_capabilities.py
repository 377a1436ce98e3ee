"""What a provider declares decides what is asked of it."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from generation.domain.generation import Failure, Status
from generation.domain.identifiers import RunId
from generation.ports.media_provider import (
    Capabilities,
    PollSchedule,
    ProviderUnavailable,
    Run,
    RunReport,
    RunState,
)
from generation_house import House, Worker, success

RUNNING = RunReport(RunState.RUNNING, 0.5)


async def started(house: House, worker: Worker, **job: Any) -> Any:
    """A job in a worker's hands."""
    return await worker.started(house.reserved(await house.queued(**job)))


def breaks_after_submit(house: House, times: int = 1) -> None:
    """Submits arrive, and their answers are lost."""
    submit, left = house.provider.submit, [ProviderUnavailable() for _ in range(times)]

    async def submits_and_breaks(run: Run) -> RunId:
        run_id = await submit(run)
        if left:
            raise left.pop()
        return run_id

    house.provider.submit = submits_and_breaks  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("can", "keys"),
    [
        # It was asked, and knew of the run.
        (Capabilities(look_up=True), 1),
        # The same key again is the same run.
        (Capabilities(idempotency_key=True), 1),
        # Nobody can say: it may be bought twice, and is not lost in silence.
        (Capabilities(), 2),
    ],
)
async def test_a_lost_submit_is_found_as_the_provider_allows(
    house: House, can: Capabilities, keys: int
) -> None:
    """By looking it up, else by the key; only where there is neither is it a new attempt."""
    house.provider.capabilities = can
    breaks_after_submit(house)
    house.provider.reports = [success(b"1")]
    worker = house.worker()
    job = await started(house, worker)
    await worker.run(job)
    assert house.stored(job.generation).status is Status.SUCCEEDED
    assert len({run.key for run in house.provider.submitted}) == keys
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_a_provider_without_a_look_up_is_never_asked_for_one(house: House) -> None:
    """`find` belongs to the capability."""
    house.provider.capabilities = Capabilities(idempotency_key=True)
    breaks_after_submit(house)

    async def find(key: object) -> RunId | None:
        raise AssertionError("it can't be looked up")

    house.provider.find = find  # type: ignore[method-assign]
    house.provider.reports = [success(b"1")]
    worker = house.worker()
    job = await started(house, worker)
    await worker.run(job)
    assert [run.key for run in house.provider.submitted] == [job.attempt.attempt_id] * 2
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


@pytest.mark.parametrize("cancel", [True, False])
async def test_only_what_can_be_stopped_is_told_to(house: House, cancel: bool) -> None:
    """The job ends all the same."""
    house.provider.capabilities = Capabilities(cancel=cancel)
    house.provider.reports = [RUNNING]
    worker = house.worker()
    job = await started(house, worker)
    running = asyncio.create_task(worker.run(job))
    while not house.provider.submitted:
        await asyncio.sleep(0)
    await house.cancel(job.generation.account_id, job.generation.generation_id)
    await worker.leases.renew([job])
    await running
    assert house.stored(job.generation).status is Status.CANCELLED
    assert bool(house.provider.cancelled) is cancel
    await house.facts.expect("GenerationQueued", "GenerationCancelled")


async def test_progress_is_told_where_there_is_any(house: House) -> None:
    """A number that a provider does not vouch for is nobody's progress."""
    house.provider.capabilities = Capabilities()
    house.provider.reports = [RUNNING, success(b"1")]
    worker = house.worker()
    await worker.run(await started(house, worker))
    assert house.feed.told == []
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_what_a_delivered_run_cost_is_counted_once(house: House) -> None:
    """Where its provider says so, and after the job's end is kept."""
    house.provider.reports = [RUNNING, replace(success(b"1"), cost_usd_micros=3_900)]
    worker = house.worker()
    await worker.run(await started(house, worker))
    assert house.meter.payments == [("local", 3_900)]
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


@pytest.mark.parametrize(
    ("reports", "runs", "fact"),
    [
        ([success(b"1")], 1, "GenerationSucceeded"),
        ([RunReport(RunState.FAILED, failure=Failure("PROVIDER_FAILED", "no"))], 1, "GenerationFailed"),
        (
            [RunReport(RunState.FAILED, failure=Failure("PROVIDER_FAILED", "busy"), retryable=True)],
            3,
            "GenerationFailed",
        ),
    ],
    ids=["delivered", "failed", "tried three times"],
)
async def test_a_run_is_forgotten_once_its_attempt_has_ended(
    house: House, reports: list[RunReport], runs: int, fact: str
) -> None:
    """Each run once, whatever came of it."""
    house.provider.reports = reports
    worker = house.worker()
    await worker.run(await started(house, worker))
    assert house.provider.forgotten == [f"run:{run.key}" for run in house.provider.submitted]
    assert len(house.provider.forgotten) == runs
    await house.facts.expect("GenerationQueued", fact)


async def test_a_run_that_goes_on_elsewhere_is_not_forgotten(house: House) -> None:
    """A worker that lost its lease ends nothing."""
    house.provider.reports = [success(b"1")]
    worker = house.worker("w1")
    job = await started(house, worker)
    house.clock.forward(seconds=16)
    (taken,) = await house.worker("w2").take_due(limit=1)
    await worker.run_job(job)
    assert house.provider.forgotten == []
    await house.worker("w2").run(taken)
    assert len(house.provider.forgotten) == 1
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


async def test_a_provider_that_can_not_forget_harms_nobody(house: House) -> None:
    """The job has ended, and stays as it ended."""

    async def forget(run_id: object) -> None:
        raise ProviderUnavailable

    house.provider.forget = forget  # type: ignore[method-assign]
    house.provider.reports = [success(b"1")]
    worker = house.worker()
    job = await started(house, worker)
    await worker.run(job)
    assert house.stored(job.generation).status is Status.SUCCEEDED
    await house.facts.expect("GenerationQueued", "GenerationSucceeded")


def test_gaps_between_polls_grow_to_their_bound() -> None:
    """Soon at first, seldom later, and never rarer than the longest."""
    gaps_s = PollSchedule(first_s=1, longest_s=5, growth=2).gaps_s()
    assert [next(gaps_s) for _ in range(5)] == [1, 2, 4, 5, 5]


async def test_a_cancel_does_not_wait_for_the_next_poll(house: House) -> None:
    """Whoever waits for a provider that is looked at once an hour hears at once."""
    house.provider.polling = PollSchedule(first_s=3600, longest_s=3600)
    house.provider.reports = [RUNNING]
    worker = house.worker()
    job = await started(house, worker)
    running = asyncio.create_task(worker.run(job))
    while not house.feed.told:
        await asyncio.sleep(0)
    await house.cancel(job.generation.account_id, job.generation.generation_id)
    await worker.leases.renew([job])
    async with asyncio.timeout(10):
        await running
    assert house.stored(job.generation).status is Status.CANCELLED
    assert len(house.provider.cancelled) == 1
    await house.facts.expect("GenerationQueued", "GenerationCancelled")
