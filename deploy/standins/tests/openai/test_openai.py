"""The stand-in driven by the official SDK."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from typing import Literal

import httpx
import openai
import pytest
from openai.types import ImageGenCompletedEvent, ImageGenPartialImageEvent
from openai.types.chat import ChatCompletionChunk
from PIL import Image
from pydantic import SecretStr
from standins.openai.app import create_app
from standins.openai.settings import OpenAISettings
from standins.serving import running

KEY = "sk-of-these-tests"
IMAGE_MODEL = "gpt-image-1-mini"
CHAT_MODEL = "gpt-4.1-mini"


@pytest.fixture
def url() -> Iterator[str]:
    """A running stand-in."""
    with running(create_app(OpenAISettings(api_key=SecretStr(KEY)))) as address:
        yield address


@pytest.fixture
def sdk(url: str) -> Iterator[openai.OpenAI]:
    """The official client; without retries, so that each answer is seen."""
    with openai.OpenAI(api_key=KEY, base_url=f"{url}/v1", max_retries=0) as client:
        yield client


def picture(encoded: str | None) -> Image.Image:
    """Decode a picture to the last pixel."""
    image = Image.open(io.BytesIO(base64.b64decode(encoded or "", validate=True)))
    image.load()
    return image


@pytest.mark.parametrize(
    ("output_format", "size"), [("png", "1024x1024"), ("webp", "1536x1024"), ("jpeg", "1024x1536")]
)
def test_images_have_the_size_and_format(
    sdk: openai.OpenAI, output_format: Literal["png", "webp", "jpeg"], size: str
) -> None:
    """Each picture is a real file of the requested kind, and pictures of one request differ."""
    answer = sdk.images.generate(
        model=IMAGE_MODEL,
        prompt="a red fox",
        n=2,
        size=size,
        output_format=output_format,
        quality="low",
    )
    assert answer.data is not None
    images = [picture(item.b64_json) for item in answer.data]
    assert [(image.format, f"{image.width}x{image.height}") for image in images] == [
        (output_format.upper(), size)
    ] * 2
    assert images[0].tobytes() != images[1].tobytes()
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens
    assert answer.usage.output_tokens >= 2 * 272


def test_same_prompt_same_picture(sdk: openai.OpenAI) -> None:
    """The prompt decides the picture."""
    shown = [
        sdk.images.generate(model=IMAGE_MODEL, prompt=prompt).data for prompt in ("a fox", "a fox", "an owl")
    ]
    first, again, other = [(data or [])[0].b64_json for data in shown]
    assert first == again
    assert first != other


def test_free_sizes_and_transparency(sdk: openai.OpenAI) -> None:
    """Newer models take sizes in steps of 16; a transparent picture has an alpha channel."""
    answer = sdk.images.generate(
        model="gpt-image-2", prompt="a fox", size="320x176", background="transparent", output_format="png"
    )
    assert answer.data is not None
    image = picture(answer.data[0].b64_json)
    assert (image.mode, image.size, answer.background) == ("RGBA", (320, 176), "transparent")


def test_image_stream(sdk: openai.OpenAI) -> None:
    """The stream gives the previews in order, then the finished picture with its usage."""
    stream = sdk.images.generate(model=IMAGE_MODEL, prompt="a fox", stream=True, partial_images=2)
    events = list(stream)
    partials = [item for item in events if isinstance(item, ImageGenPartialImageEvent)]
    assert [item.partial_image_index for item in partials] == [0, 1]
    last = events[-1]
    assert isinstance(last, ImageGenCompletedEvent)
    assert picture(last.b64_json).size == picture(partials[0].b64_json).size == (1024, 1024)
    assert last.usage.output_tokens > 0


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"size": "100x100"}, "size"),
        ({"n": 11}, "n"),
        ({"output_format": "bmp"}, "output_format"),
        ({"response_format": "url"}, "response_format"),
        ({"prompt": ""}, "prompt"),
        ({"background": "transparent", "output_format": "jpeg"}, "background"),
        ({"size": "5120x16", "model": "gpt-image-2"}, "size"),
    ],
)
def test_bad_image_parameters(url: str, wrong: dict[str, object], param: str) -> None:
    """A bad parameter is a 400 that names it."""
    body = {"model": IMAGE_MODEL, "prompt": "a fox", **wrong}
    answer = httpx.post(f"{url}/v1/images/generations", json=body, headers={"Authorization": f"Bearer {KEY}"})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert "data" not in answer.json()


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
