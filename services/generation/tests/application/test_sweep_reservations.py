"""Reservations that were not answered are asked for again, and given up after fifteen minutes."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from generation.adapters.outbound.memory import MemoryUnitOfWork
from generation.domain.errors import LedgerUnavailable
from generation.domain.events import Event, GenerationFailed
from generation.domain.generation import Failure, Generation, Status
from generation.domain.identifiers import GenerationId
from generation_house import ACCOUNT, House, command

MOMENT = timedelta(microseconds=1)
UNANSWERED = Failure("LEDGER_UNAVAILABLE", "the credits could not be reserved")


async def unanswered(house: House, count: int = 1) -> list[Generation]:
    """Jobs whose credits were asked for of a ledger that is away; it stays away."""
    house.ledger.reachable = False
    for _ in range(count):
        with pytest.raises(LedgerUnavailable):
            await house.create(command())
        house.clock.moment += MOMENT
    return [row for _, row in sorted(house.units.tables.generations.items())]


def asked(house: House, meanwhile: Callable[[], None] = lambda: None) -> list[GenerationId]:
    """Jobs that the ledger is asked about from now on."""
    reserve, jobs = house.ledger.reserve, list[GenerationId]()

    async def notes(generation_id: GenerationId, *args: object, **more: object) -> object:
        jobs.append(generation_id)
        meanwhile()
        return await reserve(generation_id, *args, **more)  # type: ignore[arg-type]

    house.ledger.reserve = notes  # type: ignore[method-assign,assignment]
    return jobs


async def test_the_api_has_fifteen_seconds_of_its_own(house: House) -> None:
    """Its call may still be answered."""
    (job,) = await unanswered(house)
    house.ledger.reachable = True
    calls = asked(house)
    house.clock.moment = job.created_at + timedelta(seconds=15)
    await house.sweep_reservations()
    assert (calls, house.stored(job)) == ([], job)
    house.clock.moment += MOMENT
    await house.sweep_reservations()
    assert (calls, house.stored(job).status) == ([job.generation_id], Status.QUEUED)
    assert house.meter.generations == []
    await house.facts.expect("GenerationQueued")


async def test_a_silent_ledger_is_given_up_after_fifteen_minutes(house: House) -> None:
    """At that moment and not before; the job fails once, without a reservation."""
    (job,) = await unanswered(house)
    house.clock.moment = job.created_at + timedelta(seconds=900) - MOMENT
    await house.sweep_reservations()
    assert house.stored(job) == job
    house.clock.moment += MOMENT
    calls = asked(house)
    for _ in range(2):
        await house.sweep_reservations()
    ended = house.stored(job)
    assert (ended.status, ended.failure, ended.finished_at) == (Status.FAILED, UNANSWERED, house.clock.now())
    assert calls == [job.generation_id]
    (fact,) = await house.facts.expect("GenerationFailed")
    assert fact == GenerationFailed(
        account_id=ACCOUNT,
        generation_id=job.generation_id,
        occurred_at=house.clock.now(),
        reservation_id=None,
        failure=UNANSWERED,
    )


async def test_a_silent_ledger_is_asked_once_a_round_for_what_is_young(house: House) -> None:
    """Each of those that are old is asked for at last, and given up."""
    first, second, *young = await unanswered(house, 4)
    calls = asked(house)
    house.clock.moment = second.created_at + timedelta(seconds=900)
    await house.sweep_reservations()
    assert calls == [first.generation_id, second.generation_id, young[0].generation_id]
    assert [house.stored(job).failure for job in (first, second)] == [UNANSWERED, UNANSWERED]
    assert [house.stored(job) for job in young] == young
    await house.facts.expect("GenerationFailed", "GenerationFailed")


@pytest.mark.parametrize(("early", "ends"), [(MOMENT, False), (timedelta(), True)])
async def test_an_error_of_ours_is_given_up_at_the_same_moment(
    house: House, early: timedelta, ends: bool
) -> None:
    """It stops no other job."""
    first, second = await unanswered(house, 2)
    house.ledger.reachable = True

    def stumble() -> None:
        if len(calls) == 1:
            raise ZeroDivisionError

    calls = asked(house, stumble)
    house.clock.moment = first.created_at + timedelta(seconds=900) - early
    await house.sweep_reservations()
    assert calls == [first.generation_id, second.generation_id]
    assert house.stored(first).failure == (UNANSWERED if ends else None)
    assert house.stored(second).status is Status.QUEUED
    await house.facts.expect(*(["GenerationFailed"] if ends else []), "GenerationQueued")


async def test_what_cannot_be_given_up_stops_no_other(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is as it was, and comes again."""
    first, second = await unanswered(house, 2)
    publish = MemoryUnitOfWork.publish

    async def publishes_most(work: MemoryUnitOfWork, event: Event) -> None:
        if event.generation_id == first.generation_id:
            raise ValueError("this can't be said")
        await publish(work, event)

    monkeypatch.setattr(MemoryUnitOfWork, "publish", publishes_most)
    house.clock.forward(hours=1)
    await house.sweep_reservations()
    assert (house.stored(first), house.stored(second).failure) == (first, UNANSWERED)
    await house.facts.expect("GenerationFailed")


async def test_what_was_resolved_meanwhile_is_not_given_up(house: House) -> None:
    """The worker's event was quicker than the ledger's silence."""
    (job,) = await unanswered(house)
    queued = job.funded(house.reserved(job).reservation_id, now=house.clock.now())

    def resolve() -> None:
        house.units.tables.generations[job.generation_id] = queued

    asked(house, resolve)
    house.clock.forward(hours=1)
    await house.sweep_reservations()
    assert house.stored(job) == queued
    await house.facts.expect()
