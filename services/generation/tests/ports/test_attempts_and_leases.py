"""Attempts and who has them, over memory and PostgreSQL."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from generation.domain.attempt import Outcome
from generation.domain.cost import Cost, CostSource
from generation.domain.identifiers import (
    AttemptId,
    RunId,
)
from generation.ports.unit_of_work import UnitsOfWork
from generation_rows import LATER, NOW, attempt, job, running, stored


async def test_an_attempt_is_kept_whole(units: UnitsOfWork) -> None:
    """Run id, cost and end are stored; the lease is not touched by it."""
    await stored(units, running())
    async with units.of_system() as work:
        await work.attempts.add(attempt(submitted=False, not_before=LATER, tries=3))
        ended = replace(
            attempt(submitted=False, tries=3),
            run_id=RunId("run"),
            outcome=Outcome.FAILED,
            detail="why",
            reason="WHY",
            finished_at=LATER,
            cost=Cost(0, CostSource.REPORTED),
            output_count=2,
            tokens=7,
        )
        await work.attempts.save(replace(ended, worker="other", lease_until=NOW))
        assert await work.attempts.of(job().generation_id) == [ended]
        assert await work.attempts.leased(attempt().attempt_id, worker="w1") is None


async def test_leases_belong_to_one_worker(units: UnitsOfWork) -> None:
    """Renewing is for the holder; an attempt is due once its lease ran out, and then anybody's."""
    await stored(units, running(cancel_requested=True))
    later = LATER + timedelta(minutes=5)
    ids = [attempt().attempt_id, AttemptId("att_unknown")]
    async with units.of_system() as work:
        await work.attempts.add(attempt())
    async with units.of_system() as work:
        assert await work.attempts.renew(ids, worker="w2", lease_until=later) == {}
        assert await work.attempts.renew(ids, worker="w1", lease_until=LATER) == {ids[0]: True}
        assert await work.attempts.lock_due(now=NOW, excluding=(), limit=5) == []
        assert await work.attempts.lock_due(now=LATER, excluding=ids, limit=5) == []
    async with units.of_system() as work:
        (due,) = await work.attempts.lock_due(now=LATER, excluding=(), limit=5)
        taken = due.taken(worker="w2", now=LATER, lease_until=later)
        await work.attempts.lease(taken)
        assert await work.attempts.of(job().generation_id) == [taken]
        assert taken.tries == 2
    async with units.of_system() as work:
        assert await work.attempts.lock_due(now=LATER, excluding=(), limit=5) == []
        assert await work.attempts.leased(ids[0], worker="w1") is None
        assert await work.attempts.leased(ids[0], worker="w2") == taken


async def test_an_attempt_is_another_providers(units: UnitsOfWork) -> None:
    """Given away by whoever has it, who has it then as before."""
    await stored(units, running())
    moved = attempt(provider="other")
    async with units.of_system() as work:
        await work.attempts.add(attempt())
        await work.attempts.lease(moved)
    async with units.of_system() as work:
        assert await work.attempts.leased(moved.attempt_id, worker="w1") == moved


async def test_what_is_put_down_is_nobodys(units: UnitsOfWork) -> None:
    """It waits for its time, no worker holds or renews it, and taking it then costs no try."""
    await stored(units, running())
    ids = [attempt().attempt_id]
    until = LATER + timedelta(minutes=5)
    async with units.of_system() as work:
        await work.attempts.add(attempt())
        await work.attempts.lease(attempt().put_down(until=until, submitted=False))
    async with units.of_system() as work:
        assert await work.attempts.leased(ids[0], worker="w1") is None
        assert await work.attempts.renew(ids, worker="w1", lease_until=NOW) == {}
        await work.attempts.release(worker="w1", now=NOW)
        assert await work.attempts.lock_due(now=LATER, excluding=(), limit=5) == []
        waiting = await work.attempts.running(job().generation_id)
        assert waiting == attempt(lease_until=until, not_before=until, submitted=False)
        (due,) = await work.attempts.lock_due(now=until, excluding=(), limit=5)
        taken = due.taken(worker="w2", now=until, lease_until=until)
        await work.attempts.lease(taken)
        assert await work.attempts.leased(ids[0], worker="w2") == taken
        assert (taken.tries, taken.started_at, taken.submitted) == (1, until, True)


async def test_a_released_attempt_is_due_at_once(units: UnitsOfWork) -> None:
    """A worker that stops hands on what it has, and nothing of another's; that is no interruption."""
    await stored(units, running(1), running(2))
    async with units.of_system() as work:
        await work.attempts.add(attempt(1))
        await work.attempts.add(attempt(2, worker="w2"))
        await work.attempts.release(worker="w1", now=NOW)
        (due,) = await work.attempts.lock_due(now=NOW, excluding=(), limit=5)
        assert due.attempt_id == attempt(1).attempt_id
        assert due.submitted
        assert due.taken(worker="w3", now=NOW, lease_until=LATER).tries == 1


async def test_expired_leases_are_shared_out(units: UnitsOfWork) -> None:
    """Two workers that look at once never take the same attempt."""
    await stored(units, *(running(number) for number in range(1, 9)))
    async with units.of_system() as work:
        for number in range(1, 9):
            await work.attempts.add(attempt(number))
    until = LATER + timedelta(minutes=5)

    async def take(worker: str) -> list[str]:
        async with units.of_system() as work:
            due = await work.attempts.lock_due(now=LATER, excluding=(), limit=5)
            await asyncio.sleep(0)
            for one in due:
                await work.attempts.lease(one.taken(worker=worker, now=LATER, lease_until=until))
            return [one.attempt_id for one in due]

    first, second = await asyncio.gather(take("w2"), take("w3"))
    assert len(first) + len(second) == 8
    assert not set(first) & set(second)
