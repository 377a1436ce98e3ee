"""Replies, through the official SDK."""

from __future__ import annotations

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
