"""What is known of sessions at identity: for a second, asked for many at once, doubted when told."""

import asyncio
import gc
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from gateway.adapters.outbound.memory.identity import MemoryIdentity
from gateway.application import recent_answers
from gateway.application.open_sessions import OpenSessions
from gateway.domain.errors import Unauthenticated, Unavailable
from gateway.domain.identifiers import UserId
from gateway.domain.user import Principal, Role
from gateway_world import ToldClock

ADA, BOB = UserId("usr_ada"), UserId("usr_bob")


class AskedIdentity(MemoryIdentity):
    """Remembers what it was asked, can be away, and can be made to wait before it answers."""

    asked: list[list[str]]
    is_away = False
    pause: asyncio.Event | None = None

    async def open_sessions(self, session_ids: Sequence[str]) -> frozenset[str]:
        """See Identity."""
        self.asked.append(list(session_ids))
        answer = await super().open_sessions(session_ids)
        if self.pause is not None:
            await self.pause.wait()
        if self.is_away:
            raise Unavailable("away")
        return answer


@dataclass
class Wall:
    """The knowledge under test, what it asks, and the time it sees."""

    seconds: float = 100.0
    identity: AskedIdentity = field(default_factory=lambda: AskedIdentity(ToldClock()))

    def __post_init__(self) -> None:
        self.identity.asked = []
        self.identity.sessions |= {"ses_ada": ADA, "ses_bob": BOB}
        self.known = OpenSessions(self.identity, life_s=1.0, monotonic=lambda: self.seconds)

    async def stands(self, user_id: UserId = ADA, session_id: str = "ses_ada") -> bool:
        """Whether a session stands, a moment later."""
        self.seconds += 0.001
        return await self.known.stands(user_id, session_id)


@pytest.fixture
def wall() -> Wall:
    """A fresh one."""
    return Wall()


def ada(clock: ToldClock) -> Principal:
    """Ada by her session."""
    return Principal(
        user_id=ADA, email="a@b.co", role=Role.USER, expires_at=clock.now(), session_id="ses_ada"
    )


async def test_one_question_a_second(wall: Wall) -> None:
    """However often a session is used; and the end is noticed within a second of the question before it."""
    for _ in range(50):
        assert await wall.stands()
    assert wall.identity.asked == [["ses_ada"]]
    del wall.identity.sessions["ses_ada"]
    wall.seconds = 100.001 + 0.99
    assert await wall.stands()
    wall.seconds = 100.001 + 1.0
    assert not await wall.stands()
    with pytest.raises(Unauthenticated) as refused:
        await wall.known.require(ada(wall.identity.clock))  # type: ignore[arg-type]
    assert refused.value.reason == "SESSION_ENDED"
    assert len(wall.identity.asked) == 2


async def test_the_second_counts_from_the_question(wall: Wall) -> None:
    """An answer that was long on its way says nothing about now: the session may have ended meanwhile."""
    wall.identity.pause = asyncio.Event()
    asked = asyncio.create_task(wall.stands())
    while not wall.identity.asked:
        await asyncio.sleep(0)
    del wall.identity.sessions["ses_ada"]
    wall.seconds += 1.5
    wall.identity.pause.set()
    assert not await asked
    assert len(wall.identity.asked) == 2


async def test_many_who_come_together_are_one_question(wall: Wall) -> None:
    """Those who come while identity is asked share the next call, each session once, 500 at a time."""
    wall.identity.sessions |= {f"ses_{n}": ADA for n in range(1_200)}
    answers = await asyncio.gather(
        *(wall.known.stands(ADA, f"ses_{n}") for n in range(1_200) for _ in range(3)),
        wall.known.stands(ADA, "ses_nobody"),
    )
    assert answers == [True] * 3_600 + [False]
    assert [len(batch) for batch in wall.identity.asked] == [500, 500, 201]


async def test_who_is_told_of_an_end_asks_again(wall: Wall) -> None:
    """The user's sessions are asked about anew, nobody else's."""
    assert await wall.stands()
    assert await wall.stands(BOB, "ses_bob")
    del wall.identity.sessions["ses_ada"]
    assert await wall.stands()
    wall.known.doubt(ADA)
    assert not await wall.stands()
    assert await wall.stands(BOB, "ses_bob")
    assert wall.identity.asked == [["ses_ada"], ["ses_bob"], ["ses_ada"]]


async def test_an_answer_from_before_the_end_is_not_believed(wall: Wall) -> None:
    """Told while identity is being asked: its answer may be older, so it is asked once more."""
    wall.identity.pause = asyncio.Event()
    asked = asyncio.create_task(wall.stands())
    while not wall.identity.asked:
        await asyncio.sleep(0)
    del wall.identity.sessions["ses_ada"]
    wall.seconds += 0.001
    wall.known.doubt(ADA)
    wall.seconds += 0.001
    wall.identity.pause.set()
    assert not await asked


async def test_without_an_answer_nobody_passes(wall: Wall) -> None:
    """While identity is away what was known counts to its second's end, then it is 503; then all is well."""
    assert await wall.stands()
    wall.identity.is_away = True
    assert await wall.stands()
    wall.seconds += 1
    for _ in range(2):
        with pytest.raises(Unavailable) as refused:
            await wall.stands()
        assert refused.value.reason == "SESSION_STATE_UNKNOWN"
    wall.identity.is_away = False
    assert await wall.stands()


async def test_our_own_bug_keeps_nobody_waiting(wall: Wall, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody who waits for the answer gets the error, and the next question is asked as ever."""

    async def broken(_session_ids: object) -> frozenset[str]:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(wall.identity, "open_sessions", broken)
        outcomes = await asyncio.gather(*(wall.stands() for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in outcomes] == [ZeroDivisionError] * 3
    assert await wall.stands()


async def test_one_who_leaves_takes_nobody_along(wall: Wall) -> None:
    """A request that is given up leaves the others their answer."""
    wall.identity.pause = asyncio.Event()
    leaving, staying = (asyncio.create_task(wall.stands()) for _ in range(2))
    while not wall.identity.asked:
        await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait({leaving})
    wall.identity.pause.set()
    assert await staying
    assert wall.identity.asked == [["ses_ada"]]


async def test_memory_is_bounded(wall: Wall, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not used for longest is forgotten; doubts are forgotten once they matter no more."""
    monkeypatch.setattr(recent_answers, "KNOWN_MAX", 10)
    for number in range(100):
        wall.seconds += 0.1
        wall.known.doubt(f"usr_{number}")
        await wall.known.stands(ADA, f"ses_{number}")
    assert len(wall.known._answers._known) == 10
    assert len(wall.known._answers._doubted) <= 12


async def test_whoever_waits_for_an_end_is_told(wall: Wall, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the fact at once, or by looking again; and while identity is away a stream goes on."""
    principal = ada(wall.identity.clock)  # type: ignore[arg-type]
    waiting = asyncio.create_task(wall.known.ended(principal))
    while not wall.identity.asked:
        await asyncio.sleep(0)
    del wall.identity.sessions["ses_ada"]
    wall.seconds += 0.001
    wall.known.doubt(ADA)
    wall.seconds += 0.001
    async with asyncio.timeout(10):
        await waiting
    monkeypatch.setattr(recent_answers, "LOOK_EVERY_S", 0.01)
    wall.identity.sessions["ses_ada"] = ADA
    wall.identity.is_away = True
    wall.seconds += 1
    waiting = asyncio.create_task(wall.known.ended(principal))
    before = len(wall.identity.asked)
    while len(wall.identity.asked) < before + 3:
        await asyncio.sleep(0.01)
    assert not waiting.done()
    wall.identity.is_away = False
    del wall.identity.sessions["ses_ada"]
    async with asyncio.timeout(10):
        await waiting
    # What is left of a timeout may refer to itself.
    gc.collect()
    assert not wall.known._answers._told
