"""A ComfyUI server, with and without its socket: progress, uploads, files and what nobody can know."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.intake import FileIntake
from generation.adapters.outbound.memory_services import MemorySpool
from generation.adapters.outbound.providers.comfyui.listening import Listener
from generation.adapters.outbound.providers.comfyui.provider import ComfyUiProvider, make, run_id_of
from generation.adapters.outbound.providers.comfyui.settings import Settings
from generation.adapters.outbound.providers.folder import Surroundings
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.domain.identifiers import AttemptId, MediaId, ModelId, RunId
from generation.domain.model import Modality
from generation.ports.media_provider import ProviderRefused, ProviderUnavailable, Run, RunState
from provider_profile import KEY, host_that_says, profile_of, said
from provider_stage import ENDS_WITHIN_S, ended, run_of
from pydantic import SecretStr
from shipped_jobs import MEDIA, jobs_of
from standins.comfyui.app import create_app
from standins.comfyui.nodes import wrong
from standins.comfyui.settings import ComfyUiSettings
from standins.odd_files import ODD_FILES
from standins.serving import running
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

PROFILE = profile_of("comfyui")
UPLOADED = f"tintype/{MEDIA}.jpg [temp]"


class Picture:
    """A picture that a job was given."""

    media_type = "image/jpeg"
    size_bytes = 1
    url = "https://store.example/upl_1?signed"

    async def read(self) -> bytes:
        """Its bytes."""
        return ODD_FILES["mpo"]()


@asynccontextmanager
async def at(url: str, *, file_bytes_max: int = 50_000_000) -> AsyncIterator[ComfyUiProvider]:
    """The server at an address. Files at addresses of this machine are off limits, but for its own."""
    fetch = GuardedClient(allow_loopback=False, size_bytes_max=file_bytes_max)
    settings = Settings(api_key=SecretStr(KEY), base_url=url)  # type: ignore[arg-type]
    async with make(settings, Surroundings("comfyui", fetch, MemorySpool())) as provider:
        yield provider
    await fetch.close()


def standin(**more: Any) -> Starlette:
    """The stand-in behind a proxy that asks for a key."""
    return create_app(ComfyUiSettings(api_key=SecretStr(KEY), **more))


@pytest.mark.server
@pytest.mark.real_time
async def test_progress_comes_by_the_socket_to_whoever_follows_the_run() -> None:
    """Also to a worker that took it over and did not submit it; it never goes back."""
    with running(standin()) as url:
        async with at(url) as first, at(url) as second:
            run_id = await first.submit(run_of(PROFILE, PROFILE.slow))
            shares: list[float] = []
            async with asyncio.timeout(ENDS_WITHIN_S):
                while not shares or shares[-1] < 0.5:
                    shares.append((await first.check(run_id)).progress)
                    await asyncio.sleep(0.01)
            assert shares == sorted(shares)
            assert (await second.check(run_id)).state is RunState.RUNNING
            await second.cancel(run_id)
            assert (await ended(second, run_id)).state is RunState.CANCELLED


@pytest.mark.server
@pytest.mark.real_time
async def test_without_a_socket_everything_ends_as_well() -> None:
    """One that breaks, and a server that lets nobody in: the history decides."""
    with running(standin()) as url:
        async with at(url) as provider, httpx.AsyncClient(base_url=url, trust_env=False) as control:
            run_id = await provider.submit(run_of(PROFILE, PROFILE.input))
            (await control.post("/_test/sockets", json={"open": False})).raise_for_status()
            deaf = await provider.submit(run_of(PROFILE, PROFILE.input, "att_2"))
            for each in (run_id, deaf):
                report = await ended(provider, each)
                assert (report.state, len(report.outputs)) == (RunState.SUCCEEDED, 2)


@pytest.mark.server
@pytest.mark.real_time
async def test_one_that_waits_is_taken_out_of_the_queue() -> None:
    """The server keeps nothing of it, and it is cancelled all the same; others go on."""
    with running(standin(queue_s=30)) as url:
        async with at(url) as provider:
            run_id = await provider.submit(run_of(PROFILE, PROFILE.input))
            other = await provider.submit(run_of(PROFILE, PROFILE.input, "att_2"))
            await provider.cancel(run_id)
            await provider.cancel(run_id)
            assert (await provider.check(run_id)).state is RunState.CANCELLED
            assert await provider.find(AttemptId("att_1")) is None
            assert (await provider.check(other)).state is RunState.RUNNING


@pytest.mark.server
@pytest.mark.real_time
async def test_a_picture_is_uploaded_and_painted_over() -> None:
    """By the shipped graph; what it makes is fetched from the server itself, with our key."""
    model = TomlCatalogue(None, providers={"comfyui"}).model(ModelId("comfyui/sdxl-edit"))
    runs = model.at("comfyui")
    asked = runs.asked(jobs_of(dict(model.input_schema))[0] | {"seed": 7})
    with running(standin()) as url:
        async with at(url) as provider:
            run = Run(AttemptId("att_1"), runs.model, asked, {MediaId(MEDIA): Picture()})
            report = await ended(provider, await provider.submit(run))
            (output,) = report.outputs
            async with FileIntake(50_000_000).receive(output, modality=Modality.IMAGE) as media:
                assert media.media_type == "image/png"
            # Not uploaded: the server has no such file, and the user pays nothing.
            with pytest.raises(ProviderRefused) as refused:
                await provider.submit(Run(AttemptId("att_2"), runs.model, asked))
            assert (refused.value.retryable, refused.value.account_trouble) == (False, False)
            assert await provider.find(AttemptId("att_2")) is None


@pytest.mark.server
@pytest.mark.real_time
async def test_what_is_forgotten_is_no_longer_in_the_history() -> None:
    """With the words that people wrote."""
    with running(standin()) as url:
        async with at(url) as provider, httpx.AsyncClient(base_url=url, trust_env=False) as client:
            run_id = await provider.submit(run_of(PROFILE, PROFILE.input))
            await ended(provider, run_id)
            key = {"authorization": f"Bearer {KEY}"}
            assert "a red fox" in (await client.get(f"/history/{run_id}", headers=key)).text
            await provider.forget(run_id)
            assert (await client.get(f"/history/{run_id}", headers=key)).json() == {}


def server_that_says(**answers: Callable[[Request], Response]) -> Starlette:
    """A server of these calls, by the first word of their paths."""
    routes = [Route(f"/{name}{{rest:path}}", call, methods=["GET", "POST"]) for name, call in answers.items()]
    return Starlette(routes=routes)


def empty_queue(_request: Request) -> Response:
    """Nobody runs."""
    return JSONResponse({"queue_running": [], "queue_pending": []})


@pytest.mark.server
@pytest.mark.parametrize("status", [200, 404, 429, 500])
async def test_a_history_that_can_not_be_read_is_no_verdict(status: int) -> None:
    """A run that is in no queue may have ended well; nor is it said to be found, or not."""
    page = server_that_says(queue=empty_queue, history=lambda _: Response("<p>oh</p>", status))
    with running(page) as url:
        async with at(url) as provider:
            for look in (provider.check(RunId("a")), provider.find(AttemptId("att_1"))):
                with pytest.raises(ProviderUnavailable):
                    await look


@pytest.mark.server
async def test_nobody_elses_run_is_interrupted() -> None:
    """Some servers stop whatever runs: one that does not run ours is not told to."""
    asked: list[str] = []

    def heard(request: Request) -> Response:
        asked.append(request.url.path)
        others = [[0, "another", {}, {}, []]]
        return JSONResponse({"queue_running": others, "queue_pending": []})

    with running(server_that_says(queue=heard, interrupt=heard)) as url:
        async with at(url) as provider:
            await provider.cancel(RunId("ours"))
    assert set(asked) == {"/queue"}


@pytest.mark.server
async def test_a_server_that_gives_ids_of_its_own_is_used() -> None:
    """One that is older than ours: its answer is believed."""
    with running(server_that_says(prompt=lambda _: JSONResponse({"prompt_id": "its-own"}))) as url:
        async with at(url) as provider:
            assert await provider.submit(run_of(PROFILE, PROFILE.input)) == "its-own"


@pytest.mark.server
async def test_our_key_goes_where_it_was_set_and_nowhere_else() -> None:
    """A file that is somewhere else is not fetched there, whatever may be there; it has a size at most."""
    heard: list[str] = []

    async def elsewhere(request: Request) -> Response:
        heard.append(request.url.path)
        return Response(b"x")

    run_id = run_id_of(AttemptId("att_1"))
    images = [{"filename": name, "subfolder": "", "type": "output"} for name in ("moved", "large")]
    entry = {"status": {"status_str": "success"}, "outputs": {"9": {"images": images}}}
    with running(server_that_says(x=elsewhere)) as other:

        def view(request: Request) -> Response:
            moved = request.query_params["filename"] == "moved"
            return RedirectResponse(f"{other}/x", 302) if moved else Response(b"x" * 2_000)

        server = server_that_says(
            prompt=lambda _: JSONResponse({"prompt_id": run_id}),
            queue=empty_queue,
            history=lambda _: JSONResponse({run_id: entry}),
            view=view,
        )
        with running(server) as url:
            async with at(url, file_bytes_max=1_000) as provider:
                report = await ended(provider, await provider.submit(run_of(PROFILE, PROFILE.input)))
                assert len(report.outputs) == 2
                for output in report.outputs:
                    with pytest.raises(Exception, match=r"answered 302|larger than 1000 bytes"):
                        [piece async for piece in output.stream()]
    assert heard == []


@pytest.mark.server
async def test_a_socket_that_points_elsewhere_is_not_followed() -> None:
    """It is asked for again, where it was set."""
    async with (
        host_that_says(said(200)) as other,
        host_that_says(said(302, location=f"{other.url}/ws")) as host,
    ):
        listener = Listener(host.url, {"authorization": "Bearer k"})
        async with asyncio.timeout(ENDS_WITHIN_S):
            # The second comes when nothing is left of the first.
            while host.requests < 2:
                listener.follow("ours", {})
                await asyncio.sleep(0.01)
        await listener.close()
    assert other.requests == 0


@pytest.mark.parametrize("model_id", ["comfyui/flux-schnell", "comfyui/sdxl-edit"])
def test_what_we_ship_is_taken_at_every_bound(model_id: str) -> None:
    """By the inputs that ComfyUI's nodes have."""
    model = TomlCatalogue(None, providers={"comfyui"}).model(ModelId(model_id))
    runs = model.at("comfyui")
    jobs = jobs_of(dict(model.input_schema))
    assert len(jobs) > 5
    for job in jobs:
        asked = runs.asked({"seed": 7, **job})
        for node in asked.values():
            if node["class_type"] == "LoadImage":
                assert node["inputs"]["image"] == MEDIA
                node["inputs"]["image"] = UPLOADED
        assert wrong(asked, {UPLOADED: b""}) is None, job


def test_models_of_a_server_that_is_not_set_up_are_not_offered() -> None:
    """They are there when it is."""
    offered = {model.model_id for model in TomlCatalogue(None, providers={"local"}).models()}
    assert not [model_id for model_id in offered if model_id.startswith("comfyui/")]
