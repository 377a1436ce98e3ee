"""A worker's own rules: what it says of progress, which leases it takes, and what of a page it shows."""

from datetime import timedelta

import pytest
from generation.application.report_progress import ProgressReporter
from generation.application.start_generation import Job
from generation.domain.generation import Status
from generation.domain.identifiers import AccountId
from generation.domain.library_filter import LibraryFilter
from generation_house import ACCOUNT, House

MOMENT = timedelta(microseconds=1)


async def running(house: House, event_id: str = "evt_1") -> Job:
    """A job in a worker's hands."""
    return await house.worker().started(house.reserved(await house.queued(), event_id))


async def test_progress_is_told_in_steps_and_not_too_often(house: House) -> None:
    """A hundredth more, five seconds after its start or the last step; never back, and never all of it."""
    job = await running(house)
    reporter = ProgressReporter(house.units, house.feed, house.clock, every_s=5)
    house.clock.moment += timedelta(seconds=5) - MOMENT
    await reporter.report(job, 0.3)
    assert (house.feed.told, house.stored(job.generation).progress) == ([], 0.0)
    house.clock.moment += MOMENT
    await reporter.report(job, 0.009)
    assert house.feed.told == []
    await reporter.report(job, 0.01)
    house.clock.moment += timedelta(seconds=5) - MOMENT
    await reporter.report(job, 0.5)
    assert house.feed.told == [0.01]
    house.clock.moment += MOMENT
    await reporter.report(job, 0.015)
    await reporter.report(job, 0.5)
    assert house.feed.told == [0.01, 0.5]
    house.clock.forward(seconds=5)
    await reporter.report(job, 0.4)
    await reporter.report(job, 1.0)
    assert house.feed.told == [0.01, 0.5, 0.99]
    assert house.stored(job.generation).progress == 0.99
    await house.facts.expect("GenerationQueued")


async def test_what_a_job_said_is_forgotten_with_it(house: House) -> None:
    """When it comes back, what is stored counts: nothing is told twice."""
    job = await running(house)
    reporter = ProgressReporter(house.units, house.feed, house.clock, every_s=5)
    house.clock.forward(seconds=5)
    await reporter.report(job, 0.5)
    reporter.forget(job)
    reporter.forget(job)
    await reporter.report(job, 0.5)
    assert house.feed.told == [0.5]
    house.clock.forward(seconds=5)
    await reporter.report(job, 0.6)
    assert house.feed.told == [0.5, 0.6]
    await house.facts.expect("GenerationQueued")


@pytest.mark.parametrize(("limit", "is_more"), [(2, True), (3, False), (4, False)])
async def test_a_page_says_whether_there_is_another(house: House, limit: int, is_more: bool) -> None:
    """Newest first, of this account alone."""
    jobs = [await house.queued(prompt=f"fox {number}") for number in range(3)]
    newest = [job.generation_id for job in reversed(jobs)]
    views, following = await house.read.page(ACCOUNT, before=None, limit=limit)
    assert [view.generation.generation_id for view in views] == newest[:limit]
    assert following == (newest[limit - 1] if is_more else None)
    rest, end = await house.read.page(ACCOUNT, before=newest[1], limit=limit)
    assert ([view.generation.generation_id for view in rest], end) == ([newest[2]], None)
    assert await house.read.page(AccountId("usr_bob"), before=None, limit=9) == ([], None)
    waiting, failed = (LibraryFilter(statuses=frozenset({one})) for one in (Status.QUEUED, Status.FAILED))
    queued, _ = await house.read.page(ACCOUNT, wanted=waiting, before=None, limit=9)
    assert len(queued) == 3
    assert await house.read.page(ACCOUNT, wanted=failed, before=None, limit=9) == ([], None)
    await house.facts.expect(*["GenerationQueued"] * 3)


async def test_a_lease_is_another_workers_when_it_ran_out(house: House) -> None:
    """Not a moment earlier; it is taken with the try that was lost, for fifteen seconds."""
    job = await running(house)
    other = house.worker("w2")
    house.clock.moment = job.attempt.lease_until - MOMENT
    assert await other.take_due(limit=9) == []
    house.clock.moment = job.attempt.lease_until
    (taken,) = await other.take_due(limit=9)
    assert (taken.attempt.worker, taken.attempt.tries, taken.taken_over) == ("w2", 2, True)
    assert taken.attempt.lease_until == house.clock.now() + timedelta(seconds=15)
    assert await other.take_due(limit=9) == []
    await house.facts.expect("GenerationQueued")


async def test_what_a_worker_has_in_hand_it_does_not_take_again(house: House) -> None:
    """And no more than it asks for."""
    jobs = [await running(house, f"evt_{number}") for number in range(3)]
    house.clock.moment = jobs[-1].attempt.lease_until
    worker = house.worker()
    in_hand = [jobs[0].attempt.attempt_id]
    first = await worker.take_due(limit=1, excluding=in_hand)
    assert len(first) == 1
    rest = await worker.take_due(limit=9, excluding=in_hand)
    assert {job.attempt.attempt_id for job in (*first, *rest)} == {job.attempt.attempt_id for job in jobs[1:]}
    await house.facts.expect(*["GenerationQueued"] * 3)
