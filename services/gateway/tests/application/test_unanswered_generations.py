"""Whoever is refused while something may have begun does not pay for it, or is told not to ask again."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from gateway.application.unanswered_generations import UnansweredGenerations
from gateway.domain.errors import (
    Forbidden,
    GatewayError,
    InternalFailure,
    NotFound,
    RateLimited,
    TimedOut,
    Unavailable,
)
from gateway.domain.generation import Generation, GenerationStatus, NewGeneration
from gateway.domain.identifiers import AccountId, ModelId, UserId
from gateway_world import SKETCH, Door
from structlog.testing import capture_logs

AWAY = Unavailable("Away.", reason="LEDGER_UNAVAILABLE")
NEW = NewGeneration(model_id=ModelId(SKETCH), input={"prompt": "a heron"}, metadata={}, idempotency_key="k")


@pytest.fixture
async def ada(door: Door) -> UserId:
    """A caller with credits."""
    return UserId(await door.sign_up(welcome_credits=100))


def unanswered(door: Door, *, pause_s: float = 0.001, try_s: float = 30) -> UnansweredGenerations:
    """The step, which waits no longer than it must."""
    return UnansweredGenerations(generations=door.world.generations, pause_s=pause_s, try_s=try_s)


async def asked(
    step: UnansweredGenerations,
    who: UserId,
    work: Callable[[], Awaitable[object]],
    *,
    may_come_back: bool = False,
) -> None:
    """Something is asked for inside."""
    async with step.withdrawn(who, "k", may_come_back=may_come_back):
        await work()


def lost(door: Door, who: UserId, failure: Exception) -> Callable[[], Awaitable[object]]:
    """Return a call that makes one, and whose answer is lost."""

    async def create() -> None:
        await door.world.generations.create(who, NEW)
        raise failure

    return create


@pytest.mark.parametrize(
    "failure",
    [
        AWAY,
        TimedOut("Slow."),
        RateLimited("Much.", retry_after_s=1),
        InternalFailure(),
        RuntimeError("a bug"),
    ],
)
async def test_what_was_made_is_stopped(door: Door, ada: UserId, failure: Exception) -> None:
    """Nothing of it is paid for, and its asker may ask again."""
    with pytest.raises(type(failure)):
        await asked(unanswered(door), ada, lost(door, ada, failure))
    (job,) = door.world.generations.jobs.values()
    assert job.status is GenerationStatus.CANCELLED
    assert (await door.world.ledger.balance(ada)).available == 100
    assert not getattr(failure, "may_have_begun", False)


async def test_who_may_come_back_has_it_made(door: Door, ada: UserId) -> None:
    """The same key finds it."""
    with pytest.raises(Unavailable):
        await asked(unanswered(door), ada, lost(door, ada, AWAY), may_come_back=True)
    (job,) = door.world.generations.jobs.values()
    assert job.status is GenerationStatus.QUEUED


async def test_what_was_never_made_is_looked_for_twice(door: Door, ada: UserId) -> None:
    """The call may still be on its way at the first look."""
    looked: list[str] = []
    withdraw = door.world.generations.withdraw

    async def noted(account_id: AccountId, key: str) -> Generation:
        looked.append(key)
        if len(looked) == 2:
            await door.world.generations.create(ada, NEW)
        return await withdraw(account_id, key)

    door.world.generations.withdraw = noted  # type: ignore[method-assign]
    refusal = TimedOut("Slow.")

    async def create() -> None:
        raise refusal

    with pytest.raises(TimedOut):
        await asked(unanswered(door), ada, create)
    (job,) = door.world.generations.jobs.values()
    assert (looked, job.status, refusal.may_have_begun) == (["k", "k"], GenerationStatus.CANCELLED, False)
    door.world.generations.jobs.clear()
    door.world.generations.keys.clear()
    looked[:] = ["k"] * 3
    with pytest.raises(TimedOut):
        await asked(unanswered(door), ada, create)
    assert (len(looked), refusal.may_have_begun) == (5, False)


@pytest.mark.parametrize(
    "refusal",
    [
        Forbidden("No."),
        NotFound("None.", reason="UNKNOWN_MODEL"),
        RateLimited("Much.", retry_after_s=1, reason="STORAGE_BUSY"),
    ],
)
async def test_what_was_refused_for_good_is_not_looked_for(
    door: Door, ada: UserId, refusal: GatewayError
) -> None:
    """There is nothing, and no reason to make anybody wait."""

    async def create() -> None:
        raise refusal

    async def withdraw(*_: object) -> Generation:
        raise AssertionError("nothing was begun")

    door.world.generations.withdraw = withdraw  # type: ignore[method-assign]
    with pytest.raises(type(refusal)):
        await asked(unanswered(door), ada, create)


async def test_what_was_paid_for_is_said_to_be(door: Door, ada: UserId) -> None:
    """It had succeeded before anybody could stop it: once more would be twice."""
    door.world.generations.ends_at_once = GenerationStatus.SUCCEEDED
    refusal = TimedOut("Slow.")
    with pytest.raises(TimedOut):
        await asked(unanswered(door), ada, lost(door, ada, refusal))
    assert refusal.may_have_begun


async def test_what_can_not_be_stopped_now_is_stopped_later(door: Door, ada: UserId) -> None:
    """The request is answered meanwhile, with the word that it is not to be repeated."""
    withdraw, is_away, stopped = door.world.generations.withdraw, True, asyncio.Event()

    async def away(account_id: AccountId, key: str) -> Generation:
        if is_away:
            raise Unavailable("Away.")
        job = await withdraw(account_id, key)
        stopped.set()
        return job

    door.world.generations.withdraw = away  # type: ignore[method-assign]
    refusal = TimedOut("Slow.")
    with pytest.raises(TimedOut):
        await asked(unanswered(door, try_s=0.01), ada, lost(door, ada, refusal))
    (job,) = door.world.generations.jobs.values()
    assert (refusal.may_have_begun, job.status) == (True, GenerationStatus.QUEUED)
    is_away = False
    async with asyncio.timeout(30):
        await stopped.wait()
    (job,) = door.world.generations.jobs.values()
    assert job.status is GenerationStatus.CANCELLED
    assert (await door.world.ledger.balance(ada)).available == 100


async def test_a_process_that_ends_withdraws_what_is_left(door: Door, ada: UserId) -> None:
    """At once, however long it would have paused, and it waits for that."""
    withdraw, is_away = door.world.generations.withdraw, True

    async def away(account_id: AccountId, key: str) -> Generation:
        if is_away:
            raise Unavailable("Away.")
        return await withdraw(account_id, key)

    door.world.generations.withdraw = away  # type: ignore[method-assign]
    step = unanswered(door, pause_s=3_600, try_s=0.01)
    with pytest.raises(TimedOut):
        await asked(step, ada, lost(door, ada, TimedOut("Slow.")))
    is_away = False
    async with asyncio.timeout(10):
        await step.end(within_s=30)
    (job,) = door.world.generations.jobs.values()
    assert job.status is GenerationStatus.CANCELLED


async def test_a_process_that_ends_waits_no_longer_than_it_may(door: Door, ada: UserId) -> None:
    """What nobody stops by then is told to operators."""

    async def away(*_: object) -> Generation:
        raise Unavailable("Away.")

    door.world.generations.withdraw = away  # type: ignore[method-assign]
    step = unanswered(door, try_s=0.01)
    with pytest.raises(TimedOut):
        await asked(step, ada, lost(door, ada, TimedOut("Slow.")))
    with capture_logs() as logs:
        async with asyncio.timeout(10):
            await step.end(within_s=0.01)
    assert [(each["event"], each["account_id"]) for each in logs] == [("generation was not withdrawn", ada)]


@pytest.mark.parametrize(("may_come_back", "status"), [(False, "cancelled"), (True, "queued")])
async def test_who_is_cut_off_pays_for_nothing(
    door: Door, ada: UserId, may_come_back: bool, status: str
) -> None:
    """A server that stops cuts off what takes too long; whoever ends the process waits for what follows."""
    begun = asyncio.Event()

    async def create() -> None:
        await door.world.generations.create(ada, NEW)
        begun.set()
        await asyncio.Event().wait()

    step = unanswered(door)
    request = asyncio.create_task(asked(step, ada, create, may_come_back=may_come_back))
    async with asyncio.timeout(10):
        await begun.wait()
        ending = asyncio.create_task(step.end(within_s=30))
        request.cancel()
        await ending
    (job,) = door.world.generations.jobs.values()
    assert (job.status, request.cancelled()) == (status, True)
