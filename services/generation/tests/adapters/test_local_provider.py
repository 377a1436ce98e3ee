"""The provider that draws: its files are decoded and compared."""

import asyncio
import io
import os
from pathlib import Path
from typing import Any

import pytest
from generation.adapters.outbound.inline import InlineOutput
from generation.adapters.outbound.intake import FileIntake
from generation.adapters.outbound.providers.local.provider import LocalProvider
from generation.domain.identifiers import AttemptId, RunId
from generation.domain.model import Modality
from generation.ports.media_intake import OutputUnusable, ReceivedMedia
from generation.ports.media_provider import ProviderRefused, Run, RunReport, RunState
from PIL import Image

pytestmark = pytest.mark.real_time

SKETCH = {
    "prompt": "a red fox",
    "ratio": "1:1",
    "output_format": "png",
    "output_count": 1,
    "seed": 0,
    "simulate": "none",
}
MOTION = SKETCH | {"ratio": "16:9", "output_format": "mp4", "duration_s": 1}


@pytest.fixture
def provider() -> Any:
    """A provider with one thread."""
    drawing = LocalProvider(threads=1)
    yield drawing
    drawing.close()


async def finished(provider: LocalProvider, model: str, job: dict[str, Any], key: str = "att_1") -> RunReport:
    """Submits and waits for the end."""
    run_id = await provider.submit(Run(key=AttemptId(key), model=model, input=job))
    async with asyncio.timeout(60):
        while (report := await provider.check(run_id)).state is RunState.RUNNING:
            await asyncio.sleep(0.01)
    return report


async def content(report: RunReport, place: int = 0) -> bytes:
    """The bytes of one output."""
    return b"".join([piece async for piece in report.outputs[place].stream()])


async def received(report: RunReport, modality: Modality) -> ReceivedMedia:
    """What the intake finds in the first output."""
    async with FileIntake(50_000_000).receive(report.outputs[0], modality=modality) as media:
        return media


@pytest.mark.parametrize(
    ("ratio", "size"),
    [
        ("1:1", (768, 768)),
        ("16:9", (768, 432)),
        ("9:16", (432, 768)),
        ("4:3", (768, 576)),
        ("3:4", (576, 768)),
    ],
)
@pytest.mark.parametrize("output_format", ["png", "webp"])
async def test_a_picture_has_its_ratio(
    provider: LocalProvider, ratio: str, size: tuple[int, int], output_format: str
) -> None:
    """Sniffed and decoded, the file is what was asked for."""
    report = await finished(provider, "sketch", SKETCH | {"ratio": ratio, "output_format": output_format})
    media = await received(report, Modality.IMAGE)
    assert ((media.width, media.height), media.extension) == (size, output_format)


@pytest.mark.parametrize(("output_format", "media_type"), [("mp4", "video/mp4"), ("webm", "video/webm")])
async def test_a_film_has_its_length(provider: LocalProvider, output_format: str, media_type: str) -> None:
    """A second of film in the format that was asked for."""
    report = await finished(provider, "motion", MOTION | {"output_format": output_format})
    media = await received(report, Modality.VIDEO)
    assert (media.media_type, media.width, media.height) == (media_type, 512, 288)
    assert media.duration_s == pytest.approx(1, abs=0.1)


async def test_the_same_words_draw_the_same_picture(provider: LocalProvider) -> None:
    """Prompt and seed decide every byte; another of either draws another picture."""
    changes: dict[str, dict[str, Any]] = {
        "first": {},
        "again": {},
        "seed": {"seed": 1},
        "prompt": {"prompt": "a blue whale"},
    }
    drawn = {
        name: await content(await finished(provider, "sketch", SKETCH | change, key=name))
        for name, change in changes.items()
    }
    assert drawn["first"] == drawn["again"]
    assert len({drawn["first"], drawn["seed"], drawn["prompt"]}) == 3


async def test_the_outputs_of_a_job_differ(provider: LocalProvider) -> None:
    """Four pictures are four pictures."""
    report = await finished(provider, "sketch", SKETCH | {"output_count": 4})
    assert len({await content(report, place) for place in range(4)}) == 4


async def test_a_picture_is_no_flat_field(provider: LocalProvider) -> None:
    """There is something to see: many tones, from dark to light."""
    picture = Image.open(io.BytesIO(await content(await finished(provider, "sketch", SKETCH))))
    darkest, lightest = picture.convert("L").getextrema()
    assert lightest - darkest > 100  # type: ignore[operator]


async def test_the_file_says_that_a_program_drew_it(provider: LocalProvider) -> None:
    """Its metadata is honest."""
    picture = Image.open(io.BytesIO(await content(await finished(provider, "sketch", SKETCH))))
    assert picture.info["Software"] == "Tintype local provider"
    assert "no camera" in picture.info["Comment"]


async def test_a_run_told_to_fail_fails(provider: LocalProvider) -> None:
    """It ends at once, for good."""
    report = await finished(provider, "sketch", SKETCH | {"simulate": "fail"})
    assert (report.state, report.retryable) == (RunState.FAILED, False)


async def test_a_run_told_to_refuse_is_refused(provider: LocalProvider) -> None:
    """It never starts."""
    with pytest.raises(ProviderRefused) as refused:
        await finished(provider, "sketch", SKETCH | {"simulate": "refuse"})
    assert refused.value.failure.reason == "CONTENT_REFUSED"
    assert await provider.find(AttemptId("att_1")) is None


async def test_a_stalled_run_can_be_cancelled(provider: LocalProvider) -> None:
    """It runs until it is told to stop; stopping twice is no error."""
    stalled = Run(key=AttemptId("att_1"), model="sketch", input=SKETCH | {"simulate": "stall"})
    run_id = await provider.submit(stalled)
    assert (await provider.check(run_id)).state is RunState.RUNNING
    for _ in range(2):
        await provider.cancel(run_id)
    assert (await provider.check(run_id)).state is RunState.CANCELLED


async def test_a_long_film_stops_at_its_next_frame(provider: LocalProvider) -> None:
    """The thread is free for the next drawing long before the film would have ended."""
    film = Run(
        key=AttemptId("att_long"), model="motion", input=MOTION | {"duration_s": 12, "output_count": 4}
    )
    await provider.cancel(await provider.submit(film))
    report = await finished(provider, "sketch", SKETCH)
    assert report.state is RunState.SUCCEEDED


async def test_a_key_is_submitted_once(provider: LocalProvider) -> None:
    """The same attempt is the same run, and an unknown one is unknown."""
    run = Run(key=AttemptId("att_1"), model="sketch", input=SKETCH | {"simulate": "stall"})
    run_id = await provider.submit(run)
    assert await provider.submit(run) == run_id == await provider.find(AttemptId("att_1"))
    assert await provider.find(AttemptId("att_2")) is None
    assert (await provider.check(RunId("local:att_2"))).state is RunState.UNKNOWN


async def test_the_intake_refuses_what_is_not_media(tmp_path: Path) -> None:
    """Text, markup, half a picture, the wrong kind and a file over the limit are all unusable."""
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(file, "PNG")
    gif = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(gif, "GIF")
    whole = file.getvalue()
    cases = [
        (b"hello", Modality.IMAGE),
        (b"", Modality.IMAGE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Modality.IMAGE),
        (whole[: len(whole) // 2], Modality.IMAGE),
        (gif.getvalue(), Modality.IMAGE),
        (whole, Modality.VIDEO),
        (b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 50, Modality.VIDEO),
        (b"\xff\xfe\x00\x80", Modality.TEXT),
        (b"x" * 20_000, Modality.TEXT),
    ]
    for bytes_, modality in cases:
        with pytest.raises(OutputUnusable):
            async with FileIntake(10_000, tmp_path).receive(InlineOutput(bytes_), modality=modality):
                pass
    assert os.listdir(tmp_path) == []  # noqa: PTH208, pathlib's is flagged as blocking
