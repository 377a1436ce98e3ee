"""Texts that OpenAI reads aloud: what is sent, what comes of it, and the model that we ship."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.in_call import InCallProvider
from generation.adapters.outbound.intake import FileIntake
from generation.adapters.outbound.memory_services import MemorySpool
from generation.adapters.outbound.providers.folder import Surroundings
from generation.adapters.outbound.providers.openai.provider import make
from generation.adapters.outbound.providers.openai.settings import Settings
from generation.adapters.outbound.providers.openai.speech import asked_of
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.domain.identifiers import AttemptId, ModelId
from generation.domain.model import Modality
from generation.ports.media_intake import OutputUnusable
from generation.ports.media_provider import Run, RunReport, RunState
from provider_profile import KEY, host_that_says, said
from provider_stage import ended
from pydantic import AnyHttpUrl, SecretStr
from shipped_jobs import jobs_of
from standins.openai.app import create_app
from standins.openai.settings import OpenAISettings
from standins.openai.speech import SpeechRequest
from standins.serving import running

MODEL = ModelId("openai/speech")
JOB = {"prompt": "A lighthouse keeper counts the waves", "voice": "coral", "instructions": ""}


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


def run_of(**job: Any) -> Run:
    """A run of the shipped model."""
    model = TomlCatalogue(None, providers={"openai"}).model(MODEL).at("openai").model
    return Run(AttemptId("att_1"), model, {**JOB, **job})


async def made(url: str, **job: Any) -> RunReport:
    """How it ended."""
    async with calling(url) as provider:
        return await ended(provider, await provider.submit(run_of(**job)))


@pytest.mark.server
@pytest.mark.real_time
@pytest.mark.parametrize(
    ("kind", "media_type"), [("mp3", "audio/mpeg"), ("wav", "audio/wav"), ("ogg", "audio/ogg")]
)
async def test_a_text_is_read_aloud(standin: str, kind: str, media_type: str) -> None:
    """To one file of the kind that was asked for, as long as it is, that the intake takes."""
    report = await made(standin, output_format=kind)
    (output,) = report.outputs
    async with FileIntake(5_000_000).receive(output, modality=Modality.AUDIO) as media:
        assert (media.media_type, media.extension) == (media_type, kind)
        assert media.duration_s == pytest.approx(1.44, abs=0.2)
        assert (media.width, media.height, media.thumbnail) == (0, 0, None)


@pytest.mark.server
@pytest.mark.parametrize(
    ("word", "reason", "retryable"),
    [
        ("[[fail:moderation]]", "CONTENT_REFUSED", False),
        ("[[fail:503]]", "PROVIDER_FAILED", True),
        ("[[fail:401]]", "PROVIDER_FAILED", True),
        ("[[cut]]", "PROVIDER_FAILED", False),
        ("[[answer:error_body]]", "OUTPUT_UNUSABLE", True),
        ("[[answer:empty]]", "PROVIDER_FAILED", False),
    ],
)
async def test_refusals_are_understood(standin: str, word: str, reason: str, retryable: bool) -> None:
    """As those of pictures; half a sound is none."""
    report = await made(standin, prompt=f"read this {word}")
    assert report.failure is not None
    assert (report.state, report.failure.reason, report.retryable) == (RunState.FAILED, reason, retryable)


@pytest.mark.server
@pytest.mark.parametrize("name", ["html", "gif", "noise"])
async def test_what_is_no_sound_is_not_delivered(standin: str, name: str) -> None:
    """The intake looks at its bytes, whatever type the server says."""
    report = await made(standin, prompt=f"read this [[answer:{name}]]")
    with pytest.raises(OutputUnusable):
        async with FileIntake(5_000_000).receive(report.outputs[0], modality=Modality.AUDIO):
            pass


@pytest.mark.server
async def test_json_in_place_of_a_sound_is_no_sound() -> None:
    """Whatever it says."""
    async with host_that_says(said(200, b'{"data": []}')) as host:
        report = await made(host.url)
        assert (report.state, report.retryable) == (RunState.FAILED, False)
        assert host.requests == 1


def test_what_we_ship_is_taken_at_every_bound() -> None:
    """By the parameters that OpenAI documents; directions that were not given are not sent."""
    model = TomlCatalogue(None, providers={"openai"}).model(MODEL)
    jobs = jobs_of(dict(model.input_schema))
    assert len(jobs) > 15
    for job in jobs:
        asked = asked_of(Run(AttemptId("att_1"), model.at("openai").model, job))
        SpeechRequest.model_validate(asked)
        assert ("instructions" in asked) == bool(job["instructions"])


@pytest.mark.parametrize(("characters", "credits_due"), [(1, 1), (1_000, 3), (1_001, 4), (4_000, 12)])
def test_a_text_costs_by_its_length(characters: int, credits_due: int) -> None:
    """Three credits a thousand characters, and a credit at least."""
    tariff = TomlCatalogue(None, providers={"openai"}).model(MODEL).tariff
    price = tariff.price({"prompt": "é" * characters})
    assert (price.credits, price.units) == (credits_due, characters)
    assert tariff.summary == "3 credits per 1,000 characters"
