"""What a streamed picture looks like before it is whole: an extra that harms nothing and buys nothing."""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from gateway.adapters.outbound.memory.interactive import MemoryInteractiveGenerations
from gateway.application import watcher
from gateway.domain.errors import Conflict, RateLimited, TimedOut, Unavailable
from gateway.domain.generation import Failure, GenerationStatus
from gateway.domain.preview import PictureTokens
from gateway_world import SKETCH, Door, make_door
from openai import AsyncOpenAI
from openai_pictures import DRAW, EDIT, events, running, stream
from openai_world import FILE, assert_error, enter_openai
from served_app import served

FULL = RateLimited("Full.", retry_after_s=1, reason="TOO_MANY_STREAMS")
AWAY = Unavailable("Away.", reason="SERVICE_UNAVAILABLE")


@pytest.fixture
async def ada(door: Door) -> Door:
    """Ada's program; pictures are shown twice, and then they are there."""
    await enter_openai(door)
    door.world.interactive.previews = [b"blurred", b"clearer", b"clear", b"too many"]
    door.world.interactive.tokens = PictureTokens(text=3, image=4, output=472)
    return door


@pytest.fixture
def shown(ada: Door) -> MemoryInteractiveGenerations:
    """Who shows them."""
    return ada.world.interactive


async def test_they_come_before_the_picture(ada: Door, shown: MemoryInteractiveGenerations) -> None:
    """At most as many as were asked for, each with its facts; the tokens come with the picture."""
    told = await stream(ada, partial_images=3)
    first, second, third, last = events(told)
    assert [b64decode(event["b64_json"]) for event in (first, second, third)] == [
        b"blurred",
        b"clearer",
        b"clear",
    ]
    (job,) = ada.world.generations.jobs.values()
    assert {name: value for name, value in second.items() if name != "b64_json"} == {
        "event": "image_generation.partial_image",
        "type": "image_generation.partial_image",
        "partial_image_index": 1,
        "created_at": int(job.created_at.timestamp()),
        "size": "64x32",
        "quality": "auto",
        "background": "auto",
        "output_format": "webp",
    }
    assert b64decode(last["b64_json"]) == FILE
    assert last["usage"] == {
        "input_tokens": 7,
        "input_tokens_details": {"image_tokens": 4, "text_tokens": 3},
        "output_tokens": 472,
        "total_tokens": 479,
    }
    assert shown.previews_asked == [3]
    # What is shown is no part of what is asked for.
    assert job.input == {"prompt": "a heron"}
    assert told.headers["x-tintype-balance"] == "995"


async def test_of_a_changed_picture(ada: Door) -> None:
    """Under the names of edits."""
    sent = {"model": "local/edit", "prompt": "in sepia", "stream": "true", "partial_images": "1"}
    told = await ada.http.post(EDIT, data=sent, files={"image": ("a.png", b"one", "image/png")})
    assert [event["type"] for event in events(told)] == ["image_edit.partial_image", "image_edit.completed"]


@pytest.mark.parametrize("partial_images", [None, 0])
async def test_nobody_is_asked_who_is_not_wanted(
    ada: Door, shown: MemoryInteractiveGenerations, partial_images: int | None
) -> None:
    """A stream without previews is an ordinary generation."""
    assert len(events(await stream(ada, partial_images=partial_images))) == 1
    assert shown.previews_asked == []


@pytest.mark.parametrize(
    "refusal",
    [
        Conflict("None.", reason="PREVIEWS_NOT_OFFERED"),
        FULL,
        Unavailable("None here.", reason="CHATS_NOT_OFFERED"),
        AWAY,
    ],
)
async def test_without_them_it_is_made_all_the_same(
    ada: Door, shown: MemoryInteractiveGenerations, refusal: Exception
) -> None:
    """Nobody shows it, as many are shown as may, or nobody is there: one picture, one event."""
    shown.preview_refusal = refusal
    (event,) = events(await stream(ada, partial_images=2))
    assert b64decode(event["b64_json"]) == FILE
    (job,) = ada.world.generations.jobs.values()
    assert job.credits_charged == 5


async def test_who_breaks_off_showing_harms_nothing(ada: Door, shown: MemoryInteractiveGenerations) -> None:
    """What was shown was shown, and the picture comes by the ordinary way; it is bought once."""
    shown.preview_crash = AWAY
    told = events(await stream(ada, partial_images=2))
    assert [event["type"] for event in told][-1] == "image_generation.completed"
    assert told[-1]["usage"]["total_tokens"] == 0
    assert len(ada.world.generations.jobs) == 1


async def test_who_never_ends_showing_keeps_nobody_waiting(
    ada: Door, shown: MemoryInteractiveGenerations, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The picture is there: it is told."""
    monkeypatch.setattr(watcher, "LAST_WITHIN_S", 0.01)
    shown.pause = asyncio.Event()
    assert events(await stream(ada, partial_images=1))[-1]["type"] == "image_generation.completed"


async def test_too_few_credits(door: Door) -> None:
    """Is a status, and nothing is begun a second time in the other way."""
    await enter_openai(door, welcome=3)
    door.world.interactive.previews = [b"blurred"]
    before = door.world.ledger.journal.copy()
    assert_error(await stream(door, partial_images=2), 402, "insufficient_quota")
    assert (door.world.ledger.journal, len(door.world.generations.jobs)) == (before, 1)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (GenerationStatus.FAILED, "generation_failed"),
        (GenerationStatus.CANCELLED, "generation_cancelled"),
    ],
)
async def test_nothing_is_shown_after_a_refusal(
    ada: Door, shown: MemoryInteractiveGenerations, status: GenerationStatus, code: str
) -> None:
    """It failed before anybody took what was there: the refusal alone is told, and nothing is charged."""
    ada.world.generations.ends_at_once = status
    (only,) = events(await stream(ada, partial_images=2))
    assert only["error"]["code"] == code
    assert [job.credits_charged for job in ada.world.generations.jobs.values()] == [0]


@pytest.mark.real_time
async def test_one_that_fails_after_it_was_shown(
    ada: Door, shown: MemoryInteractiveGenerations, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was told stays told; the last event is the refusal, and nothing is charged."""
    ada.world.generations.ends_at_once = None
    shown.pause = asyncio.Event()
    monkeypatch.setattr(watcher, "LAST_WITHIN_S", 0.01)
    refused = Failure(reason="CONTENT_REFUSED", detail="the provider refused it")
    asking = asyncio.ensure_future(stream(ada, partial_images=2))
    job = await running(ada)
    # The stream has begun by the time that its previews were taken.
    async with asyncio.timeout(30):
        while not shown.previews_taken:
            await asyncio.sleep(0)
    for _ in range(50):
        await asyncio.sleep(0)
    ada.world.generations.finish(job.generation_id, GenerationStatus.FAILED, failure=refused)
    told = events(await asyncio.wait_for(asking, 30))
    assert told[-1]["error"]["code"] == "content_policy_violation"
    assert [event["event"] for event in told[:-1]] == ["image_generation.partial_image"] * 2
    assert (await ada.world.ledger.balance(job.account_id)).available == 1000


async def test_the_same_key_buys_once(ada: Door, shown: MemoryInteractiveGenerations) -> None:
    """A repeated request, with previews or not: the first one's picture, and nothing is shown again."""
    key = {"headers": {"Idempotency-Key": "k-1"}}
    first = events(await stream(ada, partial_images=2, **key))
    again = await stream(ada, partial_images=2, **key)
    assert again.headers["idempotency-replayed"] == "true"
    whole = await ada.http.post(DRAW, json={"model": SKETCH, "prompt": "a heron"}, **key)
    assert [event["b64_json"] for event in events(again)] == [first[-1]["b64_json"]]
    assert whole.json()["data"][0]["b64_json"] == first[-1]["b64_json"]
    assert len(ada.world.generations.jobs) == 1


@pytest.mark.parametrize("key", [None, "mine"])
async def test_what_may_have_begun_is_not_bought_again(
    ada: Door, shown: MemoryInteractiveGenerations, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    """The answer was lost: withdrawn by its key, or left for whoever has it; not begun in both ways."""
    ada.world.generations.ends_at_once = None
    preview = shown.preview

    async def unanswered(*args: Any, **more: Any) -> AsyncIterator[Any]:
        async for _ in preview(*args, **more):
            raise TimedOut("Slow.")
        yield

    monkeypatch.setattr(shown, "preview", unanswered)
    refused = await stream(ada, partial_images=2, headers={"Idempotency-Key": key} if key else {})
    assert_error(refused, 504, "timed_out")
    (job,) = ada.world.generations.jobs.values()
    assert job.status == ("queued" if key else "cancelled")


@pytest.mark.parametrize(("headers", "status"), [({}, "cancelled"), ({"Idempotency-Key": "mine"}, "queued")])
async def test_a_client_that_leaves(
    ada: Door, shown: MemoryInteractiveGenerations, headers: dict[str, str], status: str
) -> None:
    """While it is shown: cancelled, or left for whoever has its key; nobody is shown anything any more."""
    ada.world.generations.ends_at_once = None
    shown.pause = asyncio.Event()
    asking = asyncio.ensure_future(stream(ada, partial_images=2, headers=headers))
    job = await running(ada)
    async with asyncio.timeout(30):
        while not shown.previews_taken:
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait({asking})
        while shown.previews_open or ada.world.generations.jobs[job.generation_id].status != status:
            await asyncio.sleep(0)


@pytest.mark.server
@pytest.mark.timeout(60)
async def test_the_sdk_sees_them() -> None:
    """OpenAI's own SDK goes through the events as through OpenAI's, and raises what ends them early."""
    door = make_door()
    async with door.http:
        await enter_openai(door)
        shown = door.world.interactive
        shown.previews, shown.tokens = [b"blurred", b"clear"], PictureTokens(text=3, image=0, output=472)
        key = door.http.headers["Authorization"].removeprefix("Bearer ")
        async with (
            served(door.app) as address,
            AsyncOpenAI(base_url=f"{address}/openai/v1", api_key=key, max_retries=0) as client,
        ):
            told = [
                event
                async for event in await client.images.generate(
                    model=SKETCH, prompt="a heron", stream=True, partial_images=2
                )
            ]
            assert [event.type for event in told] == [
                "image_generation.partial_image",
                "image_generation.partial_image",
                "image_generation.completed",
            ]
            assert [event.partial_image_index for event in told[:2]] == [0, 1]  # type: ignore[union-attr]
            assert b64decode(told[-1].b64_json) == FILE
            assert told[-1].usage.output_tokens == 472  # type: ignore[union-attr]
            edited = await client.images.edit(
                model="local/edit",
                prompt="in sepia",
                image=("a.png", b"one", "image/png"),
                stream=True,
                partial_images=1,
            )
            assert [event.type async for event in edited] == [
                "image_edit.partial_image",
                "image_edit.completed",
            ]
            with pytest.raises(openai.BadRequestError) as several:
                await client.images.generate(model=SKETCH, prompt="a heron", stream=True, n=2)
            assert several.value.param == "n"
            door.world.output_files.otherwise = [b"half", None]
            broken = await client.images.generate(model=SKETCH, prompt="a heron", stream=True)
            with pytest.raises(openai.APIError) as unread:
                _ = [event async for event in broken]
            assert unread.value.code == "storage_unavailable"
