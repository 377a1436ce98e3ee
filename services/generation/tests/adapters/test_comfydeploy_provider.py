"""ComfyDeploy's own: two vocabularies, every output, and what nobody can know."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.intake import FileIntake
from generation.adapters.outbound.memory_services import MemorySpool
from generation.adapters.outbound.providers.comfydeploy.answers import addresses, report_on
from generation.adapters.outbound.providers.comfydeploy.provider import ComfyDeployProvider, make
from generation.adapters.outbound.providers.comfydeploy.settings import Settings
from generation.adapters.outbound.providers.folder import Surroundings
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.domain.identifiers import AttemptId, MediaId, ModelId, RunId
from generation.domain.model import Modality
from generation.ports.media_provider import ProviderUnavailable, Run, RunOutput, RunReport, RunState
from provider_profile import KEY, host_that_says, profile_of, said
from provider_stage import ended, run_of
from pydantic import SecretStr
from shipped_jobs import MEDIA, jobs_of
from standins.comfydeploy.app import create_app
from standins.comfydeploy.deployments import DEPLOYMENTS
from standins.comfydeploy.settings import ComfyDeploySettings
from standins.odd_files import ODD_FILES
from standins.serving import running
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PROFILE = profile_of("comfydeploy")
A, B, C = (f"https://files.example/{name}.png" for name in "abc")


def reported(**run: Any) -> RunReport:
    """What a run amounts to."""

    def fetched(url: str) -> RunOutput:
        return url  # type: ignore[return-value]

    return report_on(run, fetched)


@pytest.mark.parametrize(
    ("words", "state"),
    [
        (
            "not-started queued started running uploading pending processing",
            RunState.RUNNING,
        ),
        ("success completed", RunState.SUCCEEDED),
        ("failed timeout", RunState.FAILED),
        ("cancelled", RunState.CANCELLED),
    ],
)
def test_both_vocabularies_are_understood(words: str, state: RunState) -> None:
    """Pixio's, and that of the service behind it."""
    assert {reported(status=word).state for word in words.split()} == {state}


@pytest.mark.exhaustive
@pytest.mark.parametrize("status", [None, "", "done", "SUCCESS", 7, ["success"], {"success": True}])
def test_another_status_is_no_verdict(status: object) -> None:
    """Nobody guesses what it means."""
    with pytest.raises(ProviderUnavailable):
        reported(status=status)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("outputs", "urls"),
    [
        ([{"url": A}], [A]),
        ([{"data": {"images": [{"url": A}, {"url": B}]}}], [A, B]),
        ([{"data": {"files": [{"url": A, "filename": "a.mp4", "type": "output"}]}}], [A]),
        ([{"url": A, "data": {"images": [{"url": A}, {"url": B}], "files": [{"url": C}]}}], [A, B, C]),
        ([{"data": {"images": [{"url": B}]}}, {"data": {"gifs": [{"url": A}]}}, {"url": B}], [B, A]),
        ([{"data": {"images": {"url": A}, "text": ["words"], "files": [None, 7, {"url": None}]}}], []),
        ([{"url": "ftp://host/a"}, {"url": 7}, None, "x", {"data": []}], []),
        ([], []),
        (None, []),
        ({"url": A}, []),
        ([{"url": f"https://files.example/{n}"} for n in range(1_000)], None),
    ],
)
def test_every_file_of_every_output_is_kept_once(outputs: object, urls: list[str] | None) -> None:
    """In their order, wherever they are named; and there is an end to them."""
    found = list(addresses(outputs))
    assert found == urls if urls is not None else len(found) == 64


def test_files_of_what_has_not_succeeded_are_nobodys() -> None:
    """Half a run is no result."""
    for status in ("running", "failed", "cancelled"):
        assert reported(status=status, outputs=[{"url": A}]).outputs == ()
    assert reported(status="success", outputs=[{"url": A}]).outputs == (A,)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("run", "progress"),
    [
        ({"progress": 0.25}, 0.25),
        ({"progress": 1}, 1.0),
        ({"progress": 42}, 0.42),
        ({"progress": 1_000}, 1.0),
        ({"progress": -3}, 0.0),
        ({"progress": 0.9, "queue_position": 3}, 0.0),
        ({"progress": 0.9, "queue_position": 0}, 0.9),
        ({"progress": 0.9, "queue_position": None}, 0.9),
        ({"progress": None}, 0.0),
        ({"progress": True}, 0.0),
        ({"progress": "0.5"}, 0.0),
        ({"progress": float("nan")}, 0.0),
        ({"progress": float("inf")}, 0.0),
        ({}, 0.0),
    ],
)
def test_progress_is_a_share(run: dict[str, Any], progress: float) -> None:
    """Of one or of a hundred; while others are before it, none."""
    report = reported(status="running", **run)
    assert report.progress == progress
    assert report.queue_position == (run.get("queue_position") or None)


@pytest.mark.parametrize(
    ("error", "reason", "retryable", "ours"),
    [
        (None, "PROVIDER_FAILED", True, False),
        ("CUDA out of memory", "PROVIDER_FAILED", True, False),
        ("The prompt was flagged by the safety checker", "CONTENT_REFUSED", False, False),
        ("Insufficient credit: top up your account", "PROVIDER_FAILED", True, True),
        ({"message": "policy"}, "PROVIDER_FAILED", True, False),
    ],
)
def test_a_failure_is_told_by_its_words(error: object, reason: str, retryable: bool, ours: bool) -> None:
    """They go nowhere."""
    report = reported(status="failed", error=error)
    assert report.failure is not None
    assert (report.failure.reason, report.retryable, report.account_trouble) == (reason, retryable, ours)
    assert "CUDA" not in report.failure.detail


@asynccontextmanager
async def at(url: str) -> AsyncIterator[ComfyDeployProvider]:
    """The deployments at an address."""
    fetch = GuardedClient(allow_loopback=True, size_bytes_max=50_000_000)
    settings = Settings(api_key=SecretStr(KEY), base_url=url)  # type: ignore[arg-type]
    async with make(settings, Surroundings("comfydeploy", fetch, MemorySpool())) as provider:
        yield provider
    await fetch.close()


@pytest.mark.server
@pytest.mark.real_time
@pytest.mark.parametrize("vocabulary", ["comfydeploy", "pixio"])
async def test_a_run_ends_in_either_vocabulary(vocabulary: str) -> None:
    """From its queue to its files, as its end, its failure and its cancellation."""
    settings = ComfyDeploySettings(api_key=SecretStr(KEY), vocabulary=vocabulary)  # type: ignore[arg-type]
    with running(create_app(settings)) as url:
        async with at(url) as provider:
            made = await ended(provider, await provider.submit(run_of(PROFILE, PROFILE.input)))
            assert (made.state, len(made.outputs), made.progress) == (RunState.SUCCEEDED, 1, 1.0)
            failed = await provider.submit(run_of(PROFILE, PROFILE.ordering("fail")))
            assert (await ended(provider, failed)).state is RunState.FAILED
            stalled = await provider.submit(run_of(PROFILE, PROFILE.slow))
            await provider.cancel(stalled)
            assert (await ended(provider, stalled)).state is RunState.CANCELLED


@pytest.mark.server
@pytest.mark.parametrize(
    ("status", "body", "known"),
    [
        (404, {"detail": "Run not found"}, False),
        (404, {"error": "Run not found"}, False),
        (404, {"detail": "Not Found"}, None),
        (404, {}, None),
        (401, {"detail": "Invalid or expired token"}, None),
    ],
)
async def test_only_who_knows_runs_says_that_one_is_not_there(
    status: int, body: dict[str, str], known: bool | None
) -> None:
    """A wrong address or a refused key says nothing of what is running."""
    async with host_that_says(said(status, json.dumps(body).encode())) as host, at(host.url) as provider:
        if known is None:
            with pytest.raises(ProviderUnavailable):
                await provider.check(RunId("a"))
        else:
            assert (await provider.check(RunId("a"))).state is RunState.UNKNOWN


@pytest.mark.server
async def test_a_cancel_that_is_not_taken_is_said() -> None:
    """Whoever is busy has stopped nothing; whoever does not know the run has nothing to stop."""
    for status in (429, 503):
        async with host_that_says(said(status, retry_after="7")) as host, at(host.url) as provider:
            with pytest.raises(ProviderUnavailable) as away:
                await provider.cancel(RunId("a"))
        assert away.value.retry_after_s == 7
    async with host_that_says(said(404)) as host, at(host.url) as provider:
        await provider.cancel(RunId("a"))


@pytest.mark.parametrize("model_id", ["pixio/krea-flux", "pixio/qwen-edit", "pixio/wan-first-last-frame"])
def test_what_we_ship_is_taken_at_every_bound(model_id: str) -> None:
    """By the inputs that Pixio's starter lists of the workflow."""
    model = TomlCatalogue(None, providers={"comfydeploy"}).model(ModelId(model_id))
    runs = model.at("comfydeploy")
    jobs = jobs_of(dict(model.input_schema))
    assert len(jobs) > 5
    for job in jobs:
        asked = runs.asked(job, {MediaId(MEDIA): "https://store.example/upl_1?signed"})
        assert DEPLOYMENTS[runs.model].wrong(asked) is None, job


def test_the_longest_film_costs_what_the_workflow_does() -> None:
    """A hundred credits for its 81 frames, and a shorter one as much less."""
    model = TomlCatalogue(None, providers={"comfydeploy"}).model(ModelId("pixio/wan-first-last-frame"))
    prices = {}
    for job in jobs_of(dict(model.input_schema)):
        frames = model.at("comfydeploy").asked(job, {MediaId(MEDIA): "https://a.example"})["length"]
        prices[frames] = model.tariff.price(job).credits
    assert prices == {17: 20, 33: 40, 49: 60, 65: 80, 81: 100}


@pytest.mark.server
@pytest.mark.real_time
async def test_pictures_are_fetched_where_we_signed_them() -> None:
    """A film between two of them is delivered; where one can't be had, the run fails as the provider's."""
    model = TomlCatalogue(None, providers={"comfydeploy"}).model(ModelId("pixio/wan-first-last-frame"))
    runs = model.at("comfydeploy")
    job = jobs_of(dict(model.input_schema))[0] | {"duration_s": 1, "width": 256, "height": 256}

    async def picture(_request: Request) -> Response:
        return Response(ODD_FILES["mpo"](), media_type="image/jpeg")

    standin = create_app(ComfyDeploySettings(api_key=SecretStr(KEY)))
    with running(standin) as url, running(Starlette(routes=[Route("/upl_1", picture)])) as store:
        async with at(url) as provider:
            asked = runs.asked(job, {MediaId(MEDIA): f"{store}/upl_1"})
            made = await ended(provider, await provider.submit(Run(AttemptId("att_1"), runs.model, asked)))
            (output,) = made.outputs
            async with FileIntake(50_000_000).receive(output, modality=Modality.VIDEO) as media:
                assert (media.media_type, round(media.duration_s or 0)) == ("video/mp4", 1)
            lost = runs.asked(job, {MediaId(MEDIA): f"{store}/upl_2"})
            failed = await ended(provider, await provider.submit(Run(AttemptId("att_2"), runs.model, lost)))
    assert failed.failure is not None
    assert (failed.state, failed.failure.reason) == (RunState.FAILED, "PROVIDER_FAILED")
