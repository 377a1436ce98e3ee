"""Every way in which a provider can answer, through the real adapter: what the job is told of it."""

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.providers.openai.caller import OpenAICaller
from generation.adapters.outbound.providers.openai.settings import TIMEOUT_S_MAX
from generation.domain.generation import Failure
from generation.domain.identifiers import AttemptId
from generation.domain.output import Incomplete
from generation.ports.media_intake import OutputUnusable
from generation.ports.media_provider import Run, RunOutput, RunReport, RunState
from PIL import Image
from pydantic import SecretStr
from standins.odd_files import ODD_FILES
from standins.openai.app import create_app
from standins.openai.chat import TOKENS_OF_A_MESSAGE
from standins.openai.reply import compose
from standins.openai.settings import OpenAISettings
from standins.openai.tokens import token_count, tokens_of
from standins.serving import running

pytestmark = pytest.mark.server

PICTURE = {"ratio": "1:1", "quality": "low", "output_format": "png"}
DRAWN = RunReport(RunState.SUCCEEDED, 1.0)
WRITTEN = RunReport(RunState.SUCCEEDED, 1.0)
GRIN = "\U0001f600"
PROMPT = "tin plates"
# What the stand-in says to that, whole and as far as it comes before it breaks.
WHOLE = compose(PROMPT, words=None)
REPLY_TOKENS = token_count(WHOLE)
HALF = "".join(tokens_of(WHOLE)[: REPLY_TOKENS // 2])


def failure(detail: str, *, reason: str = "PROVIDER_FAILED", **said: Any) -> RunReport:
    """A failed run."""
    return RunReport(RunState.FAILED, failure=Failure(reason, detail), **said)


BUSY = failure("the provider is busy", retryable=True)
ACCOUNT = failure("the provider is not available at the moment", retryable=True, account_trouble=True)
NOT_ACCEPTED = failure("the provider did not accept the request")
REFUSED = failure("the provider refused the content of the request", reason="CONTENT_REFUSED")
ERROR_ANSWERED = failure("the provider answered with an error", reason="OUTPUT_UNUSABLE", retryable=True)
NO_PICTURE = failure("the provider answered without a picture", unanswered=True)
NO_TEXT = failure("the provider answered without a text", unanswered=True)
BROKE_OFF = failure("the provider's answer broke off", unanswered=True)


@pytest.fixture(scope="module")
def standin() -> Iterator[str]:
    """The stand-in's address."""
    with running(create_app(OpenAISettings(api_key=SecretStr("sk-test")))) as url:
        yield url


@pytest.fixture
async def caller(standin: str) -> AsyncIterator[OpenAICaller]:
    """The adapter, with nothing learned yet."""
    fetch = GuardedClient(allow_loopback=True, size_bytes_max=50_000_000)
    calling = OpenAICaller(base_url=f"{standin}/v1", api_key="sk-test", fetch=fetch, timeout_s=TIMEOUT_S_MAX)
    yield calling
    await calling.close()
    await fetch.close()


async def drawn(caller: OpenAICaller, prompt: str, count: int = 1) -> tuple[RunReport, list[bytes | None]]:
    """The report on pictures, and the files; None for one that can't be had."""
    job = PICTURE | {"prompt": prompt, "output_count": count}
    report = await caller.call(Run(AttemptId("att_1"), "gpt-image-1", job), lambda _: None)
    told = replace(report, outputs=(), picture_tokens=None)
    return told, [await content(output) for output in report.outputs]


async def written(
    caller: OpenAICaller, prompt: str, *, tokens_max: int = 200, model: str = "gpt-4.1-mini"
) -> tuple[RunReport, str | None]:
    """The report on a text, and the text."""
    job = {"prompt": prompt, "system": "", "max_tokens": tokens_max}
    report = await caller.call(Run(AttemptId("att_1"), model, job), lambda _: None)
    texts = [(await content(output) or b"").decode() for output in report.outputs]
    return replace(report, outputs=()), texts[0] if texts else None


async def content(output: RunOutput) -> bytes | None:
    """The bytes of an output."""
    try:
        return b"".join([piece async for piece in output.stream()])
    except OutputUnusable:
        return None


async def calls(standin: str, prompt: str) -> dict[str, int]:
    """How often a prompt reached the provider, and how often it was billed."""
    async with httpx.AsyncClient(headers={"Authorization": "Bearer sk-test"}) as client:
        told = (await client.get(f"{standin}/_test/calls")).json()["data"]
    return next({"calls": e["calls"], "billed": e["billed"]} for e in told if prompt in e["prompt"])


@pytest.mark.parametrize("model", ["pictures", "chat"])
@pytest.mark.parametrize(
    ("marker", "expected"),
    [
        ("fail:429", replace(BUSY, retry_after_s=1.0)),
        ("fail:429]] [[retry_after:20", replace(BUSY, retry_after_s=20.0)),
        ("fail:503]] [[retry_after:7", replace(BUSY, retry_after_s=7.0)),
        ("fail:500", BUSY),
        ("fail:502", BUSY),
        ("fail:504", BUSY),
        ("fail:401", ACCOUNT),
        ("fail:402", ACCOUNT),
        ("fail:403", ACCOUNT),
        ("fail:quota", ACCOUNT),
        ("fail:moderation", REFUSED),
        ("fail:other", NOT_ACCEPTED),
        ("answer:error_body", ERROR_ANSWERED),
    ],
)
async def test_refusals(
    caller: OpenAICaller, standin: str, model: str, marker: str, expected: RunReport
) -> None:
    """Each says whether another try may help, when, and whose trouble it is; nobody was called twice."""
    prompt = f"{model} of tin [[{marker}]]"
    report, made = await (drawn(caller, prompt) if model == "pictures" else written(caller, prompt))
    assert report == expected
    assert not made
    assert (await calls(standin, prompt))["calls"] == 1


@pytest.mark.parametrize(
    "answer",
    ["url", "non_ascii_url", "data_url", "data_url_in_b64", "mpo", "gif", "svg", "html", "bomb", "empty"],
)
async def test_pictures_that_can_be_had(caller: OpenAICaller, standin: str, answer: str) -> None:
    """Whatever its form, each file's bytes come; what kind of file it is is looked at later."""
    prompt = f"tin in the form of {answer} [[answer:{answer}]]"
    report, files = await drawn(caller, prompt, 2)
    assert report == DRAWN
    first, last = files
    assert first
    assert Image.open(io.BytesIO(first)).size == (1024, 1024)
    if answer in ODD_FILES:
        assert last == ODD_FILES[answer]()
    else:
        assert last
        assert Image.open(io.BytesIO(last)).size == (1024, 1024)
    assert await calls(standin, prompt) == {"calls": 1, "billed": 1}


@pytest.mark.parametrize(
    ("answer", "expected", "files"),
    [
        ("bad_base64", DRAWN, [b""]),
        ("null_items", DRAWN, [b""]),
        ("bad_url", DRAWN, [None]),
        ("no_data", NO_PICTURE, []),
        ("empty_data", NO_PICTURE, []),
    ],
)
async def test_pictures_that_cannot_be_had(
    caller: OpenAICaller, answer: str, expected: RunReport, files: list[bytes | None]
) -> None:
    """An unreadable picture is a file that nobody accepts; no picture at all is a failure that says so."""
    assert await drawn(caller, f"tin [[answer:{answer}]]") == (expected, files)


async def test_half_an_answer_with_pictures_is_none(caller: OpenAICaller) -> None:
    """JSON that breaks off can't be read, and may have been billed: nobody asks again."""
    assert await drawn(caller, "tin [[cut]]") == (BROKE_OFF, [])


def counted(prompt: str, reply_tokens: int = REPLY_TOKENS) -> RunReport:
    """A text with the provider's own count."""
    return replace(WRITTEN, usage_units=token_count(prompt) + TOKENS_OF_A_MESSAGE + reply_tokens)


def estimated(prompt: str, reply_tokens: int = REPLY_TOKENS) -> RunReport:
    """A text without one: the prompt's bytes by four, and the pieces that came."""
    return replace(WRITTEN, usage_units=len(prompt) // 4 + reply_tokens)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("part_lists", WHOLE),
        ("whole_json", WHOLE),
        ("no_max_tokens", WHOLE),
        ("split_emoji", WHOLE + GRIN),
        ("half_emoji", WHOLE + "\ufffd"),
    ],
)
async def test_texts_that_can_be_read(caller: OpenAICaller, answer: str, text: str) -> None:
    """Whatever its form, the whole text comes, with the provider's count."""
    prompt = f"{PROMPT} [[answer:{answer}]]"
    assert await written(caller, prompt) == (counted(prompt), text)


@pytest.mark.parametrize("answer", ["no_stream_options", "no_stream_options_400", "no_usage"])
async def test_texts_without_a_count(caller: OpenAICaller, answer: str) -> None:
    """A whole text that nobody counted is counted here."""
    prompt = f"{PROMPT} [[answer:{answer}]]"
    assert await written(caller, prompt) == (estimated(prompt), WHOLE)


@pytest.mark.parametrize(
    ("marker", "text", "tokens"),
    [
        ("cut", HALF, REPLY_TOKENS // 2),
        ("answer:error_event", HALF, REPLY_TOKENS // 2),
        ("answer:no_done", WHOLE, REPLY_TOKENS),
    ],
)
async def test_half_a_text_is_marked_and_counted_as_half(
    caller: OpenAICaller, marker: str, text: str, tokens: int
) -> None:
    """A stream that breaks, ends in an error or never says that it is whole."""
    prompt = f"{PROMPT} [[{marker}]]"
    expected = replace(estimated(prompt, tokens), incomplete=Incomplete.BROKEN_OFF)
    assert await written(caller, prompt) == (expected, text)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("error_first", ERROR_ANSWERED),
        ("content_filter", REFUSED),
        ("nothing", NO_TEXT),
        (
            "reasoning_only",
            failure(
                "the model used all its tokens for reasoning before it wrote an answer; allow a longer one",
                reason="TOKENS_EXHAUSTED",
            ),
        ),
    ],
)
async def test_no_text_says_why(caller: OpenAICaller, answer: str, expected: RunReport) -> None:
    """Each failure is of its own kind."""
    assert await written(caller, f"{PROMPT} [[answer:{answer}]]") == (expected, None)


async def test_an_answer_as_long_as_allowed_says_so(caller: OpenAICaller) -> None:
    """The provider stopped at the limit: the count is its own, and the text is marked."""
    prompt = f"{PROMPT} [[words:50]]"
    report, text = await written(caller, prompt, tokens_max=7)
    assert text is not None
    assert len(text.split()) == 7
    assert report == replace(counted(prompt, 7), incomplete=Incomplete.LENGTH)


async def test_an_endless_answer_is_cut_at_its_bound(caller: OpenAICaller, standin: str) -> None:
    """A server that knows no limit is read no further than there; no more is charged than was reserved."""
    prompt = "endless tin [[answer:endless]]"
    async with asyncio.timeout(10):
        report, text = await written(caller, prompt, tokens_max=40)
    assert text is not None
    assert 40 < token_count(text) < 80
    assert report == replace(estimated(prompt, 40), incomplete=Incomplete.LENGTH)
    assert await calls(standin, prompt) == {"calls": 1, "billed": 1}


@pytest.mark.parametrize("answer", ["no_max_tokens", "no_stream_options"])
async def test_a_refused_parameter_is_given_up_once(caller: OpenAICaller, standin: str, answer: str) -> None:
    """The first job of a model asks twice, and is billed once; the next ones ask rightly at once."""
    first, second = f"first tin [[answer:{answer}]]", f"second tin [[answer:{answer}]]"
    assert (await written(caller, first))[0].state is RunState.SUCCEEDED
    assert (await written(caller, second))[0].state is RunState.SUCCEEDED
    assert await calls(standin, first) == {"calls": 2, "billed": 1}
    assert await calls(standin, second) == {"calls": 1, "billed": 1}


async def test_what_one_model_refuses_another_may_want(caller: OpenAICaller, standin: str) -> None:
    """A lesson is of one model: reasoning models take the newer name of the limit, others the older."""
    assert (await written(caller, "tin for gpt-5", model="gpt-5.4-mini"))[0].state is RunState.SUCCEEDED
    assert (await written(caller, "tin for gpt-4"))[0].state is RunState.SUCCEEDED
    assert await calls(standin, "tin for gpt-5") == {"calls": 2, "billed": 1}
    assert await calls(standin, "tin for gpt-4") == {"calls": 1, "billed": 1}


async def test_a_call_that_hangs_ends_when_it_is_told_to(caller: OpenAICaller) -> None:
    """Its task can be cancelled; nothing else waits for it."""
    hanging = asyncio.create_task(written(caller, "tin [[hang]]"))
    assert await written(caller, PROMPT) == (counted(PROMPT), WHOLE)
    assert not hanging.done()
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
