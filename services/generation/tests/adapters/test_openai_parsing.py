"""What a provider may send without anybody raising over it: any JSON, any text, any header."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from embedded.memory_only import examples
from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.providers.openai.answers import events
from generation.adapters.outbound.providers.openai.encoded_files import inline_file
from generation.adapters.outbound.providers.openai.failures import AnswerBroken, failed_body
from generation.adapters.outbound.providers.openai.images import report_on
from generation.adapters.outbound.providers.openai.transcript import Transcript, joined, tokens_in
from generation.adapters.outbound.providers.retry_after import retry_after_s
from generation.domain.output import Incomplete
from generation.ports.media_provider import RunState
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
# Any JSON takes its time on a machine that is busy with other things.
SLOW = [HealthCheck.too_slow]
FIELDS = st.sampled_from(
    [
        *("choices", "delta", "message", "content", "reasoning_content", "reasoning", "refusal", "text"),
        *("finish_reason", "usage", "total_tokens", "prompt_tokens", "completion_tokens", "error", "code"),
        *("type", "object", "data", "b64_json", "url"),
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
WORDS = st.sampled_from(["error", "length", "stop", "text", "data:,x", "https://[", "insufficient_quota"])
JSON = st.recursive(
    SCALARS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(FIELDS, JSON, max_size=5)


STREAM = b': hello\r\n\r\nevent: x\ndata: {"n": 1}\n\ndata:{"n":2}\r\n\r\ndata: noise\n\ndata: [DONE]\n\n'
TOLD = [{"n": 1}, {"n": 2}, {}, None]


@dataclass
class Answer:
    """What the SDK hands on: bytes in pieces."""

    pieces: Sequence[bytes]

    async def iter_bytes(self) -> AsyncIterator[bytes]:
        """The pieces, then the end."""
        for piece in self.pieces:
            yield piece


def told_by(*pieces: bytes) -> list[dict[str, Any] | None]:
    """The events of an answer."""

    async def read() -> list[dict[str, Any] | None]:
        return [told async for told in events(Answer(pieces))]  # type: ignore[arg-type]

    return asyncio.run(read())


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_a_stream_is_read_however_it_is_cut(cuts: list[int]) -> None:
    """The network cuts anywhere; comments, names and noise are no events."""
    edges = [0, *sorted(cuts), len(STREAM)]
    assert told_by(*(STREAM[start:end] for start, end in pairwise(edges))) == TOLD


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        ([b'\n {"n":', b" 1}\n"], [{"n": 1}, None]),
        ([b'data: {"n": 1}\n\n{"error": "late"}\n'], [{"n": 1}, {"error": "late"}]),
        ([b'data: {"n": 1}'], [{"n": 1}]),
        ([b"<html>data: no</html>"], []),
        ([b"data: [1]\n\ndata: " + b"[" * 100_000 + b"\n\n"], [{}, {}]),
        ([b'{"n": '], [{}, None]),
        ([], []),
    ],
)
def test_what_is_no_stream_is_read_for_what_it_is(
    pieces: list[bytes], told: list[dict[str, Any] | None]
) -> None:
    """JSON in its place or in the middle of it, a page, nothing."""
    assert told_by(*pieces) == told


@pytest.mark.parametrize("start", [b"data: ", b"{", b": "])
def test_an_answer_without_an_end_breaks(start: bytes) -> None:
    """Neither a line nor a document may fill the memory."""
    with pytest.raises(AnswerBroken):
        told_by(start, *[bytes(1024 * 1024)] * 65)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("20", 20.0),
        ("1.5", 1.5),
        ("0", 0.0),
        ("-3", 0.0),
        ("999999999", 86_400.0),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("Wed, 25 Nov 2026 12:00:30 GMT", 30.0),
        ("Wed, 25 Nov 2026 14:00:30 +0200", 30.0),
        ("Wed, 25 Nov 2026 11:00:00 GMT", 0.0),
        ("Wed, 25 Nov 2026 12:00:30 -0000", 30.0),
        ("Wed, 99 Nov 2026 12:00:30 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    """Both forms of the header, and no form at all."""
    assert retry_after_s(header, now=NOW) == seconds


@given(header=st.text(max_size=40))
def test_any_retry_after_is_a_pause_or_none(header: str) -> None:
    """A header is never a failure of ours."""
    pause_s = retry_after_s(header, now=NOW)
    assert pause_s is None or 0 <= pause_s <= 86_400


@given(chunks=st.lists(OBJECTS, max_size=4), done=st.booleans())
@settings(max_examples=examples(500), suppress_health_check=SLOW)
def test_any_chunks_are_an_answer_or_a_failure(chunks: list[dict[str, Any]], done: bool) -> None:
    """A report says one or the other, and an answer is text with a count."""
    transcript = Transcript(tokens_max=5)
    for chunk in chunks:
        transcript.take(chunk)
    transcript.done = done
    report = transcript.report(prompt_tokens=1)
    if report.state is RunState.SUCCEEDED:
        assert len(report.outputs) == 1
        assert report.usage_units is not None
        assert 0 < report.usage_units < 2**33
    else:
        assert report.failure is not None
        assert not report.outputs


@given(told=OBJECTS)
@settings(max_examples=examples(500), suppress_health_check=SLOW)
def test_any_document_is_pictures_or_a_failure(told: dict[str, Any]) -> None:
    """The same of pictures."""
    report = report_on(told, GuardedClient(allow_loopback=False, size_bytes_max=1))
    assert (report.state is RunState.SUCCEEDED) == bool(report.outputs)
    assert (report.state is RunState.FAILED) == (report.failure is not None)


@given(error=JSON)
def test_any_error_body_is_a_failure(error: Any) -> None:
    """And of the errors that come with a 200."""
    assert failed_body(error).failure is not None


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("error", "reason", "retryable", "account_trouble"),
    [
        ({"code": 429, "message": "slow down"}, "PROVIDER_FAILED", True, False),
        ({"code": 502, "message": "upstream"}, "PROVIDER_FAILED", True, False),
        ({"code": 402}, "PROVIDER_FAILED", True, True),
        ({"code": "insufficient_quota"}, "PROVIDER_FAILED", True, True),
        ({"type": "rate_limit_error"}, "PROVIDER_FAILED", True, False),
        ({"type": "invalid_request_error"}, "PROVIDER_FAILED", False, False),
        ({"code": "content_filter"}, "CONTENT_REFUSED", False, False),
        ({"type": "server_error", "code": "busy"}, "OUTPUT_UNUSABLE", True, False),
        ("out of memory", "OUTPUT_UNUSABLE", True, False),
        ({"code": True}, "OUTPUT_UNUSABLE", True, False),
    ],
)
def test_an_error_body_is_of_the_kind_that_it_names(
    error: Any, reason: str, retryable: bool, account_trouble: bool
) -> None:
    """As with a status of its own; without a kind it may have been billed."""
    report = failed_body(error)
    assert report.failure is not None
    said = (report.failure.reason, report.retryable, report.account_trouble)
    assert said == (reason, retryable, account_trouble)


@given(text=st.text(max_size=60) | st.builds("data:{},{}".format, st.text(max_size=20), st.text()))
@settings(max_examples=examples(500), suppress_health_check=SLOW)
def test_any_text_is_a_file_or_an_empty_one(text: str) -> None:
    """What is no base64 is a file that nobody accepts."""
    assert isinstance(inline_file(text).content, bytes)


@pytest.mark.parametrize(
    "text",
    [
        "cGl4ZWxzPz8/",
        "cGl4ZWxz\nPz8/\n",
        "cGl4ZWxzPz8_",
        "data:image/png;base64,cGl4ZWxzPz8/",
        "DATA:image/png;charset=x;BASE64,cGl4ZWxzPz8%2F",
        "data:,pixels%3F%3F%3F",
    ],
)
def test_files_are_read_in_every_form(text: str) -> None:
    """Plain, wrapped, for URLs, and as a data URL."""
    assert inline_file(text).content == b"pixels???"


@given(text=st.text())
def test_halves_are_joined(text: str) -> None:
    """A text in UTF-16 code units, as JSON may carry it, is the text again."""
    units = text.encode("utf-16-le", "surrogatepass")
    pieces = [units[at : at + 2].decode("utf-16-le", "surrogatepass") for at in range(0, len(units), 2)]
    assert joined(pieces) == text


@pytest.mark.parametrize(
    ("pieces", "tokens"),
    [
        (["tin ", "plates"], 2),
        (list("tin plates, many"), 4),
        (["a page of text " * 20], 75),
        (["图", "片"], 2),
    ],
)
def test_tokens_are_counted_by_pieces_or_bytes(pieces: list[str], tokens: int) -> None:
    """A piece is a token, unless pieces are letters or pages."""
    assert tokens_in(pieces) == tokens


@pytest.mark.parametrize(
    ("pieces", "excessive"),
    [
        # Four tokens are allowed. A token may be long, and letters come one by one.
        ([" light"] * 4, False),
        (["a long word that a tokenizer knows whole"] * 4, False),
        (list("twenty-four letters it is"[:24]), False),
        ([" light"] * 5, True),
        (["a page " * 100], True),
    ],
)
def test_only_a_server_that_knows_no_limit_is_cut_off(pieces: list[str], excessive: bool) -> None:
    """An honest answer is never cut, however it is cut into pieces, nor for what was thought before."""
    transcript = Transcript(tokens_max=4)
    for field in ("reasoning_content", "content"):
        for piece in pieces:
            transcript.take({"choices": [{"delta": {field: piece}}]})
    assert transcript.is_past_its_limit is excessive


def test_reasoning_without_an_end_is_said_so() -> None:
    """Cut off before a word of the answer: the user is told what to change."""
    transcript = Transcript(tokens_max=4)
    while not transcript.is_past_its_limit:
        transcript.take({"choices": [{"delta": {"reasoning_content": " thought" * 10_000}}]})
    report = transcript.report(prompt_tokens=1)
    assert report.failure is not None
    assert report.failure.reason == "TOKENS_EXHAUSTED"


def test_an_error_after_some_text_leaves_the_text() -> None:
    """It is delivered as the beginning that it is."""
    transcript = Transcript(tokens_max=4)
    transcript.take({"choices": [{"delta": {"content": "tin"}}]})
    transcript.take({"object": "error", "message": "out of memory", "code": 500})
    assert transcript.report(prompt_tokens=1).incomplete is Incomplete.BROKEN_OFF
