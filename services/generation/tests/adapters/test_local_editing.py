"""The local provider on pictures: what it makes is decoded and compared with what it was given."""

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import av
import numpy as np
import pytest
from generation.adapters.outbound.intake import FileIntake
from generation.adapters.outbound.providers.local.provider import LocalProvider
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.domain.identifiers import AttemptId, MediaId, ModelId
from generation.domain.model import Modality
from generation.ports.media_provider import MediaUnreadable, Run, RunReport, RunState
from generation_media import film
from PIL import Image

pytestmark = pytest.mark.real_time
RED, BLUE = (200, 30, 30), (30, 30, 200)


@dataclass
class Given:
    """A picture that a run is made from."""

    content: bytes
    fails: bool = False
    media_type: str = "image/png"
    url: str = "memory://x"

    @property
    def size_bytes(self) -> int:
        return len(self.content)

    async def read(self) -> bytes:
        if self.fails:
            raise MediaUnreadable("the store does not answer")
        return self.content


def plain(colour: tuple[int, ...], size: tuple[int, int] = (640, 400)) -> bytes:
    """A picture of one colour."""
    target = io.BytesIO()
    Image.new("RGBA" if len(colour) == 4 else "RGB", size, colour).save(target, "PNG")
    return target.getvalue()


@pytest.fixture
async def provider() -> AsyncIterator[LocalProvider]:
    """A provider with one thread."""
    drawing = LocalProvider(threads=1)
    yield drawing
    drawing.close()


async def run_of(provider: LocalProvider, model: str, job: dict[str, Any], *pictures: bytes) -> RunReport:
    """How a run ended that was given these pictures, by the model as it is on offer."""
    offered = TomlCatalogue(None, providers={"local"}).model(ModelId(model))
    rules = offered.input_schema["properties"]
    filled = {name: rule["default"] for name, rule in rules.items() if "default" in rule} | {"seed": 1} | job
    media = {MediaId(f"upl_{place}"): Given(content) for place, content in enumerate(pictures)}
    key = AttemptId(f"att_{uuid4().hex}")
    run_id = await provider.submit(Run(key=key, model=offered.at("local").model, input=filled, media=media))
    async with asyncio.timeout(60):
        while (report := await provider.check(run_id)).state is RunState.RUNNING:
            await asyncio.sleep(0.01)
    return report


async def bytes_of(report: RunReport, modality: Modality, place: int = 0) -> bytes:
    """A file that passes our own intake."""
    assert report.state is RunState.SUCCEEDED, report.failure
    async with FileIntake(50_000_000).receive(report.outputs[place], modality=modality):
        return b"".join([piece async for piece in report.outputs[place].stream()])


async def picture_of(report: RunReport, place: int = 0) -> Image.Image:
    """A picture of a run."""
    return Image.open(io.BytesIO(await bytes_of(report, Modality.IMAGE, place))).convert("RGB")


def frames_of(content: bytes) -> list[np.ndarray[Any, Any]]:
    """Every frame of a film."""
    with av.open(io.BytesIO(content)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


async def test_one_picture_is_changed_as_the_words_say(provider: LocalProvider) -> None:
    """It is as large as it was; different words make different pictures, and grey is grey."""
    seen = {}
    for words in ("black and white", "negative", "sepia", "make it blue like the ocean"):
        job = {"prompt": words, "images": ["upl_0"]}
        picture = await picture_of(await run_of(provider, "tintype/edit", job, plain(RED)))
        assert picture.size == (640, 400)
        seen[words] = picture.getpixel((5, 5))
    assert len(set(seen.values())) == 4
    red, green, blue = seen["black and white"]  # type: ignore[misc]
    assert red == green == blue
    assert seen["negative"] == (55, 225, 225)


async def test_several_pictures_stand_side_by_side(provider: LocalProvider) -> None:
    """In the order in which they were named, each as high as the lowest."""
    job = {"prompt": "mirror mirror", "images": ["upl_0", "upl_1", "upl_0"], "output_format": "jpeg"}
    pictures = (plain(RED, (300, 200)), plain(BLUE, (300, 400)))
    picture = await picture_of(await run_of(provider, "tintype/edit", job, *pictures))
    assert picture.size == (750, 200)
    middle = picture.getpixel((375, 100))
    assert middle[2] > middle[0]  # type: ignore[index]
    assert picture.getpixel((20, 100))[0] > 150  # type: ignore[index]


async def test_each_output_has_colours_of_its_own(provider: LocalProvider) -> None:
    """Where no word chooses them, the seed does."""
    job = {"prompt": "otherwise", "images": ["upl_0"], "output_count": 3}
    report = await run_of(provider, "tintype/edit", job, plain(RED))
    colours = {(await picture_of(report, place)).getpixel((5, 5)) for place in range(3)}
    assert len(colours) == 3


async def test_a_picture_is_enlarged(provider: LocalProvider) -> None:
    """Two or four times; what can be seen through is on white."""
    for factor in (2, 4):
        job = {"image": "upl_0", "factor": factor, "output_format": "webp"}
        report = await run_of(provider, "tintype/upscale", job, plain((0, 0, 0, 0), (64, 48)))
        picture = await picture_of(report)
        assert picture.size == (64 * factor, 48 * factor)
        assert min(picture.getpixel((9, 9))) > 250  # type: ignore[type-var]


async def test_what_would_be_too_large_fails(provider: LocalProvider) -> None:
    """And says how large; nothing is made."""
    report = await run_of(
        provider, "tintype/upscale", {"image": "upl_0", "factor": 4}, plain(RED, (3_000, 1_500))
    )
    assert report.state is RunState.FAILED
    assert not report.retryable
    assert report.failure is not None
    assert "12000 x 6000" in report.failure.detail


@pytest.mark.parametrize("form", ["mp4", "webm"])
async def test_a_film_begins_as_one_picture_and_ends_as_the_other(provider: LocalProvider, form: str) -> None:
    """In the shape of the first, through both in the middle."""
    job = {"first_image": "upl_0", "last_image": "upl_1", "duration_s": 1, "output_format": form}
    pictures = (plain(RED, (320, 200)), plain(BLUE, (200, 320)))
    report = await run_of(provider, "tintype/between", job, *pictures)
    frames = frames_of(await bytes_of(report, Modality.VIDEO))
    assert len(frames) == 24
    assert frames[0].shape == (320, 512, 3)
    means = [frame.reshape(-1, 3).mean(axis=0) for frame in (frames[0], frames[12], frames[-1])]
    assert np.allclose(means[0], RED, atol=12)
    assert np.allclose(means[2], BLUE, atol=12)
    assert means[0][0] - 20 > means[1][0] > means[2][0] + 20


async def test_a_film_wanders_over_a_picture(provider: LocalProvider) -> None:
    """It begins as the picture is and comes nearer; another seed goes elsewhere."""
    ramp = np.tile(np.linspace(0, 255, 512, dtype=np.uint8)[None, :, None], (320, 1, 3))
    target = io.BytesIO()
    Image.fromarray(ramp).save(target, "PNG")
    ends = []
    for seed in (0, 1):
        job = {"image": "upl_0", "duration_s": 1, "seed": seed}
        report = await run_of(provider, "tintype/animate", job, target.getvalue())
        frames = frames_of(await bytes_of(report, Modality.VIDEO))
        assert len(frames) == 24
        assert frames[0].shape == (320, 512, 3)
        assert abs(int(frames[0][100, 400, 0]) - 200) < 12
        ends.append(int(frames[-1][100, 400, 0]))
    assert ends[0] < ends[1] - 20


@pytest.mark.parametrize("form", ["mp4", "webm"])
async def test_a_film_is_changed_frame_by_frame(provider: LocalProvider, form: str) -> None:
    """As the words say, as long as it was and in its shape."""
    job = {"video": "upl_0", "prompt": "a negative", "seed": 0, "output_format": form}
    report = await run_of(provider, "tintype/refilm", job, film("webm", frames=12))
    frames = frames_of(await bytes_of(report, Modality.VIDEO))
    assert 22 <= len(frames) <= 24
    assert frames[0].shape == (288, 512, 3)
    assert frames[0].mean() > 240
    assert frames[-1].mean() < frames[0].mean() - 150


async def test_what_a_run_was_made_from_leaves_memory_with_its_end(provider: LocalProvider) -> None:
    """What was made stays for whoever delivers it."""
    job = {"video": "upl_0", "prompt": "sepia", "seed": 0, "output_format": "webm"}
    report = await run_of(provider, "tintype/refilm", job, film("webm"))
    assert report.state is RunState.SUCCEEDED
    async with asyncio.timeout(10):
        while any(drawing.files for drawing in provider._drawings.values()):
            await asyncio.sleep(0.01)
    assert provider._drawings


async def test_a_film_that_is_too_long_fails(provider: LocalProvider) -> None:
    """And says how long it may be; nothing is made."""
    job = {"video": "upl_0", "prompt": "sepia", "seed": 0}
    report = await run_of(provider, "tintype/refilm", job, film("mp4", frames=12 * 13))
    assert report.state is RunState.FAILED
    assert report.failure is not None
    assert "longer than 12 seconds" in report.failure.detail


async def test_a_run_whose_pictures_cannot_be_read_is_not_begun(provider: LocalProvider) -> None:
    """The reason is the store's, and nothing is known of the run."""
    media = {MediaId("upl_0"): Given(b"", fails=True)}
    run = Run(key=AttemptId("att_x"), model="upscale", input={"image": "upl_0"}, media=media)
    with pytest.raises(MediaUnreadable):
        await provider.submit(run)
    assert await provider.find(AttemptId("att_x")) is None
