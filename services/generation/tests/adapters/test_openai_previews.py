"""Previews from OpenAI: as they come; and whatever they are, the picture is made as without them."""

import io
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.providers.openai import image_stream
from generation.adapters.outbound.providers.openai.caller import OpenAICaller
from generation.adapters.outbound.providers.openai.settings import TIMEOUT_S_MAX
from generation.domain.identifiers import AttemptId, MediaId
from generation.domain.token_usage import PictureTokens
from generation.ports.media_provider import Preview, Run, RunReport, RunState
from PIL import Image
from provider_profile import KEY
from pydantic import SecretStr
from standins.odd_files import ODD_FILES
from standins.openai.app import create_app
from standins.openai.settings import OpenAISettings
from standins.serving import running

pytestmark = pytest.mark.server

JOB = {"prompt": "a red fox", "ratio": "1:1", "quality": "low", "output_format": "png", "output_count": 1}


@pytest.fixture(scope="module")
def standin() -> Iterator[str]:
    """OpenAI's stand-in."""
    with running(create_app(OpenAISettings(api_key=SecretStr(KEY)))) as url:
        yield url


@pytest.fixture
async def caller(standin: str) -> AsyncIterator[OpenAICaller]:
    """The adapter."""
    fetch = GuardedClient(allow_loopback=True, size_bytes_max=50_000_000)
    calling = OpenAICaller(base_url=f"{standin}/v1", api_key=KEY, fetch=fetch, timeout_s=TIMEOUT_S_MAX)
    yield calling
    await calling.close()
    await fetch.close()


@dataclass(frozen=True)
class Given:
    """A picture that a run is made from."""

    content: bytes
    media_type: str = "image/png"
    url: str = "memory://x"

    @property
    def size_bytes(self) -> int:
        """How large it is."""
        return len(self.content)

    async def read(self) -> bytes:
        """Its bytes."""
        return self.content


async def shown(
    caller: OpenAICaller, *, previews_max: int = 2, media: Any = None, **job: Any
) -> tuple[RunReport, list[bytes], list[float]]:
    """How a run ended, what was shown of it before, and how far it was each time."""
    previews: list[Preview] = []
    progress: list[float] = []
    run = Run(
        key=AttemptId("att_1"),
        model="gpt-image-1",
        input=JOB | job,
        media=media or {},
        previews_max=previews_max,
        on_preview=previews.append,
    )
    report = await caller.call(run, progress.append)
    return report, [preview.content for preview in previews], progress


async def bought(standin: str, prompt: str) -> int:
    """How often the stand-in worked on a prompt to the end."""
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}, trust_env=False) as client:
        calls = (await client.get(f"{standin}/_test/calls")).json()["data"]
    return sum(call["billed"] for call in calls if call["prompt"] == prompt)


async def size_of(report: RunReport) -> tuple[int, int]:
    """The size of the picture that was made."""
    (output,) = report.outputs
    content = b"".join([piece async for piece in output.stream()])
    return Image.open(io.BytesIO(content)).size


@pytest.mark.parametrize("previews_max", [1, 2, 3])
async def test_as_many_as_were_asked_for(caller: OpenAICaller, standin: str, previews_max: int) -> None:
    """In order, then the whole picture with what was counted, a hundred tokens for each; bought once."""
    prompt = f"a red fox, {previews_max} times"
    report, previews, progress = await shown(caller, prompt=prompt, previews_max=previews_max)
    assert report.state is RunState.SUCCEEDED
    assert await size_of(report) == (1024, 1024)
    assert [Image.open(io.BytesIO(preview)).size for preview in previews] == [(1024, 1024)] * previews_max
    assert len(set(previews)) == previews_max
    assert progress == [step / (previews_max + 1) for step in range(1, previews_max + 1)]
    assert report.picture_tokens is not None
    assert report.picture_tokens.output == 272 + 100 * previews_max
    assert report.picture_tokens.text > 0
    # The picture's price is not counted by tokens.
    assert report.usage_units is None
    assert await bought(standin, prompt) == 1


async def test_of_a_changed_picture(caller: OpenAICaller) -> None:
    """Edits are shown as well; what came in counts."""
    target = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 20, 20)).save(target, "PNG")
    media = {MediaId("upl_1"): Given(target.getvalue())}
    report, previews, _ = await shown(caller, images=["upl_1"], media=media)
    assert (report.state, len(previews)) == (RunState.SUCCEEDED, 2)
    assert report.picture_tokens is not None
    assert report.picture_tokens.image == 323


async def test_nobody_who_waits_for_none(caller: OpenAICaller) -> None:
    """Is a call as before, and its tokens are the picture's alone."""
    report, previews, progress = await shown(caller, previews_max=0)
    assert (report.state, previews, progress) == (RunState.SUCCEEDED, [], [])
    assert report.picture_tokens == PictureTokens(text=3, image=0, output=272)


async def test_of_one_picture_alone(caller: OpenAICaller) -> None:
    """Two are asked for whole: a stream is of one."""
    report, previews, _ = await shown(caller, output_count=2)
    assert (report.state, len(report.outputs), previews) == (RunState.SUCCEEDED, 2, [])


@pytest.mark.parametrize("kind", ["preview_svg", "preview_bomb", "preview_empty"])
async def test_poisoned_ones_come_as_they_are(caller: OpenAICaller, kind: str) -> None:
    """Whoever shows them looks into them; the picture stands."""
    report, previews, _ = await shown(caller, prompt=f"a red fox [[answer:{kind}]]")
    assert report.state is RunState.SUCCEEDED
    assert previews == [ODD_FILES[kind.removeprefix("preview_")]()] * 2
    assert await size_of(report) == (1024, 1024)


@pytest.mark.parametrize(
    ("kind", "come"), [("preview_bad_base64", [b"", b""]), ("preview_number", []), ("preview_long", [])]
)
async def test_ones_that_make_no_sense(
    caller: OpenAICaller, standin: str, kind: str, come: list[bytes]
) -> None:
    """They are read past, however long they are, and the picture stands; it is bought once."""
    prompt = f"a red fox [[answer:{kind}]]"
    report, previews, _ = await shown(caller, prompt=prompt)
    assert (report.state, previews) == (RunState.SUCCEEDED, come)
    assert await size_of(report) == (1024, 1024)
    assert await bought(standin, prompt) == 1


async def test_a_refusal_after_the_first_ones(caller: OpenAICaller) -> None:
    """Is the user's, and is not tried again."""
    report, previews, _ = await shown(caller, prompt="a red fox [[answer:refused_late]]")
    assert len(previews) == 2
    assert (report.state, report.retryable) == (RunState.FAILED, False)
    assert report.failure is not None
    assert report.failure.reason == "CONTENT_REFUSED"


@pytest.mark.parametrize("order", ["[[cut]]", "[[answer:no_picture]]"])
async def test_a_stream_that_ends_early(caller: OpenAICaller, standin: str, order: str) -> None:
    """May have been billed: it is not bought again."""
    prompt = f"a red fox {order}"
    report, previews, _ = await shown(caller, prompt=prompt)
    assert len(previews) == 2
    assert (report.state, report.retryable, report.unanswered) == (RunState.FAILED, False, True)
    assert await bought(standin, prompt) == 1


@pytest.mark.parametrize("order", ["[[answer:whole_json]]", "[[answer:no_stream]]"])
async def test_a_server_that_shows_none(caller: OpenAICaller, standin: str, order: str) -> None:
    """Takes no notice, or refuses: the picture is made whole, once."""
    prompt = f"a red fox {order}"
    report, previews, _ = await shown(caller, prompt=prompt)
    assert (report.state, previews) == (RunState.SUCCEEDED, [])
    assert await size_of(report) == (1024, 1024)
    assert await bought(standin, prompt) == 1


@pytest.mark.parametrize("order", ["[[fail:moderation]]", "[[fail:503]]", "[[fail:quota]]"])
async def test_what_is_refused_at_once(caller: OpenAICaller, order: str) -> None:
    """As of a picture without previews."""
    report, previews, _ = await shown(caller, prompt=f"a red fox {order}")
    plainly, _, _ = await shown(caller, prompt=f"a red fox {order}", previews_max=0)
    assert (report, previews) == (plainly, [])


async def test_a_stream_without_an_end_is_left(caller: OpenAICaller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past its bound it is broken off, and may have been billed."""
    monkeypatch.setattr(image_stream, "STREAM_BYTES_MAX", 1_000_000)
    report, _, _ = await shown(caller)
    assert (report.state, report.retryable, report.unanswered) == (RunState.FAILED, False, True)


class Answered:
    """An answer that is nobody's, as the SDK gives it."""

    def __init__(self, *lines: bytes) -> None:
        self._body = b"\n".join(lines)

    async def iter_bytes(self) -> AsyncIterator[bytes]:
        """Its bytes, in pieces that end anywhere."""
        for start in range(0, len(self._body), 7):
            yield self._body[start : start + 7]


WHOLE = b'{"type": "image_generation.completed", "b64_json": "d2hvbGU="}'


@pytest.mark.parametrize(
    "noise", [b'{"note": "busy"}', b"{", b"{]", b"[1]", b"data", b"data: 7", b'data: {"data": 7}', b"\xff"]
)
async def test_what_is_no_event_takes_no_picture_along(noise: bytes) -> None:
    """A line of anything between the events: the picture behind it is paid for."""
    answer: Any = Answered(noise, b"", b"event: x", noise, b"data: " + WHOLE, b"", b"")
    run = Run(key=AttemptId("att_1"), model="gpt-image-1", input=JOB, previews_max=2)
    told = await image_stream.picture_in(answer, run, lambda _: None)
    assert [picture["b64_json"] for picture in told["data"]] == ["d2hvbGU="]


@pytest.mark.parametrize(
    "lines",
    [
        [b'  {"data": [{"b64_json": "d2hvbGU="}]}'],
        [b"", b"{", b'  "data": [', b'    {"b64_json": "d2hvbGU="}', b"  ]", b"}"],
        [b'data: {"data": [{"b64_json": "d2hvbGU="}]}', b""],
    ],
)
async def test_a_whole_answer_however_it_is_written(lines: list[bytes]) -> None:
    """In one line, in many, or as the only event."""
    answer: Any = Answered(*lines)
    run = Run(key=AttemptId("att_1"), model="gpt-image-1", input=JOB, previews_max=2)
    told = await image_stream.picture_in(answer, run, lambda _: None)
    assert told == {"data": [{"b64_json": "d2hvbGU="}]}


@pytest.mark.parametrize(
    "lines", [[b'{"error": {"code": "x"}}'], [b"{", b'"error":', b'{"code": "x"}', b"}"]]
)
async def test_a_failure_that_forgets_the_form(lines: list[bytes]) -> None:
    """Is read as one, in the middle too."""
    answer: Any = Answered(b'data: {"type": "image_generation.partial_image", "b64_json": "YQ=="}', *lines)
    run = Run(key=AttemptId("att_1"), model="gpt-image-1", input=JOB, previews_max=2)
    told = await image_stream.picture_in(answer, run, lambda _: None)
    assert told == {"error": {"code": "x"}}
