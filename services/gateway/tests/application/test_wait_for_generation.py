"""A request waits for its generation: quickly by the feed, certainly without it, and never for ever."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from gateway.adapters.outbound.memory.event_feed import MemoryEventFeed
from gateway.application.standing_proofs import StandingProofs
from gateway.application.wait_for_generation import WaitForGeneration, WaitForGenerationHandler
from gateway.domain.errors import NotFound, Unauthenticated, Unavailable
from gateway.domain.event import Cursor, Delivery, GenerationMoved, Stream
from gateway.domain.generation import Generation, GenerationStatus
from gateway.domain.identifiers import AccountId, GenerationId, SessionId, UserId
from gateway.domain.user import Principal, Role
from gateway_world import Door

LONG_S = 120.0
SESSION = SessionId("ses_" + "a" * 32)


@dataclass
class CountedGenerations:
    """Answers what a test says: each look takes the first state, and the last one stays."""

    states: list[Generation | Exception]
    looks: int = 0
    looked: asyncio.Event = field(default_factory=asyncio.Event)

    async def generation(self, account_id: AccountId, generation_id: GenerationId) -> Generation:
        """See Generations."""
        self.looks += 1
        self.looked.set()
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(state, Exception):
            raise state
        return state


class SilentFeed:
    """Follows, and never tells anything."""

    async def follow(self, account_id: AccountId, after: Cursor | None) -> AsyncIterator[Delivery]:
        """See EventFeed."""
        await asyncio.Event().wait()
        yield  # type: ignore[misc]


class AbsentFeed:
    """Can't be read."""

    async def follow(self, account_id: AccountId, after: Cursor | None) -> AsyncIterator[Delivery]:
        """See EventFeed."""
        raise Unavailable("Events are not available right now.")
        yield


@pytest.fixture
async def ada(door: Door) -> Principal:
    """A caller who is signed in."""
    user_id = UserId(await door.sign_up(welcome_credits=100))
    door.world.identity.sessions[SESSION] = user_id
    return Principal(
        user_id=user_id,
        email="ada@example.com",
        role=Role.USER,
        expires_at=door.clock.now() + timedelta(minutes=1),
        session_id=SESSION,
    )


@pytest.fixture
async def queued(door: Door, ada: Principal) -> Generation:
    """Ada's job, which waits."""
    job = (await door.generate()).json()["id"]
    return await door.world.generations.generation(ada.user_id, GenerationId(job))


def asked(who: Principal, job: Generation, *, timeout_s: float = LONG_S) -> WaitForGeneration:
    """Somebody waits for a job."""
    return WaitForGeneration(principal=who, generation_id=job.generation_id, timeout_s=timeout_s)


def waiting(door: Door, **more: object) -> WaitForGenerationHandler:
    """The use case; looks of its own are hours apart."""
    parts: dict[str, object] = {
        "feed": door.world.feed,
        "generations": door.world.generations,
        "proofs": StandingProofs(door.open_sessions, door.known_keys),
        "first_look_s": 3_600.0,
        "look_max_s": 3_600.0,
    }
    return WaitForGenerationHandler(**(parts | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "status", [GenerationStatus.SUCCEEDED, GenerationStatus.FAILED, GenerationStatus.CANCELLED]
)
async def test_its_end_is_heard(
    door: Door, ada: Principal, queued: Generation, status: GenerationStatus
) -> None:
    """However it ends, whoever waits has it as it is then, long before they would have looked again."""
    states = CountedGenerations([queued])
    wait = waiting(door, generations=states)
    async with asyncio.timeout(30):
        task = asyncio.ensure_future(wait(asked(ada, queued)))
        await states.looked.wait()
        states.states = [replace(queued, status=status)]
        moved = GenerationMoved(generation_id=queued.generation_id, status=status, progress=1.0)
        await door.world.feed.append(ada.user_id, Stream.GENERATION, moved)
        assert (await task).status is status
    # At the beginning, perhaps once more when the feed was there, and at the end.
    assert states.looks <= 3


async def test_what_has_ended_is_not_waited_for(door: Door, ada: Principal, queued: Generation) -> None:
    """Also where nobody tells of it any more."""
    door.world.generations.finish(queued.generation_id, GenerationStatus.SUCCEEDED)
    async with asyncio.timeout(30):
        ended = await waiting(door, feed=SilentFeed())(asked(ada, queued))
    assert ended.outputs


@pytest.mark.parametrize("feed", [SilentFeed(), AbsentFeed()])
async def test_without_a_feed_it_is_looked_at(
    door: Door, ada: Principal, queued: Generation, feed: object
) -> None:
    """A feed that is down or silent, and a look that fails: the next look finds the end."""
    done = replace(queued, status=GenerationStatus.SUCCEEDED)
    states = CountedGenerations([queued, Unavailable("Away."), queued, done])
    wait = waiting(door, feed=feed, generations=states, first_look_s=0.001, look_max_s=0.002)
    async with asyncio.timeout(30):
        assert await wait(asked(ada, queued)) == done
    assert states.looks == 4


async def test_it_does_not_wait_for_ever(door: Door, ada: Principal, queued: Generation) -> None:
    """After the time it is returned as it is, and nothing was changed."""
    before = door.state()
    async with asyncio.timeout(30):
        assert await waiting(door)(asked(ada, queued, timeout_s=0.01)) == queued
    assert door.state() == before


async def test_the_last_look_counts(door: Door, ada: Principal, queued: Generation) -> None:
    """Where even that is not answered, whoever waited is told so."""
    states = CountedGenerations([queued, Unavailable("Away.")])
    with pytest.raises(Unavailable):
        async with asyncio.timeout(30):
            await waiting(door, feed=SilentFeed(), generations=states)(asked(ada, queued, timeout_s=0.01))


async def test_others_news_is_no_news(door: Door, ada: Principal, queued: Generation) -> None:
    """Neither progress, nor another job's end, nor another account's facts have it looked at."""
    states = CountedGenerations([queued])
    heard = asyncio.Event()

    class Heard(MemoryEventFeed):
        async def follow(self, account_id: AccountId, after: Cursor | None) -> AsyncIterator[Delivery]:
            yield Delivery(cursor=self._now(), is_fresh=True)
            for job, status in [
                (queued.generation_id, GenerationStatus.PROCESSING),
                (GenerationId("gen_" + "b" * 32), GenerationStatus.SUCCEEDED),
            ]:
                fact = GenerationMoved(generation_id=job, status=status, progress=0.5)
                yield Delivery(cursor=self._now(), fact=fact)
            heard.set()
            await asyncio.Event().wait()

    task = asyncio.ensure_future(waiting(door, feed=Heard(), generations=states)(asked(ada, queued)))
    async with asyncio.timeout(30):
        await heard.wait()
        await states.looked.wait()
    looks = states.looks
    assert looks <= 2
    assert not task.done()
    task.cancel()
    await asyncio.wait({task})
    assert states.looks == looks


async def test_a_strangers_is_not_there(door: Door, queued: Generation) -> None:
    """Nobody learns by waiting what they may not read."""
    bob_id = UserId(await door.sign_up("bob@example.com"))
    door.world.identity.sessions[SESSION] = bob_id
    bob = Principal(
        user_id=bob_id,
        email="bob@example.com",
        role=Role.USER,
        expires_at=door.clock.now() + timedelta(minutes=1),
        session_id=SESSION,
    )
    with pytest.raises(NotFound):
        await waiting(door)(asked(bob, queued))


async def test_whose_proof_ends_waits_no_longer(door: Door, ada: Principal, queued: Generation) -> None:
    """A session that ended learns nothing of what its job became."""
    before = door.state()
    task = asyncio.ensure_future(waiting(door)(asked(ada, queued)))
    await asyncio.sleep(0)
    del door.world.identity.sessions[SESSION]
    door.open_sessions.doubt(ada.user_id)
    async with asyncio.timeout(30):
        with pytest.raises(Unauthenticated):
            await task
    assert door.state() == before


async def test_whoever_gives_up_leaves_it_alone(door: Door, ada: Principal, queued: Generation) -> None:
    """The job goes on, and nobody follows the feed for them any more."""
    task = asyncio.ensure_future(waiting(door)(asked(ada, queued)))
    await asyncio.sleep(0)
    before = door.state()
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    assert door.state() == before
