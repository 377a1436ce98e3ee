"""Replies, through the official SDK."""

from __future__ import annotations

import json
import time

import httpx
import openai
import pytest

from .conftest import CHAT_MODEL, KEY


def test_completion(sdk: openai.OpenAI) -> None:
    """A reply quotes the prompt, is the same each time, and its usage adds up."""
    replies = [
        sdk.chat.completions.create(model=CHAT_MODEL, messages=[{"role": "user", "content": "tin plates"}])
        for _ in range(2)
    ]
    first, again = (reply.choices[0].message.content for reply in replies)
    assert first == again
    assert "tin plates" in (first or "")
    assert replies[0].choices[0].finish_reason == "stop"
    usage = replies[0].usage
    assert usage is not None
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


def test_length_limit(sdk: openai.OpenAI) -> None:
    """A reply longer than the limit stops there and says so."""
    reply = sdk.chat.completions.create(
        model=CHAT_MODEL, max_tokens=7, messages=[{"role": "user", "content": "[[words:50]]"}]
    )
    assert reply.usage is not None
    assert (reply.usage.completion_tokens, reply.choices[0].finish_reason) == (7, "length")


def test_a_pace(sdk: openai.OpenAI) -> None:
    """Chunks come as slowly as is asked, at least the one and the other of two words."""
    began = time.monotonic()
    stream = sdk.chat.completions.create(
        model=CHAT_MODEL,
        messages=[{"role": "user", "content": "[[words:2]][[pace:0.15]]"}],
        stream=True,
    )
    said = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
    assert time.monotonic() - began >= 0.3
    assert len(said.split()) == 2


def test_reasoning_models_take_the_newer_limit(sdk: openai.OpenAI) -> None:
    """max_tokens is refused by reasoning models, max_completion_tokens works."""
    with pytest.raises(openai.BadRequestError) as refused:
        sdk.chat.completions.create(
            model="gpt-5.4-mini", max_tokens=7, messages=[{"role": "user", "content": "hello"}]
        )
    assert (refused.value.param, refused.value.code) == ("max_tokens", "unsupported_parameter")
    reply = sdk.chat.completions.create(
        model="gpt-5.4-mini", max_completion_tokens=7, messages=[{"role": "user", "content": "hello"}]
    )
    assert reply.choices[0].finish_reason == "length"


async def test_chat_stream(url: str, sdk: openai.OpenAI) -> None:
    """The stream's pieces make the whole reply; the last chunk has no choices and the usage."""
    whole = sdk.chat.completions.create(model=CHAT_MODEL, messages=[{"role": "user", "content": "tin"}])
    async with openai.AsyncOpenAI(api_key=KEY, base_url=f"{url}/v1", max_retries=0) as client:
        stream = await client.chat.completions.create(
            model=CHAT_MODEL,
            messages=[{"role": "user", "content": "tin"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert (chunks[-1].choices, chunks[-1].usage) == ([], whole.usage)
    assert [chunk.usage for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert chunks[-2].choices[0].finish_reason == "stop"


def test_stream_ends_in_done(url: str) -> None:
    """On the wire a stream ends in `data: [DONE]`, and carries no usage unless asked."""
    body = {"model": CHAT_MODEL, "messages": [{"role": "user", "content": "tin"}], "stream": True}
    answer = httpx.post(f"{url}/v1/chat/completions", json=body, headers={"Authorization": f"Bearer {KEY}"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.endswith("data: [DONE]\n\n")
    assert "usage" not in answer.text


TOOL = {
    "type": "function",
    "function": {
        "name": "look_up",
        "parameters": {
            "type": "object",
            "properties": {"plate": {"type": "string"}, "count": {"type": "integer"}},
        },
    },
}


def post(url: str, **body: object) -> dict[str, object]:
    """A reply, as JSON."""
    said = {"model": CHAT_MODEL, "messages": [{"role": "user", "content": "tin plates"}]} | body
    answer = httpx.post(f"{url}/v1/chat/completions", json=said, headers={"authorization": f"Bearer {KEY}"})
    answer.raise_for_status()
    found: dict[str, object] = answer.json()
    return found


def test_several_choices(url: str) -> None:
    """Each is another, and the usage is that of all."""
    choices = post(url, n=3, logprobs=True)["choices"]
    assert isinstance(choices, list)
    assert [choice["index"] for choice in choices] == [0, 1, 2]
    assert len({choice["message"]["content"] for choice in choices}) == 3
    assert choices[0]["logprobs"]["content"][0]["top_logprobs"] == []


def test_a_tool_is_called_once_for_what_a_user_says(sdk: openai.OpenAI) -> None:
    """Whole and in pieces the same; its result is answered with a text."""
    asked = {"model": CHAT_MODEL, "tools": [TOOL], "messages": [{"role": "user", "content": "which?"}]}
    (call,) = sdk.chat.completions.create(**asked).choices[0].message.tool_calls or []  # type: ignore[call-overload]
    assert (call.function.name, call.function.arguments) == ("look_up", '{"plate": "tin", "count": 1}')
    pieces = list(sdk.chat.completions.create(**asked, stream=True))  # type: ignore[call-overload]
    told = [
        each.choices[0].delta.tool_calls[0].function for each in pieces if each.choices[0].delta.tool_calls
    ]
    assert "".join(piece.arguments for piece in told) == call.function.arguments
    result = {"role": "tool", "tool_call_id": call.id, "content": "tin"}
    asked["messages"] = [*asked["messages"], {"role": "assistant", "tool_calls": [call.to_dict()]}, result]
    assert sdk.chat.completions.create(**asked).choices[0].message.content  # type: ignore[call-overload]


def test_json_is_written_where_it_is_wanted(url: str) -> None:
    """An object, or something of the schema."""
    schema = {"name": "plate", "schema": {"type": "object", "properties": {"is_old": {"type": "boolean"}}}}
    wanted = [{"type": "json_object"}, {"type": "json_schema", "json_schema": schema}]
    written = [post(url, response_format=each)["choices"][0]["message"]["content"] for each in wanted]  # type: ignore[index]
    assert "reply" in json.loads(written[0])
    assert json.loads(written[1]) == {"is_old": True}


def test_a_picture_counts(url: str) -> None:
    """As the small number that it is at a low detail."""
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    said = [{"role": "user", "content": [{"type": "text", "text": "tin plates"}, picture]}]
    without, with_one = post(url)["usage"], post(url, messages=said)["usage"]
    assert with_one["prompt_tokens"] - without["prompt_tokens"] == 85  # type: ignore[index]
