"""The misshapen answers that a test can order, as they are on the wire."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import httpx
import openai
import pytest
from PIL import Image

from .conftest import CHAT_MODEL, IMAGE_MODEL, KEY

HEADERS = {"Authorization": f"Bearer {KEY}"}
SMALL = {"model": IMAGE_MODEL, "quality": "low"}


def drawn(url: str, prompt: str, n: int = 1) -> Any:
    """The body of an images answer."""
    body = {**SMALL, "prompt": prompt, "n": n}
    answer = httpx.post(f"{url}/v1/images/generations", json=body, headers=HEADERS, timeout=30)
    assert answer.status_code == 200
    return answer.json()


def streamed(url: str, prompt: str, **asked: Any) -> list[Any]:
    """The payloads of a chat stream, `[DONE]` among them."""
    body = {"model": CHAT_MODEL, "messages": [{"role": "user", "content": prompt}], "stream": True, **asked}
    answer = httpx.post(f"{url}/v1/chat/completions", json=body, headers=HEADERS)
    lines = [line.removeprefix("data: ") for line in answer.text.splitlines() if line]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


def deltas(payloads: list[Any]) -> list[dict[str, Any]]:
    """What the chunks say, the role's aside."""
    chunks = [payload["choices"][0]["delta"] for payload in payloads[1:] if "choices" in payload]
    return [delta for delta in chunks if delta]


def test_one_bad_picture_of_three(url: str) -> None:
    """The bomb is small on the wire, huge when unpacked, and the pictures before it are good."""
    files = [base64.b64decode(item["b64_json"]) for item in drawn(url, "fox [[answer:bomb]]", 3)["data"]]
    assert len(files[-1]) < 60_000
    assert Image.open(io.BytesIO(files[0])).size == (1024, 1024)
    with pytest.raises(Image.DecompressionBombError):
        Image.open(io.BytesIO(files[-1]))


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("gif", b"GIF8"),
        ("svg", b"<svg"),
        ("html", b"<!doctype html>"),
        ("mpo", b"\xff\xd8\xff"),
        ("truncated", b"\x89PNG"),
        ("noise", b"\x00\x01"),
        ("empty", b""),
    ],
)
def test_other_files(url: str, name: str, start: bytes) -> None:
    """Each file is what it is called."""
    (item,) = drawn(url, f"fox [[answer:{name}]]")["data"]
    assert base64.b64decode(item["b64_json"]).startswith(start)


def test_addresses_are_served(url: str) -> None:
    """An address leads to the picture; the odd one has letters that are not ASCII."""
    plain = drawn(url, "fox [[answer:url]]")["data"][0]["url"]
    odd = drawn(url, "fox [[answer:non_ascii_url]]")["data"][0]["url"]
    assert "图片" in odd
    assert httpx.get(plain).content == httpx.get(odd).content
    assert httpx.get(plain).headers["content-type"] == "image/png"
    assert httpx.get(f"{url}/files/unknown/x.png").status_code == 404


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("data_url", {"data": [{"url": "data:image/png;base64,"}]}),
        ("data_url_in_b64", {"data": [{"b64_json": "data:image/png;base64,"}]}),
        ("null_items", {"data": [None]}),
        ("empty_data", {"data": []}),
        ("no_data", {}),
        ("error_body", {"error": {}}),
    ],
)
def test_shapes_of_an_answer(url: str, name: str, expected: dict[str, Any]) -> None:
    """What stands in the place of pictures."""
    answer = drawn(url, f"fox [[answer:{name}]]")
    assert {"data", "error"} & set(answer) == set(expected)
    for item, wanted in zip(answer.get("data", []), expected.get("data", []), strict=True):
        for field, start in (wanted or {}).items():
            assert item[field].startswith(start)


@pytest.mark.parametrize(
    ("name", "field", "pieces"),
    [
        ("split_emoji", "content", ["\ud83d", "\ude00"]),
        ("half_emoji", "content", ["\ud83d"]),
        ("part_lists", "content", [[{"type": "text", "text": "."}]]),
        ("reasoning_only", "reasoning_content", ["."]),
    ],
)
def test_odd_chunks(url: str, name: str, field: str, pieces: list[Any]) -> None:
    """The last chunks of text are of the ordered kind."""
    told = [delta[field] for delta in deltas(streamed(url, f"tin [[answer:{name}]]"))]
    assert told[-len(pieces) :] == pieces


@pytest.mark.parametrize(
    ("name", "finish", "done"),
    [
        ("reasoning_only", "length", True),
        ("content_filter", "content_filter", True),
        ("nothing", "stop", True),
        ("no_done", None, False),
        ("no_usage", "stop", True),
    ],
)
def test_odd_ends(url: str, name: str, finish: str | None, done: bool) -> None:
    """How a stream ends when it does not end well."""
    payloads = streamed(url, f"tin [[answer:{name}]]", stream_options={"include_usage": True})
    assert (payloads[-1] == "[DONE]") is done
    chunks = [payload for payload in payloads if payload != "[DONE]" and payload["choices"]]
    assert chunks[-1]["choices"][0]["finish_reason"] == finish
    assert any(payload != "[DONE]" and payload["usage"] for payload in payloads) == (
        name not in ("no_done", "no_usage")
    )


@pytest.mark.parametrize("name", ["error_event", "error_first"])
def test_errors_in_a_stream(sdk: openai.OpenAI, name: str) -> None:
    """The SDK raises what the event says, after the text or before any."""
    stream = sdk.chat.completions.create(
        model=CHAT_MODEL, messages=[{"role": "user", "content": f"tin [[answer:{name}]]"}], stream=True
    )
    said: list[str] = []
    with pytest.raises(openai.APIError, match="crashed"):
        said.extend(chunk.choices[0].delta.content or "" for chunk in stream)
    assert any(said) == (name == "error_event")


def test_endless_stream_ends_with_its_reader(url: str) -> None:
    """It takes no notice of the limit, and a reader who leaves leaves the stand-in well."""
    body = {
        "model": CHAT_MODEL,
        "messages": [{"role": "user", "content": "tin [[answer:endless]]"}],
        "stream": True,
        "max_tokens": 5,
    }
    with httpx.stream("POST", f"{url}/v1/chat/completions", json=body, headers=HEADERS) as answer:
        seen = [line for line, _ in zip(answer.iter_lines(), range(400), strict=False) if line]
    assert len(seen) == 200
    assert httpx.get(f"{url}/healthz").is_success


@pytest.mark.parametrize(
    ("name", "wrong", "status"),
    [
        ("no_max_tokens", {"max_tokens": 7}, 400),
        ("no_stream_options", {"stream_options": {"include_usage": True}}, 422),
        ("no_stream_options_400", {"stream_options": {"include_usage": True}}, 400),
    ],
)
def test_refused_parameters(url: str, name: str, wrong: dict[str, Any], status: int) -> None:
    """The parameter is refused and everything else works."""
    body = {
        "model": CHAT_MODEL,
        "messages": [{"role": "user", "content": f"tin [[answer:{name}]]"}],
        "stream": True,
    }
    refused = httpx.post(f"{url}/v1/chat/completions", json=body | wrong, headers=HEADERS)
    assert refused.status_code == status
    assert httpx.post(f"{url}/v1/chat/completions", json=body, headers=HEADERS).status_code == 200


def test_whole_json_and_error_bodies(url: str) -> None:
    """A stream was asked for; JSON comes."""
    (whole,) = streamed(url, "tin [[answer:whole_json]]")
    assert whole["object"] == "chat.completion"
    (error,) = streamed(url, "tin [[answer:error_body]]")
    assert set(error) == {"error"}


def test_an_answer_that_is_odd_once(url: str) -> None:
    """A counted answer happens that often."""
    assert "data" not in drawn(url, "fox [[answer:no_data:1]]")
    assert "data" in drawn(url, "fox [[answer:no_data:1]]")


@pytest.mark.parametrize(("path", "name"), [("images/generations", "endless"), ("chat/completions", "bomb")])
def test_an_unknown_answer_is_refused(url: str, path: str, name: str) -> None:
    """A marker with a mistake in it is no success."""
    body = {
        "images/generations": {**SMALL, "prompt": f"[[answer:{name}]]"},
        "chat/completions": {
            "model": CHAT_MODEL,
            "stream": True,
            "messages": [{"role": "user", "content": f"[[answer:{name}]]"}],
        },
    }[path]
    answer = httpx.post(f"{url}/v1/{path}", json=body, headers=HEADERS)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_value")


def test_retry_after_is_what_was_ordered(url: str) -> None:
    """The header of the failure carries the ordered seconds."""
    body = {**SMALL, "prompt": "fox [[fail:429]] [[retry_after:20]]"}
    answer = httpx.post(f"{url}/v1/images/generations", json=body, headers=HEADERS)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "20")


def test_trouble_in_rotation(url: str) -> None:
    """An order goes round over the requests of its endpoint that carry no markers, then ends."""
    order = {"rotation": ["[[fail:503]]", ""], "requests": 3, "endpoint": "images"}
    httpx.post(f"{url}/_test/trouble", json=order, headers=HEADERS).raise_for_status()
    assert len(streamed(url, "tin")) > 2
    statuses = [
        httpx.post(
            f"{url}/v1/images/generations", json={**SMALL, "prompt": prompt}, headers=HEADERS
        ).status_code
        for prompt in ("a fox", "[[fail:402]]", "a fox", "a fox", "a fox")
    ]
    assert statuses == [503, 402, 200, 503, 200]


def test_a_wrong_order_changes_nothing(url: str) -> None:
    """An order that is no markers is refused."""
    wrong = httpx.post(f"{url}/_test/trouble", json={"rotation": ["[[fial:503]]"]}, headers=HEADERS)
    assert wrong.status_code == 400
    assert "data" in drawn(url, "a fox")


def test_calls_are_counted(url: str) -> None:
    """Each prompt knows how often it came and how often it was billed."""
    drawn(url, "a fox")
    drawn(url, "a fox")
    body = {**SMALL, "prompt": "an owl [[fail:503]]"}
    httpx.post(f"{url}/v1/images/generations", json=body, headers=HEADERS)
    assert httpx.get(f"{url}/_test/calls", headers=HEADERS).json()["data"] == [
        {"prompt": "a fox", "calls": 2, "billed": 2},
        {"prompt": "an owl [[fail:503]]", "calls": 1, "billed": 0},
    ]
