"""Keys, models, errors and the failures that a prompt can order."""

from __future__ import annotations

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletionChunk

from .conftest import CHAT_MODEL, IMAGE_MODEL, KEY


@pytest.mark.parametrize(
    ("marker", "error", "code"),
    [
        ("fail:moderation", openai.BadRequestError, "moderation_blocked"),
        ("fail:401", openai.AuthenticationError, "invalid_api_key"),
        ("fail:429", openai.RateLimitError, "rate_limit_exceeded"),
        ("fail:quota", openai.RateLimitError, "insufficient_quota"),
        ("fail:500", openai.InternalServerError, None),
        ("fail:503", openai.InternalServerError, "overloaded"),
    ],
)
def test_ordered_failures(
    sdk: openai.OpenAI, marker: str, error: type[openai.APIStatusError], code: str | None
) -> None:
    """Each failure raises the SDK's own exception, for images and chat alike."""
    with pytest.raises(error) as refused:
        sdk.images.generate(model=IMAGE_MODEL, prompt=f"a fox [[{marker}]]")
    assert refused.value.code == code
    with pytest.raises(error):
        sdk.chat.completions.create(model=CHAT_MODEL, messages=[{"role": "user", "content": f"[[{marker}]]"}])
    assert refused.value.response.headers.get("retry-after") == ("1" if marker == "fail:429" else None)


def test_failure_that_passes(sdk: openai.OpenAI) -> None:
    """A counted failure happens that often, then the same request works."""
    for _ in range(2):
        with pytest.raises(openai.InternalServerError):
            sdk.images.generate(model=IMAGE_MODEL, prompt="a fox [[fail:500:2]]")
    assert sdk.images.generate(model=IMAGE_MODEL, prompt="a fox [[fail:500:2]]").data


def test_stall_outlasts_a_timeout(sdk: openai.OpenAI) -> None:
    """A stalled request runs into the caller's timeout."""
    with pytest.raises(openai.APITimeoutError):
        sdk.with_options(timeout=0.2).images.generate(model=IMAGE_MODEL, prompt="a fox [[stall:2]]")


def test_cut_stream_breaks(sdk: openai.OpenAI) -> None:
    """A cut stream gives a part of the text, no usage and no end, then fails."""
    stream = sdk.chat.completions.create(
        model=CHAT_MODEL,
        messages=[{"role": "user", "content": "[[cut]] [[words:20]]"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    received: list[ChatCompletionChunk] = []
    with pytest.raises(openai.APIConnectionError):
        received.extend(stream)
    assert all(chunk.choices[0].finish_reason is None and chunk.usage is None for chunk in received)


def test_cut_answers_break(sdk: openai.OpenAI) -> None:
    """A cut answer that is no stream is never taken for a whole one."""
    with pytest.raises(openai.APIConnectionError):
        sdk.images.generate(model=IMAGE_MODEL, prompt="a fox [[cut]]")
    with pytest.raises(openai.APIConnectionError):
        sdk.chat.completions.create(model=CHAT_MODEL, messages=[{"role": "user", "content": "[[cut]]"}])


def test_models(sdk: openai.OpenAI) -> None:
    """The models are listed and fetched; an unknown one is 404, in use too."""
    assert {IMAGE_MODEL, CHAT_MODEL} <= {model.id for model in sdk.models.list()}
    assert sdk.models.retrieve(IMAGE_MODEL).id == IMAGE_MODEL
    with pytest.raises(openai.NotFoundError) as refused:
        sdk.images.generate(model="dall-e-3", prompt="a fox")
    assert refused.value.code == "model_not_found"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer sk-someone-elses-key"}])
def test_wrong_key(url: str, headers: dict[str, str]) -> None:
    """Without the key everything is 401 in the envelope, and the key is not repeated."""
    answer = httpx.post(f"{url}/v1/chat/completions", json={}, headers=headers)
    assert answer.status_code == 401
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
    assert "someone" not in answer.text


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"{}", b'{"model": "gpt-4.1-mini", "messages": [{"role": "king", "content": "x"}]}']
)
def test_malformed_bodies(url: str, body: bytes) -> None:
    """What is not a request is a 400 in the envelope."""
    headers = {"Authorization": f"Bearer {KEY}"}
    answer = httpx.post(f"{url}/v1/chat/completions", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_request_log(url: str, sdk: openai.OpenAI) -> None:
    """A test can see what was really sent, newest first."""
    sdk.images.generate(model=IMAGE_MODEL, prompt="a fox", quality="low")
    log = httpx.get(f"{url}/_test/requests", headers={"Authorization": f"Bearer {KEY}"}).json()["data"]
    assert [(entry["path"], entry["status"], entry["body"]["prompt"]) for entry in log] == [
        ("/v1/images/generations", 200, "a fox")
    ]
