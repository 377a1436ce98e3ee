"""Pictures that OpenAI makes from pictures: what is sent, what comes of it, and the models that we ship."""

import base64
import io
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.in_call import InCallProvider
from generation.adapters.outbound.memory_services import MemorySpool
from generation.adapters.outbound.providers.folder import Surroundings
from generation.adapters.outbound.providers.openai.images import asked_of
from generation.adapters.outbound.providers.openai.provider import make
from generation.adapters.outbound.providers.openai.settings import Settings
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.domain.identifiers import AttemptId, MediaId, ModelId
from generation.ports.media_provider import MediaUnreadable, Run, RunReport, RunState
from PIL import Image
from provider_profile import KEY
from provider_stage import ended
from pydantic import AnyHttpUrl, SecretStr
from shipped_jobs import jobs_of
from standins.openai.app import create_app
from standins.openai.edits import EditRequest
from standins.openai.settings import OpenAISettings
from standins.serving import running

MODEL = "gpt-image-2"
JOB = {"prompt": "a red fox", "ratio": "1:1", "quality": "low", "output_format": "png", "output_count": 1}
SHIPPED = ("openai/gpt-image-1", "openai/gpt-image-2", "openai/gpt-image-edit")


@dataclass
class Given:
    """A picture that a run is made from."""

    content: bytes
    media_type: str = "image/png"
    fails: bool = False
    url: str = "memory://x"

    @property
    def size_bytes(self) -> int:
        """How large it is."""
        return len(self.content)

    async def read(self) -> bytes:
        """Its bytes, unless it fails."""
        if self.fails:
            raise MediaUnreadable("the store does not answer")
        return self.content


def plain(colour: tuple[int, ...], kind: str = "PNG", size: tuple[int, int] = (64, 48)) -> Given:
    """A picture of one colour; with four parts it has an alpha channel."""
    target = io.BytesIO()
    Image.new("RGBA" if len(colour) == 4 else "RGB", size, colour).save(target, kind)
    return Given(target.getvalue(), f"image/{kind.lower()}")


@pytest.fixture(scope="module")
def standin() -> Iterator[str]:
    """OpenAI's stand-in."""
    with running(create_app(OpenAISettings(api_key=SecretStr(KEY)))) as url:
        yield url


@asynccontextmanager
async def calling(url: str) -> AsyncIterator[InCallProvider]:
    """The adapter as the worker makes it."""
    fetch = GuardedClient(allow_loopback=True, size_bytes_max=50_000_000)
    settings = Settings(base_url=AnyHttpUrl(f"{url}/v1"), api_key=SecretStr(KEY))
    async with make(settings, Surroundings("openai", fetch, MemorySpool())) as provider:
        yield provider
    await fetch.close()


def run_of(*pictures: Given, mask: Given | None = None, **job: Any) -> Run:
    """A run that is made from these."""
    media = {MediaId(f"upl_{number}"): picture for number, picture in enumerate(pictures)}
    asked: dict[str, Any] = {**JOB, "images": list(media), **job}
    if mask is not None:
        media[MediaId("upl_mask")] = mask
        asked["mask"] = "upl_mask"
    return Run(AttemptId("att_1"), MODEL, asked, media)


async def made(url: str, run: Run) -> RunReport:
    """How it ended."""
    async with calling(url) as provider:
        return await ended(provider, await provider.submit(run))


async def picture(report: RunReport) -> Image.Image:
    """What came of it."""
    content = b"".join([piece async for piece in report.outputs[0].stream()])
    return Image.open(io.BytesIO(content)).convert("RGB")


def requests(url: str) -> int:
    """How many the stand-in has had."""
    answer = httpx.get(f"{url}/_test/requests", headers={"authorization": f"Bearer {KEY}"})
    return len(answer.json()["data"])


@pytest.mark.server
@pytest.mark.real_time
async def test_what_came_in_is_what_is_edited(standin: str) -> None:
    """The same words over another picture make another one, of the size that was asked for."""
    red, blue = plain((250, 0, 0)), plain((0, 0, 250), "JPEG")
    reddish, bluish = [await picture(await made(standin, run_of(each, ratio="3:2"))) for each in (red, blue)]
    assert reddish.size == bluish.size == (1536, 1024)
    at = (700, 500)
    (r1, _, b1), (r2, _, b2) = reddish.getpixel(at), bluish.getpixel(at)  # type: ignore[misc]
    assert r1 - r2 > 100
    assert b2 - b1 > 100


@pytest.mark.server
@pytest.mark.real_time
async def test_three_pictures_and_several_outputs(standin: str) -> None:
    """Of every kind that is taken in; each output is a file of its own."""
    three = [plain((9, 9, 9), kind) for kind in ("PNG", "JPEG", "WEBP")]
    report = await made(standin, run_of(*three, output_count=2, output_format="webp", ratio="auto"))
    assert (report.state, len(report.outputs)) == (RunState.SUCCEEDED, 2)


@pytest.mark.server
@pytest.mark.real_time
async def test_a_mask_keeps_what_it_covers(standin: str) -> None:
    """Covered, the picture stays; one of another size is the request's fault, and not tried again."""
    red = plain((250, 0, 0))
    kept = await picture(await made(standin, run_of(red, mask=plain((0, 0, 0, 255)))))
    assert kept.getpixel((300, 300)) == (250, 0, 0)
    wrong = await made(standin, run_of(red, mask=plain((0, 0, 0, 255), size=(9, 9))))
    assert (wrong.state, wrong.retryable) == (RunState.FAILED, False)


@pytest.mark.server
async def test_a_picture_that_can_not_be_read_is_no_call(standin: str) -> None:
    """Nothing was asked for; the same run may be submitted again, when the store is back."""
    before, lost = requests(standin), plain((9, 9, 9))
    lost.fails = True
    async with calling(standin) as provider:
        with pytest.raises(MediaUnreadable):
            await provider.submit(run_of(plain((9, 9, 9)), lost))
        assert await provider.find(AttemptId("att_1")) is None
        assert requests(standin) == before
        lost.fails = False
        run_id = await provider.submit(run_of(plain((9, 9, 9)), lost))
        lost.fails = True
        assert (await ended(provider, run_id)).state is RunState.SUCCEEDED
    assert requests(standin) == before + 1


@pytest.mark.server
@pytest.mark.parametrize("word", ["[[fail:moderation]]", "[[fail:503]]", "[[cut]]"])
async def test_refusals_are_those_of_pictures(standin: str, word: str) -> None:
    """As where nothing came in."""
    report = await made(standin, run_of(plain((9, 9, 9)), prompt=f"a fox {word}"))
    assert report.failure is not None
    assert (report.failure.reason == "CONTENT_REFUSED") == ("moderation" in word)
    assert report.retryable == ("503" in word)


@pytest.mark.parametrize("model_id", SHIPPED)
def test_what_we_ship_is_taken_at_every_bound(model_id: str) -> None:
    """By the parameters that OpenAI documents; what it has no name for is not sent."""
    model = TomlCatalogue(None, providers={"openai"}).model(ModelId(model_id))
    jobs = jobs_of(dict(model.input_schema))
    assert len(jobs) > 8
    for job in jobs:
        asked = asked_of(Run(AttemptId("att_1"), model.at("openai").model, model.at("openai").asked(job)))
        EditRequest.model_validate(asked)
        assert asked["size"] == "auto" or asked["size"].count("x") == 1


@pytest.mark.server
@pytest.mark.parametrize("content", [b"", b"no picture", base64.b64decode("iVBORw0KGgo=")])
async def test_what_is_no_picture_there_fails_for_good(standin: str, content: bytes) -> None:
    """The server says so before anything is made."""
    report = await made(standin, run_of(Given(content)))
    assert (report.state, report.retryable) == (RunState.FAILED, False)
