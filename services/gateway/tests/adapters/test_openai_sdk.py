"""OpenAI's own SDK, as a program has it, against the gateway on a socket."""

import asyncio
import json
from base64 import b64decode
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from gateway.adapters.outbound.memory.interactive import MemoryInteractiveGenerations
from gateway.adapters.outbound.memory.models import _model
from gateway.domain.errors import RateLimited, TimedOut, Unavailable
from gateway.domain.generation import Failure, Generation, GenerationStatus, Modality, NewGeneration
from gateway.domain.identifiers import AccountId
from gateway_world import SKETCH, Door, make_door
from openai import AsyncOpenAI
from openai_world import FILE, enter_openai
from served_app import served

pytestmark = [pytest.mark.server, pytest.mark.timeout(60)]

CHAT = "local/chat"
MESSAGES: Any = [{"role": "user", "content": "What is the weather?"}]
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Rome"}'}}
TOOLS: Any = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}


def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    """A part of an answer, as providers send it."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [choice] if delta else [],
        "usage": None if delta else USAGE,
    }


def completion(message: dict[str, Any], finish: str) -> dict[str, Any]:
    """A whole answer, as providers send it."""
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    return {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [choice],
        "usage": USAGE,
    }


@pytest.fixture
async def ada() -> AsyncIterator[Door]:
    """Ada, whose key the program has."""
    door = make_door()
    async with door.http:
        await enter_openai(door)
        door.world.generations.more_models.append(_model("chat", Modality.TEXT, "token", 2))
        yield door


@pytest.fixture
async def client(ada: Door) -> AsyncIterator[AsyncOpenAI]:
    """The SDK as it comes, with another address and another key."""
    key = ada.http.headers["Authorization"].removeprefix("Bearer ")
    async with (
        served(ada.app) as address,
        AsyncOpenAI(base_url=f"{address}/openai/v1", api_key=key) as client,
    ):
        yield client


@pytest.fixture
def chats(ada: Door) -> MemoryInteractiveGenerations:
    """Who answers chats."""
    return answering(ada)


def answering(ada: Door) -> MemoryInteractiveGenerations:
    """Let chats be answered; their jobs end with them."""
    ada.world.generations.ends_at_once = None
    ada.world.interactive.answer = completion({"content": "Sunny."}, "stop")
    ada.world.interactive.chunks = [chunk({"content": "Sun"}), chunk({"content": "ny."}, "stop"), chunk({})]
    return ada.world.interactive


async def test_models(client: AsyncOpenAI) -> None:
    """They are listed, and one is read by an id with a slash."""
    listed = [model.id async for model in client.models.list()]
    assert SKETCH in listed
    assert (await client.models.retrieve(SKETCH)).id == SKETCH


async def test_pictures(ada: Door, client: AsyncOpenAI) -> None:
    """From words and from a picture; a field of the model's own comes in `extra_body`."""
    made = await client.images.generate(
        model=SKETCH, prompt="a heron", size="1024x1024", n=1, user="u", extra_body={"seed": 7}
    )
    assert made.data is not None
    assert b64decode(made.data[0].b64_json or "") == FILE
    edited = await client.images.edit(
        model="local/edit",
        prompt="in sepia",
        image=[("a.png", b"one", "image/png"), ("b.png", b"two", "image/png")],
        response_format="url",
    )
    assert edited.data is not None
    assert edited.data[0].url
    drawn, changed = ada.world.generations.jobs.values()
    assert drawn.input["seed"] == 7
    assert len(changed.input["images"]) == 2


async def test_speech(ada: Door, client: AsyncOpenAI) -> None:
    """The bytes, whole and as they come."""
    sound_bytes = bytes(1024)
    ada.world.output_files.otherwise = [sound_bytes[:1000], sound_bytes[1000:]]
    said: Any = {"model": "local/speech", "voice": "ash", "input": "Good evening."}
    assert (await client.audio.speech.create(**said)).content == sound_bytes
    async with client.audio.speech.with_streaming_response.create(**said) as sound:
        assert b"".join([part async for part in sound.iter_bytes()]) == sound_bytes


async def test_a_chat(client: AsyncOpenAI, chats: MemoryInteractiveGenerations) -> None:
    """Whole, with a call of a tool."""
    chats.answer = completion({"content": None, "tool_calls": [CALL]}, "tool_calls")
    said = await client.chat.completions.create(model=CHAT, messages=MESSAGES, tools=TOOLS)
    (call,) = said.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert (call.function.name, json.loads(call.function.arguments)) == ("weather", {"city": "Rome"})
    assert said.usage is not None
    assert (said.usage.total_tokens, said.model) == (11, CHAT)
    assert said.id.startswith("gen_")


async def test_a_chat_in_chunks(client: AsyncOpenAI, chats: MemoryInteractiveGenerations) -> None:
    """Its words as they come, and what it cost beside the usage."""
    stream = await client.chat.completions.create(
        model=CHAT, messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    )
    chunks = [part async for part in stream]
    assert "".join(part.choices[0].delta.content or "" for part in chunks if part.choices) == "Sunny."
    assert chunks[-1].usage is not None
    assert (chunks[-1].model_extra or {})["tintype"]["credits_charged"] == 2


async def test_a_stream_with_its_helper(client: AsyncOpenAI, chats: MemoryInteractiveGenerations) -> None:
    """The SDK's own accumulation of chunks has the same."""
    async with client.chat.completions.stream(model=CHAT, messages=MESSAGES) as stream:
        async for _ in stream:
            pass
        final = await stream.get_final_completion()
    assert final.choices[0].message.content == "Sunny."


async def test_responses(client: AsyncOpenAI, chats: MemoryInteractiveGenerations) -> None:
    """Whole and in events, by the SDK's own reading of them."""
    made = await client.responses.create(model=CHAT, input="What is the weather?")
    assert (made.output_text, made.status) == ("Sunny.", "completed")
    async with client.responses.stream(model=CHAT, input="What is the weather?") as stream:
        kinds = [event.type async for event in stream]
        final = await stream.get_final_response()
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    assert final.output_text == "Sunny."
    assert final.usage is not None
    assert final.usage.total_tokens == 11
    chats.chunks = [chunk({"tool_calls": [{"index": 0, **CALL}]}, "tool_calls"), chunk({})]
    async with client.responses.stream(model=CHAT, input="?") as stream:
        called = [event async for event in stream if event.type == "response.function_call_arguments.done"]
    assert [json.loads(event.arguments) for event in called] == [{"city": "Rome"}]


async def test_errors_are_the_sdks_own(ada: Door, client: AsyncOpenAI) -> None:
    """Each has the class that a program catches, its code and its field."""
    with pytest.raises(openai.NotFoundError) as absent:
        await client.images.generate(model="gpt-image-9", prompt="a heron")
    assert (absent.value.code, absent.value.param) == ("model_not_found", "model")
    with pytest.raises(openai.BadRequestError) as wrong:
        await client.images.generate(model=SKETCH, prompt="a heron", background="transparent")
    assert (wrong.value.code, wrong.value.param) == ("unsupported_parameter", "background")
    with pytest.raises(openai.AuthenticationError) as stranger:
        await client.with_options(api_key="sk-other").models.list()
    assert stranger.value.code == "invalid_api_key"
    with pytest.raises(openai.BadRequestError) as stored:
        await client.responses.create(model=CHAT, input="Hi", previous_response_id="resp_1")
    assert stored.value.param == "previous_response_id"
    assert ada.world.generations.jobs == {}


async def test_too_few_credits_is_not_asked_again(ada: Door, client: AsyncOpenAI) -> None:
    """The SDK gives up at once: no pause helps."""
    (user_id,) = ada.world.identity.users
    ada.world.ledger.journal.clear()
    ada.world.ledger.lots.clear()
    before = len(ada.world.generations.jobs)
    with pytest.raises(openai.APIStatusError) as poor:
        await client.images.generate(model=SKETCH, prompt="a heron" * 20, n=4, extra_body={"seed": 1})
    assert (poor.value.status_code, poor.value.code) == (402, "insufficient_quota"), user_id
    assert len(ada.world.generations.jobs) == before + 1


async def test_what_may_help_is_asked_again(client: AsyncOpenAI, chats: MemoryInteractiveGenerations) -> None:
    """A limit and a service that is away: the SDK comes back by itself, and it is answered."""
    for refusal in (RateLimited("no", retry_after_s=0, reason="TOO_MANY_STREAMS"), Unavailable("no")):
        chats.asked.clear()
        chats.refusal = refusal

        async def recover() -> None:
            while not chats.asked:
                await asyncio.sleep(0)
            chats.refusal = None

        recovering = asyncio.ensure_future(recover())
        said = await client.chat.completions.create(model=CHAT, messages=MESSAGES)
        await recovering
        assert said.choices[0].message.content == "Sunny."
        assert len(chats.asked) == 2


@pytest.mark.parametrize("api", ["chat", "responses"])
async def test_a_stream_that_breaks_off(
    client: AsyncOpenAI, chats: MemoryInteractiveGenerations, api: str
) -> None:
    """The program learns of it: what came is no whole answer."""
    chats.broken_off = Failure(reason="PROVIDER_FAILED", detail="it broke")
    if api == "chat":
        stream = await client.chat.completions.create(model=CHAT, messages=MESSAGES, stream=True)
        with pytest.raises(openai.APIError) as broken:
            async for _ in stream:
                pass
        assert broken.value.code == "generation_failed"
    else:
        events = [event async for event in await client.responses.create(model=CHAT, input="Hi", stream=True)]
        assert events[-1].type == "response.failed"


async def test_a_program_that_runs_out_of_time(ada: Door, client: AsyncOpenAI) -> None:
    """Its job is cancelled: what it asks for again is not paid for twice."""
    ada.world.generations.ends_at_once = None
    with pytest.raises(openai.APITimeoutError):
        await client.with_options(timeout=0.3, max_retries=0).images.generate(model=SKETCH, prompt="a heron")
    (job_id,) = ada.world.generations.jobs
    async with asyncio.timeout(30):
        while ada.world.generations.jobs[job_id].status is not GenerationStatus.CANCELLED:
            await asyncio.sleep(0.01)


async def test_a_program_that_stops_reading(client: AsyncOpenAI, chats: MemoryInteractiveGenerations) -> None:
    """The chat is stopped."""
    chats.pause = asyncio.Event()
    stream = await client.chat.completions.create(model=CHAT, messages=MESSAGES, stream=True)
    assert await anext(aiter(stream))
    await stream.close()
    async with asyncio.timeout(30):
        while not chats.left:
            await asyncio.sleep(0.01)


async def test_what_the_sdk_repeats_by_itself_is_paid_for_once(
    ada: Door, client: AsyncOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger's answer was lost: the first picture never runs on beside the second."""
    generations, create, calls = ada.world.generations, ada.world.generations.create, list[str]()

    async def unanswered(account_id: AccountId, new: NewGeneration) -> tuple[Generation, bool]:
        calls.append(new.idempotency_key)
        generations.ends_at_once = GenerationStatus.SUCCEEDED if len(calls) > 1 else None
        made = await create(account_id, new)
        if len(calls) == 1:
            raise Unavailable("Away.", reason="LEDGER_UNAVAILABLE")
        return made

    monkeypatch.setattr(generations, "create", unanswered)
    await client.images.generate(model=SKETCH, prompt="a heron")
    assert len(set(calls)) == 2
    assert [job.credits_charged for job in generations.jobs.values()] == [0, 5]
    assert [job.status.value for job in generations.jobs.values()] == ["cancelled", "succeeded"]


async def test_what_may_have_been_paid_for_is_not_repeated(
    ada: Door, client: AsyncOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It succeeded unseen: the SDK raises, and asks for no second one."""
    create = ada.world.generations.create

    async def unanswered(account_id: AccountId, new: NewGeneration) -> tuple[Generation, bool]:
        await create(account_id, new)
        raise TimedOut("Slow.")

    monkeypatch.setattr(ada.world.generations, "create", unanswered)
    with pytest.raises(openai.InternalServerError) as refused:
        await client.images.generate(model=SKETCH, prompt="a heron")
    assert refused.value.code == "timed_out"
    assert len(ada.world.generations.jobs) == 1
