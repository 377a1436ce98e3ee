"""`Prefer: wait`: a request that is answered once its generation has ended, or after a while."""

import asyncio
from dataclasses import replace

import httpx
import pytest
from gateway.application.waiting_room import WaitingRoom
from gateway.domain.errors import Unavailable
from gateway.domain.event import GenerationMoved, Stream
from gateway.domain.generation import Generation, GenerationStatus
from gateway.domain.identifiers import AccountId, GenerationId, UserId
from gateway_world import SKETCH, Door, assert_problem
from starlette.types import Message

BODY = {"model": SKETCH, "input": {"prompt": "a heron"}}


@pytest.fixture
async def rich(door: Door) -> Door:
    """A gateway at which somebody has signed up who can pay."""
    await door.sign_up(welcome_credits=100)
    return door


async def job(door: Door, *, number: int = 1) -> GenerationId:
    """The job of this number, once it is there."""
    while len(door.world.generations.jobs) < number:
        await asyncio.sleep(0)
    return list(door.world.generations.jobs)[number - 1]


async def end(
    door: Door, generation_id: GenerationId, status: GenerationStatus = GenerationStatus.SUCCEEDED
) -> None:
    """End it, and tell of it."""
    ended = door.world.generations.finish(generation_id, status)
    moved = GenerationMoved(generation_id=generation_id, status=status, progress=ended.progress)
    await door.world.feed.append(AccountId(ended.account_id), Stream.GENERATION, moved)


def wait(door: Door, prefer: str, *, key: str | None = None) -> "asyncio.Future[httpx.Response]":
    """Ask for a picture, and wait."""
    headers = {"Prefer": prefer} | ({"Idempotency-Key": key} if key else {})
    return asyncio.ensure_future(door.http.post("/v1/generations", json=BODY, headers=headers))


def bounded(door: Door, *, wait_max_s: int = 60, places: int = 100, per_user_max: int = 100) -> WaitingRoom:
    """From now on these bounds hold."""
    deps, room = door.app.state.deps, WaitingRoom(places=places, per_user_max=per_user_max)
    handler = replace(deps.wait_as_preferred, wait_max_s=wait_max_s, room=room)
    door.app.state.deps = replace(deps, wait_as_preferred=handler)
    return room


@pytest.mark.parametrize("status", [GenerationStatus.SUCCEEDED, GenerationStatus.FAILED])
async def test_its_end_is_the_answer(rich: Door, status: GenerationStatus) -> None:
    """201 with what came out of it, however it ended."""
    asked = wait(rich, "wait=60")
    await end(rich, await job(rich), status)
    answer = await asked
    assert answer.status_code == 201
    assert answer.headers["preference-applied"] == "wait=60"
    assert answer.headers["location"] == f"/v1/generations/{answer.json()['id']}"
    assert answer.json()["status"] == status
    assert bool(answer.json()["outputs"]) == (status is GenerationStatus.SUCCEEDED)


@pytest.mark.real_time
async def test_what_takes_longer_is_answered_as_without(rich: Door) -> None:
    """202 with the running job, after the time, which it says; and it runs on."""
    answer = await wait(rich, "wait=1")
    assert (answer.status_code, answer.headers["preference-applied"]) == (202, "wait=1")
    assert answer.json()["status"] == "queued"
    assert not rich.world.generations.jobs[answer.json()["id"]].status.is_final


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "prefer",
    ["", "wait", "wait=", "wait=0", "wait=-5", "wait=soon", "wait=1.5", "waiting=9", "a=1;wait=9",
     "wait=" + "9" * 30, "wait=\u0661"],
)  # fmt: skip
async def test_a_preference_that_is_none_is_passed_over(rich: Door, prefer: str) -> None:
    """It is no error: the answer comes at once, and says that nothing was granted."""
    answer = await rich.http.post("/v1/generations", json=BODY, headers={b"Prefer": prefer.encode()})
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert "preference-applied" not in answer.headers


@pytest.mark.parametrize(
    "prefer",
    ['wait="7"', "WAIT = 7", "respond-async, wait=7", "wait=7, wait=50", "handling=lenient;x=1 ,wait=7;y"],
)
async def test_however_it_is_written(rich: Door, prefer: str) -> None:
    """As RFC 7240 allows; the first one counts."""
    asked = wait(rich, prefer)
    await end(rich, await job(rich))
    assert (await asked).headers["preference-applied"] == "wait=7"


async def test_two_headers_are_one(rich: Door) -> None:
    """A proxy may have added one."""
    headers = [("Prefer", "respond-async"), ("Prefer", "wait=7")]
    asked = asyncio.ensure_future(rich.http.post("/v1/generations", json=BODY, headers=headers))
    await end(rich, await job(rich))
    assert (await asked).headers["preference-applied"] == "wait=7"


async def test_it_is_bounded(rich: Door) -> None:
    """By a setting, which may also say that nobody waits."""
    bounded(rich, wait_max_s=5)
    asked = wait(rich, "wait=3600")
    await end(rich, await job(rich))
    assert (await asked).headers["preference-applied"] == "wait=5"
    bounded(rich, wait_max_s=0)
    answer = await wait(rich, "wait=60")
    assert answer.status_code == 202
    assert "preference-applied" not in answer.headers


async def test_the_same_key_waits_for_the_same(rich: Door) -> None:
    """Both are answered by the one job; once it has ended, nobody waits."""
    first, second = wait(rich, "wait=60", key="k"), wait(rich, "wait=60", key="k")
    await end(rich, await job(rich))
    answers = [await first, await second, await wait(rich, "wait=60", key="k")]
    assert [answer.status_code for answer in answers] == [201] * 3
    assert len({answer.json()["id"] for answer in answers}) == len(rich.world.generations.jobs) == 1
    replayed = [answer.headers.get("idempotency-replayed") for answer in answers]
    assert sorted(replayed, key=str) == [None, "true", "true"]
    other = {**BODY, "metadata": {"a": 1}}
    refused = await rich.http.post(
        "/v1/generations", json=other, headers={"Idempotency-Key": "k", "Prefer": "wait=60"}
    )
    assert_problem(refused, 422, "IDEMPOTENCY_KEY_REUSED")


async def test_a_refusal_does_not_wait(rich: Door) -> None:
    """Too few credits are too few at once."""
    bounded(rich)
    body = {"model": SKETCH, "input": {"prompt": "a heron", "output_count": 4}}
    for _ in range(5):
        await rich.http.post("/v1/generations", json=body)
    refused = await rich.http.post("/v1/generations", json=body, headers={"Prefer": "wait=60"})
    assert_problem(refused, 402, "INSUFFICIENT_CREDITS")


@pytest.mark.parametrize("bounds", [{"places": 1}, {"per_user_max": 1}])
async def test_who_finds_no_room_is_answered_at_once(rich: Door, bounds: dict[str, int]) -> None:
    """202, and the header is missing; who waits already goes on, and leaves their place behind."""
    bounded(rich, **bounds)
    waiting = wait(rich, "wait=60")
    first = await job(rich)
    turned_away = await wait(rich, "wait=60")
    assert turned_away.status_code == 202
    assert "preference-applied" not in turned_away.headers
    await end(rich, first)
    assert (await waiting).status_code == 201
    again = wait(rich, "wait=60")
    await end(rich, await job(rich, number=3))
    assert (await again).status_code == 201


async def test_one_user_leaves_room_for_others() -> None:
    """Whoever has all of theirs takes nobody else's."""
    room, ada, bob = WaitingRoom(places=3, per_user_max=2), UserId("usr_a"), UserId("usr_b")
    with room.place(ada) as first, room.place(ada) as second, room.place(ada) as third:
        assert (first, second, third) == (True, True, False)
        with room.place(bob) as his, room.place(bob) as no_more:
            assert (his, no_more) == (True, False)
    with room.place(bob) as again:
        assert again


async def test_whoever_leaves_keeps_no_place_and_no_job_ends(rich: Door) -> None:
    """The connection is gone: nobody waits any more, and what was paid for goes on."""
    bounded(rich, per_user_max=1)
    left = asyncio.Event()
    sent: list[Message] = []
    chunks = [{"type": "http.request", "body": httpx.Request("POST", "http://x", json=BODY).content}]

    async def receive() -> Message:
        if chunks:
            return chunks.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    token = rich.http.headers["authorization"]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/v1/generations", "raw_path": b"/v1/generations", "query_string": b"", "root_path": "",
        "client": ("127.0.0.1", 1), "server": ("gateway.test", 80),
        "headers": [(b"host", b"gateway.test"), (b"authorization", token.encode()), (b"prefer", b"wait=60"),
                    (b"content-type", b"application/json")],
    }  # fmt: skip
    serving = asyncio.ensure_future(rich.app(scope, receive, send))
    first = await job(rich)
    left.set()
    async with asyncio.timeout(30):
        await serving
    assert sent == []
    assert not rich.world.generations.jobs[first].status.is_final
    again = wait(rich, "wait=60")
    await end(rich, await job(rich, number=2))
    assert (await again).status_code == 201


class AwayGenerations:
    """Answers nothing."""

    async def generation(self, account_id: AccountId, generation_id: GenerationId) -> Generation:
        """See Generations."""
        raise Unavailable("Away.")


@pytest.mark.real_time
async def test_a_service_that_is_away_costs_the_wait_and_not_the_answer(rich: Door) -> None:
    """It was made, and its id is told."""
    deps = rich.app.state.deps
    waiting = replace(deps.wait_for_generation, generations=AwayGenerations())
    preferred = replace(deps.wait_as_preferred, wait_for_generation=waiting)
    rich.app.state.deps = replace(deps, wait_as_preferred=preferred)
    answer = await wait(rich, "wait=1")
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert answer.json()["id"] in rich.world.generations.jobs
