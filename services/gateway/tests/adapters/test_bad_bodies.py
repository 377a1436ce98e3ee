"""Bodies that must be refused: a problem document, the right status, and nothing changed."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from gateway.adapters.inbound.middleware import BODY_MAX_BYTES, WEBHOOK_BODY_MAX_BYTES
from gateway_world import SKETCH, Door, assert_problem

# Goes over every body, for seconds.
pytestmark = pytest.mark.real_time

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "MALFORMED_JSON"),
        (b"", "MALFORMED_JSON"),
        (b"\xff\xfe", "MALFORMED_JSON"),
        (b'{"model": NaN, "input": {}}', "MALFORMED_JSON"),
        (b'{"model": "local/sketch", "input": {"seed": Infinity}}', "MALFORMED_JSON"),
        (b'{"model": "local/sketch", "input": {"seed": 1e999}}', "NUMBER_OUT_OF_RANGE"),
        (b'{"model": "local/sketch", "input": {"seed": 99999999999999999999}}', "NUMBER_OUT_OF_RANGE"),
        (b'{"model": "local/sketch", "input": {"seed": ' + b"9" * 5000 + b"}}", "NUMBER_OUT_OF_RANGE"),
        (b'{"model": "local/sketch", "input": {"prompt": "\\ud800"}}', "MALFORMED_JSON"),
        (b'{"model": "local/sketch", "input": {"prompt": "a\\u0000b"}}', "MALFORMED_JSON"),
        (b"[" * 100_000, "MALFORMED_JSON"),
        (b'{"a":' * 50 + b"1" + b"}" * 50, "MALFORMED_JSON"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_is_no_json(rich: Door, body: bytes, reason: str) -> None:
    """A body that is no JSON, or JSON that no service could hold, is 400."""
    before = rich.state()
    for path in ("/v1/generations", "/v1/quotes"):
        assert_problem(await rich.http.post(path, content=body, headers=JSON), 400, reason)
    assert rich.state() == before


@pytest.mark.parametrize(
    "body",
    [
        "a text",
        [],
        {},
        {"model": SKETCH},
        {"model": 7, "input": {}},
        {"model": SKETCH, "input": []},
        {"model": SKETCH, "input": {"prompt": "a heron"}, "surprise": 1},
        {"model": "x" * 200, "input": {}},
        {"model": SKETCH, "input": {"prompt": "a heron"}, "quote_id": ""},
        {"model": SKETCH, "input": {"prompt": "a heron"}, "provider_order": ["local"] * 17},
        {"model": SKETCH, "input": {"prompt": "a heron"}, "metadata": {str(n): n for n in range(51)}},
    ],
    ids=lambda value: str(value)[:40],
)
async def test_bodies_of_the_wrong_shape(rich: Door, body: Any) -> None:
    """Missing, unknown and mistyped fields are 422 and named."""
    before = rich.state()
    problem = assert_problem(await rich.http.post("/v1/generations", json=body), 422, "INVALID_REQUEST")
    assert problem["errors"]
    assert rich.state() == before


@pytest.mark.parametrize(
    ("job", "field"),
    [
        ({"prompt": "a heron" * 2001}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": "a heron", "ratio": "7:5"}, "ratio"),
        ({"prompt": "a heron", "output_count": -1}, "output_count"),
        ({"prompt": "a heron", "output_count": 5}, "output_count"),
        ({"prompt": "a heron", "seed": -1}, "seed"),
        ({"prompt": "a heron", "seed": 2**40}, "seed"),
        ({"prompt": "a heron", "unknown": True}, "input"),
    ],
)
async def test_inputs_outside_the_schema(rich: Door, job: dict[str, Any], field: str) -> None:
    """What the model's schema forbids is 422, for a quote and for a generation, and names the field."""
    before = rich.state()
    for path in ("/v1/generations", "/v1/quotes"):
        answer = await rich.http.post(path, json={"model": SKETCH, "input": job})
        problem = assert_problem(answer, 422, "INVALID_INPUT")
        assert problem["errors"][0]["field"] == field
    assert rich.state() == before


async def test_wrong_content_types(rich: Door) -> None:
    """A body that is not declared as JSON is 415, whatever it holds."""
    before = rich.state()
    body = json.dumps({"model": SKETCH, "input": {"prompt": "a heron"}})
    for content_type in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ):
        answer = await rich.http.post("/v1/generations", content=body, headers={"content-type": content_type})
        assert_problem(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
    assert_problem(await rich.http.post("/v1/generations", content=body), 415, "UNSUPPORTED_MEDIA_TYPE")
    assert rich.state() == before


async def test_bodies_that_are_too_large(rich: Door) -> None:
    """A body over the limit is 413, announced or not; the webhook's limit is lower."""
    before = rich.state()

    async def unannounced(size_bytes: int) -> AsyncIterator[bytes]:
        yield b'{"model": "'
        for _ in range(size_bytes // 65536):
            yield b"x" * 65536

    large = b"x" * (BODY_MAX_BYTES + 1)
    assert_problem(
        await rich.http.post("/v1/generations", content=large, headers=JSON), 413, "BODY_TOO_LARGE"
    )
    streamed = await rich.http.post("/v1/generations", content=unannounced(2 * BODY_MAX_BYTES), headers=JSON)
    assert_problem(streamed, 413, "BODY_TOO_LARGE")
    webhook = b"x" * (WEBHOOK_BODY_MAX_BYTES + 1)
    for path in ("/webhooks/stripe", "/webhooks/providers/local"):
        assert_problem(await rich.http.post(path, content=webhook), 413, "BODY_TOO_LARGE")
    streamed = await rich.http.post("/webhooks/stripe", content=unannounced(2 * WEBHOOK_BODY_MAX_BYTES))
    assert_problem(streamed, 413, "BODY_TOO_LARGE")
    assert rich.state() == before
