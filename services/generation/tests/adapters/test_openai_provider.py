"""The OpenAI adapter against a stand-in that speaks OpenAI's HTTP."""

import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest
from embedded.ports import free_ports
from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.in_call import InCallProvider
from generation.adapters.outbound.intake import FileIntake
from generation.adapters.outbound.memory_services import MemorySpool
from generation.adapters.outbound.providers.folder import Surroundings
from generation.adapters.outbound.providers.openai.provider import make
from generation.adapters.outbound.providers.openai.settings import Settings
from generation.domain.identifiers import AttemptId
from generation.domain.model import Modality
from generation.ports.media_provider import Run, RunReport, RunState
from generation_stack import until
from pydantic import AnyHttpUrl, SecretStr

pytestmark = pytest.mark.server

PICTURE = {"prompt": "a red fox", "ratio": "1:1", "quality": "low", "output_format": "png", "output_count": 1}
CHAT = {"prompt": "Tell me of foxes.", "system": "", "max_tokens": 200}


@pytest.fixture(scope="module")
def standin() -> Iterator[str]:
    """The stand-in as a process; the address that stands for api.openai.com."""
    port = free_ports(1)[0]
    process = subprocess.Popen(
        [sys.executable, "-m", "standins.openai"],
        env=os.environ | {"STANDIN_OPENAI_LISTEN": f"127.0.0.1:{port}", "STANDIN_OPENAI_API_KEY": "sk-test"},
    )
    deadline = time.monotonic() + 30
    while True:
        try:
            httpx.get(f"http://127.0.0.1:{port}/healthz").raise_for_status()
            break
        except httpx.HTTPError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
    yield f"http://127.0.0.1:{port}/v1"
    process.terminate()
    process.wait(10)


@pytest.fixture
async def provider(standin: str) -> AsyncIterator[InCallProvider]:
    """The adapter with the stand-in's key."""
    fetch = GuardedClient(allow_loopback=True, size_bytes_max=50_000_000)
    async with calling(standin, fetch) as provider:
        yield provider
    await fetch.close()


def calling(url: str, fetch: GuardedClient) -> AbstractAsyncContextManager[InCallProvider]:
    """The adapter as the worker makes it."""
    settings = Settings(base_url=AnyHttpUrl(url), api_key=SecretStr("sk-test"))
    return make(settings, Surroundings("openai", fetch, MemorySpool()))


async def finished(provider: InCallProvider, model: str, job: dict[str, Any]) -> RunReport:
    """Submits and waits for the end."""
    run_id = await provider.submit(Run(key=AttemptId("att_1"), model=model, input=job))
    reports: list[RunReport] = []

    async def ended() -> bool:
        reports.append(await provider.check(run_id))
        return reports[-1].state is not RunState.RUNNING

    await until(ended)
    return reports[-1]


async def calls(standin: str) -> int:
    """How many requests the stand-in has had."""
    async with httpx.AsyncClient(headers={"authorization": "Bearer sk-test"}) as client:
        answer = await client.get(standin.removesuffix("/v1") + "/_test/requests")
        return len(answer.json()["data"])


async def test_pictures_are_drawn(provider: InCallProvider) -> None:
    """All outputs come, each a picture of the asked ratio and format."""
    job = PICTURE | {"output_count": 2, "ratio": "3:2", "output_format": "webp"}
    report = await finished(provider, "gpt-image-1", job)
    assert (report.state, len(report.outputs)) == (RunState.SUCCEEDED, 2)
    for output in report.outputs:
        async with FileIntake(50_000_000).receive(output, modality=Modality.IMAGE) as media:
            assert (media.width, media.height, media.extension) == (1536, 1024, "webp")


async def test_an_answer_is_written_and_counted(provider: InCallProvider) -> None:
    """The text is stored as UTF-8 and its usage is the provider's own count."""
    report = await finished(provider, "gpt-4.1-mini", CHAT)
    async with FileIntake(1_000_000).receive(report.outputs[0], modality=Modality.TEXT) as media:
        assert media.extension == "txt"
        assert media.size_bytes > 0
    assert report.usage_units is not None
    assert 0 < report.usage_units <= 200 + len(CHAT["prompt"]) + 64  # type: ignore[arg-type]


async def test_an_answer_stops_at_its_limit(provider: InCallProvider) -> None:
    """`max_tokens` bounds what is written, and so what is charged."""
    long = await finished(provider, "gpt-4.1-mini", CHAT | {"prompt": "foxes [[words:200]]", "max_tokens": 5})
    assert long.usage_units is not None
    assert long.usage_units < 30


async def test_a_broken_stream_delivers_what_came(provider: InCallProvider) -> None:
    """The provider's count is missing: what was produced is delivered and counted."""
    report = await finished(provider, "gpt-4.1-mini", CHAT | {"prompt": "foxes [[words:60]] [[cut]]"})
    assert report.state is RunState.SUCCEEDED
    text = b"".join([piece async for piece in report.outputs[0].stream()])
    assert text
    assert report.usage_units is not None
    assert 0 < report.usage_units < 200


@pytest.mark.parametrize(
    ("marker", "reason", "retryable"),
    [
        ("[[fail:moderation]]", "CONTENT_REFUSED", False),
        ("[[fail:429]]", "PROVIDER_FAILED", True),
        ("[[fail:503]]", "PROVIDER_FAILED", True),
        ("[[fail:500]]", "PROVIDER_FAILED", True),
        ("[[fail:quota]]", "PROVIDER_FAILED", True),
        ("[[fail:401]]", "PROVIDER_FAILED", True),
        ("[[fail:other]]", "PROVIDER_FAILED", False),
        ("[[cut]]", "PROVIDER_FAILED", False),
    ],
)
async def test_refusals_are_understood(
    provider: InCallProvider, standin: str, marker: str, reason: str, retryable: bool
) -> None:
    """Each failure says whether another try may help; the SDK itself never tries again."""
    before = await calls(standin)
    report = await finished(provider, "gpt-image-1", PICTURE | {"prompt": f"a fox {marker}"})
    assert report.state is RunState.FAILED
    assert report.failure is not None
    assert (report.failure.reason, report.retryable) == (reason, retryable)
    assert "key" not in report.failure.detail.lower()
    assert await calls(standin) == before + 1


async def test_a_call_can_be_cancelled(provider: InCallProvider) -> None:
    """A stalled call ends when it is told to; a run of another process is unknown."""
    run = Run(key=AttemptId("att_1"), model="gpt-image-1", input=PICTURE | {"prompt": "fox [[stall:60]]"})
    run_id = await provider.submit(run)
    assert await provider.submit(run) == run_id == await provider.find(AttemptId("att_1"))
    assert (await provider.check(run_id)).state is RunState.RUNNING
    await provider.cancel(run_id)
    assert (await provider.check(run_id)).state is RunState.CANCELLED
    assert await provider.find(AttemptId("att_2")) is None


async def test_nobody_there_is_worth_another_try() -> None:
    """A refused connection was no bill."""
    fetch = GuardedClient(allow_loopback=True, size_bytes_max=1000)
    async with calling(f"http://127.0.0.1:{free_ports(1)[0]}/v1", fetch) as nobody:
        report = await finished(nobody, "gpt-image-1", PICTURE)
    assert (report.state, report.retryable) == (RunState.FAILED, True)
    await fetch.close()
