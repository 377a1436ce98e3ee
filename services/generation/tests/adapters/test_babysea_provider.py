"""BabySea over HTTP: one generation a key, its price, and what is left of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.intake import FileIntake
from generation.adapters.outbound.memory_services import MemorySpool
from generation.adapters.outbound.providers.babysea.provider import BabySeaProvider, make
from generation.adapters.outbound.providers.babysea.settings import Settings
from generation.adapters.outbound.providers.folder import Surroundings
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.domain.identifiers import AttemptId, MediaId, ModelId, RunId
from generation.domain.model import Modality
from generation.ports.media_provider import ProviderRefused, ProviderUnavailable, Run, RunState
from provider_profile import KEY, host_that_says, profile_of, said
from provider_stage import Opens, ended, outcome, run_of
from pydantic import SecretStr
from shipped_jobs import MEDIA, jobs_of
from standins.babysea.app import create_app
from standins.babysea.models import MODELS
from standins.babysea.settings import BabySeaSettings
from standins.serving import running

pytestmark = [pytest.mark.server, pytest.mark.real_time]
PROFILE = profile_of("babysea")


@asynccontextmanager
async def at(url: str, **given: Any) -> AsyncIterator[BabySeaProvider]:
    """BabySea at an address."""
    fetch = GuardedClient(allow_loopback=True, size_bytes_max=50_000_000)
    settings = Settings(api_key=SecretStr(KEY), base_url=url, **given)  # type: ignore[arg-type]
    async with make(settings, Surroundings("babysea", fetch, MemorySpool())) as provider:
        yield provider
    await fetch.close()


async def test_a_model_is_named_with_its_endpoint() -> None:
    """Any other name reaches nobody: it would be another path of the API."""
    names = ["bfl/flux-schnell", "image/flux", "image/../content/list", "audio/a/b", "image/a/b?x=1", ""]
    async with host_that_says(said(200)) as host, at(host.url) as provider:
        for name in names:
            with pytest.raises(ProviderRefused) as refused:
                await provider.submit(Run(AttemptId("att_1"), name, PROFILE.input))
            assert not refused.value.retryable
        assert host.requests == 0


async def test_a_film_is_made_at_its_own_endpoint(opens: Opens) -> None:
    """By the first part of its model's name."""
    film = {"generation_prompt": "waves", "generation_duration": 5, "generation_ratio": "16:9"}
    async with opens("babysea") as provider:
        run = Run(AttemptId("att_film"), "video/google/veo-2", film)
        report = await ended(provider, await provider.submit(run))
        (output,) = report.outputs
        async with FileIntake(50_000_000).receive(output, modality=Modality.VIDEO) as media:
            assert media.media_type == "video/mp4"
    # Half a dollar a second, by the stand-in's prices.
    assert report.cost_usd_micros == 2_500_000


async def test_a_key_that_is_being_worked_on_is_asked_about_again() -> None:
    """It is no refusal: another key would buy it twice."""
    run = run_of(PROFILE, PROFILE.ordering("early"), "att_twice")
    app = create_app(BabySeaSettings(api_key=SecretStr(KEY), run_s=5))
    with running(app) as url:
        async with at(url) as provider, httpx.AsyncClient(base_url=url, trust_env=False) as client:
            first = asyncio.ensure_future(provider.submit(run))
            async with asyncio.timeout(30):
                while not (await client.get("/_test/calls")).json()["data"]:
                    await asyncio.sleep(0.01)
            with pytest.raises(ProviderUnavailable, match="409"):
                await provider.submit(run)
            assert await first == await provider.submit(run)
            (counted,) = (await client.get("/_test/calls")).json()["data"]
    assert (counted["calls"], counted["started"]) == (3, 1)


async def test_other_words_under_the_same_key_are_bought_no_more(opens: Opens) -> None:
    """What was bought under it can't be found: the job ends, and another is not started."""
    async with opens("babysea") as provider:
        await provider.submit(run_of(PROFILE, PROFILE.input, "att_words"))
        report = await outcome(provider, run_of(PROFILE, PROFILE.slow, "att_words"))
    assert report is not None
    assert (report.state, report.retryable) == (RunState.FAILED, False)


async def test_a_page_that_is_not_found_is_not_a_run_that_is_not_there() -> None:
    """A wrong address knows no route: what runs elsewhere is not bought again for that."""
    page = said(404, b"<h1>Not Found</h1>", kind="text/html")
    async with host_that_says(page) as host, at(host.url) as provider:
        with pytest.raises(ProviderUnavailable):
            await provider.check(RunId("a"))


async def test_a_window_without_requests_left_is_waited_for() -> None:
    """The stand-in's limits say when, without a Retry-After; a run that is polled is not lost for it."""
    app = create_app(BabySeaSettings(api_key=SecretStr(KEY), rate_limit=1))
    with running(app) as url:
        async with at(url) as provider:
            run_id = await provider.submit(run_of(PROFILE, PROFILE.input))
            with pytest.raises(ProviderUnavailable) as away:
                await provider.check(run_id)
            report = await outcome(provider, run_of(PROFILE, PROFILE.input, "att_2"))
    assert away.value.retry_after_s is not None
    assert 0 <= away.value.retry_after_s <= 60
    assert report is not None
    assert report.retryable
    assert not report.account_trouble


async def test_our_empty_account_is_ours() -> None:
    """BSE1004 is not the user's bill."""
    app = create_app(BabySeaSettings(api_key=SecretStr(KEY), balance="0.004"))  # type: ignore[arg-type]
    with running(app) as url:
        async with at(url) as provider:
            report = await outcome(provider, run_of(PROFILE, PROFILE.input))
    assert report is not None
    assert (report.account_trouble, report.retryable) == (True, True)


async def test_a_cost_that_nobody_tells_holds_up_no_delivery() -> None:
    """Without a price of a credit none is declared; where the estimate fails, none is said."""
    told = {
        "generation_status": "succeeded",
        "generation_output_file": ["https://a.example/1.png"],
        "model_identifier": "bfl/flux-schnell",
    }
    body = json.dumps({"status": "success", "data": told}).encode()
    async with host_that_says(said(200, body)) as host:
        async with at(host.url) as provider:
            assert not provider.capabilities.cost
            assert (await provider.check(RunId("a"))).cost_usd_micros is None
            assert host.requests == 1
        async with at(host.url, credit_usd="1") as provider:
            assert provider.capabilities.cost
            report = await provider.check(RunId("a"))
            assert (report.state, len(report.outputs), report.cost_usd_micros) == (
                RunState.SUCCEEDED,
                1,
                None,
            )


async def test_what_is_forgotten_is_there_no_more(opens: Opens) -> None:
    """Neither the generation nor its files."""
    async with opens("babysea") as provider:
        run_id = await provider.submit(run_of(PROFILE, PROFILE.input, "att_gone"))
        report = await ended(provider, run_id)
        urls = [output.url for output in report.outputs]  # type: ignore[attr-defined]
        async with httpx.AsyncClient(trust_env=False) as client:
            assert [(await client.get(url)).status_code for url in urls] == [200, 200]
            await provider.forget(run_id)
            assert [(await client.get(url)).status_code for url in urls] == [404, 404]
        assert (await provider.check(run_id)).state is RunState.UNKNOWN


async def test_what_can_not_be_forgotten_or_stopped_now_is_said() -> None:
    """A provider in trouble has dropped nothing."""
    async with host_that_says(said(503)) as host, at(host.url) as provider:
        with pytest.raises(ProviderUnavailable):
            await provider.forget(RunId("a"))
        with pytest.raises(ProviderUnavailable):
            await provider.cancel(RunId("a"))


@pytest.mark.parametrize("model_id", ["bfl/flux-schnell", "bytedance/seedance-1-pro-animate"])
def test_what_we_ship_is_taken_at_every_bound(model_id: str) -> None:
    """By the schema that the stand-in has of the model; there is no other public one."""
    model = TomlCatalogue(None, providers={"babysea"}).model(ModelId(model_id))
    runs = model.at("babysea")
    jobs = jobs_of(dict(model.input_schema))
    assert len(jobs) > 5
    for job in jobs:
        asked = runs.asked(job, {MediaId(MEDIA): "https://store.example/upl_1?signed"})
        MODELS[runs.model.partition("/")[2]].refuse(asked)
