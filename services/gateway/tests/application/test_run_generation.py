"""Something is made for a request that waits: what came out, why not, and what is left when nobody waits."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from gateway.application.run_generation import RunGeneration, RunGenerationHandler
from gateway.bootstrap.parts import wire
from gateway.domain.errors import (
    Conflict,
    GatewayError,
    GenerationFailed,
    InvalidRequest,
    NotFound,
    RateLimited,
    TimedOut,
    Unavailable,
    WaitOver,
)
from gateway.domain.event import GenerationMoved, Stream
from gateway.domain.generation import Failure, Generation, GenerationStatus, NewGeneration
from gateway.domain.identifiers import AccountId, ModelId, SessionId, UserId
from gateway.domain.user import Principal, Role
from gateway_world import SKETCH, Door

BROKEN = Failure(reason="PROVIDER_FAILED", detail="broken")
REFUSED = Failure(reason="CONTENT_REFUSED", detail="no")
SESSION = SessionId("ses_" + "a" * 32)


@pytest.fixture
async def ada(door: Door) -> Principal:
    """A caller with credits."""
    user_id = UserId(await door.sign_up(welcome_credits=100))
    door.world.identity.sessions[SESSION] = user_id
    return Principal(
        user_id=user_id,
        email="ada@example.com",
        role=Role.USER,
        expires_at=door.clock.now() + timedelta(minutes=1),
        session_id=SESSION,
    )


def running(door: Door) -> RunGenerationHandler:
    """The use case over the door's memory."""
    return wire(door.world.ports).run_generation


def asked(who: Principal, *, may_come_back: bool = False, timeout_s: float = 60) -> RunGeneration:
    """A picture is asked for."""
    new = NewGeneration(
        model_id=ModelId(SKETCH), input={"prompt": "a heron"}, metadata={}, idempotency_key="k"
    )
    return RunGeneration(principal=who, new=new, timeout_s=timeout_s, may_come_back=may_come_back)


async def begun(door: Door) -> Generation:
    """The job, once there is one."""
    async with asyncio.timeout(30):
        while not door.world.generations.jobs:
            await asyncio.sleep(0)
    (job,) = door.world.generations.jobs.values()
    return job


async def test_what_succeeds_is_returned(door: Door, ada: Principal) -> None:
    """With its outputs and its charge; under the same key it is the first one again."""
    task = asyncio.ensure_future(running(door)(asked(ada)))
    job = await begun(door)
    door.world.generations.finish(job.generation_id, GenerationStatus.SUCCEEDED)
    fact = GenerationMoved(generation_id=job.generation_id, status=GenerationStatus.SUCCEEDED, progress=1)
    await door.world.feed.append(ada.user_id, Stream.GENERATION, fact)
    async with asyncio.timeout(30):
        made, replayed = await task
        again, is_replay = await running(door)(asked(ada))
    assert (made.credits_charged, len(made.outputs), replayed) == (5, 1, False)
    assert (again, is_replay) == (made, True)


@pytest.mark.parametrize(
    ("status", "failure", "refusal", "reason"),
    [
        (GenerationStatus.FAILED, None, GenerationFailed, "GENERATION_FAILED"),
        (
            GenerationStatus.FAILED,
            BROKEN,
            GenerationFailed,
            "GENERATION_FAILED",
        ),
        (GenerationStatus.FAILED, REFUSED, InvalidRequest, "CONTENT_REFUSED"),
        (GenerationStatus.CANCELLED, None, Conflict, "GENERATION_CANCELLED"),
    ],
)
async def test_what_does_not(
    door: Door,
    ada: Principal,
    status: GenerationStatus,
    failure: Failure | None,
    refusal: type[GatewayError],
    reason: str,
) -> None:
    """Each end has its refusal; none of them costs anything."""
    generations = door.world.generations
    generations.ends_at_once = status
    finish = generations.finish
    generations.finish = lambda job, how: replace(finish(job, how), failure=failure)  # type: ignore[method-assign]
    with pytest.raises(refusal) as refused:
        await running(door)(asked(ada))
    assert refused.value.reason == reason
    assert (await door.world.ledger.balance(ada.user_id)).available == 100


@pytest.mark.parametrize(("may_come_back", "status"), [(False, "cancelled"), (True, "queued")])
async def test_whoever_leaves_has_it_cancelled(
    door: Door, ada: Principal, may_come_back: bool, status: str
) -> None:
    """Unless they may come back for it."""
    task = asyncio.ensure_future(running(door)(asked(ada, may_come_back=may_come_back)))
    job = await begun(door)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    assert door.world.generations.jobs[job.generation_id].status == status


async def test_whoever_leaves_while_it_is_begun(
    door: Door, ada: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is begun all the same is known, and cancelled; a process that ends waits for that."""
    create, asked_for, go_on = door.world.generations.create, asyncio.Event(), asyncio.Event()

    async def slowly(account_id: AccountId, new: NewGeneration) -> tuple[Generation, bool]:
        asked_for.set()
        await go_on.wait()
        return await create(account_id, new)

    monkeypatch.setattr(door.world.generations, "create", slowly)
    run = running(door)
    task = asyncio.ensure_future(run(asked(ada)))
    async with asyncio.timeout(30):
        await asked_for.wait()
        task.cancel()
        ending = asyncio.ensure_future(run.unanswered.end(within_s=30))
        await asyncio.wait({ending}, timeout=0.01)
        assert not ending.done()
        go_on.set()
        await ending
    (job,) = door.world.generations.jobs.values()
    await asyncio.wait({task})
    assert (task.cancelled(), job.status) == (True, GenerationStatus.CANCELLED)


@pytest.mark.parametrize(("may_come_back", "status"), [(False, "cancelled"), (True, "queued")])
async def test_what_takes_too_long(door: Door, ada: Principal, may_come_back: bool, status: str) -> None:
    """It is given up, as for whoever leaves, and the caller is told which one it was."""
    with pytest.raises(WaitOver) as over:
        await running(door)(asked(ada, may_come_back=may_come_back, timeout_s=0.01))
    (job,) = door.world.generations.jobs.values()
    assert job.generation_id in over.value.detail
    assert job.status == status


@pytest.mark.parametrize("refusal", [Unavailable("Away."), TimedOut("Slow."), NotFound("Gone.")])
async def test_what_can_not_be_waited_for_is_given_up(
    door: Door, ada: Principal, refusal: GatewayError, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is told how it ends, and whoever asks again would pay for two."""
    given_up: list[str] = []

    async def generation(*_: object) -> Generation:
        raise refusal

    withdraw = door.world.generations.withdraw

    async def noted(account_id: AccountId, key: str) -> Generation:
        given_up.append(key)
        return await withdraw(account_id, key)

    monkeypatch.setattr(door.world.generations, "generation", generation)
    monkeypatch.setattr(door.world.generations, "withdraw", noted)
    with pytest.raises(type(refusal)) as refused:
        await running(door)(asked(ada, timeout_s=0.01))
    assert refused.value is refusal
    assert not refused.value.may_have_begun
    (job,) = door.world.generations.jobs.values()
    assert (given_up, job.status) == (["k"], GenerationStatus.CANCELLED)


async def test_as_many_wait_as_may(door: Door, ada: Principal) -> None:
    """One more is refused before anything is begun; a place that is free again is good for the next."""
    run = wire(replace(door.world.ports, waits_per_user_max=1)).run_generation
    waiting = asyncio.ensure_future(run(asked(ada, may_come_back=True)))
    job = await begun(door)
    before = door.state()
    with pytest.raises(RateLimited) as refused:
        await run(asked(ada))
    assert refused.value.reason == "TOO_MANY_WAITING"
    assert door.state() == before
    waiting.cancel()
    await asyncio.wait({waiting})
    door.world.generations.finish(job.generation_id, GenerationStatus.SUCCEEDED)
    assert (await run(asked(ada)))[1]
