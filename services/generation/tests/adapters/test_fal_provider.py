"""fal's own: how requests are addressed, what results mean, and the models that we ship."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.intake import FileIntake
from generation.adapters.outbound.memory_services import MemorySpool
from generation.adapters.outbound.providers.fal.addresses import path_of, run_id_of
from generation.adapters.outbound.providers.fal.answers import addresses, ended, running
from generation.adapters.outbound.providers.fal.provider import FalProvider, make
from generation.adapters.outbound.providers.fal.settings import Settings
from generation.adapters.outbound.providers.folder import Surroundings
from generation.adapters.outbound.providers.http_api import Answer
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.domain.identifiers import AttemptId, MediaId, ModelId, RunId
from generation.domain.model import Modality
from generation.ports.media_provider import ProviderRefused, ProviderUnavailable, Run, RunOutput, RunState
from provider_profile import KEY, host_that_says, profile_of, said
from provider_stage import Opens
from provider_stage import ended as over
from pydantic import SecretStr
from shipped_jobs import MEDIA, jobs_of
from standins.fal.models import MODELS

MODEL = "fal-ai/flux/schnell"
URL = "https://v3.fal.media/files/a/out-0.png"
FILM = "bytedance/seedance-1-pro-animate"
SHIPPED = ("bfl/flux-schnell", "google/nano-banana-edit", "bfl/flux-kontext-pro", FILM)


class Nothing:
    """An output that nobody fetches."""

    def __init__(self, url: str) -> None:
        self.url = url


def fetched(url: str) -> RunOutput:
    """Nobody fetches it."""
    return Nothing(url)  # type: ignore[return-value]


def answered(status: int, body: object, **headers: str) -> Answer:
    """An answer of a result."""
    return Answer(status, headers, json.dumps(body).encode())


@asynccontextmanager
async def at(url: str) -> AsyncIterator[FalProvider]:
    """The provider as it is without webhooks, at an address."""
    fetch = GuardedClient(allow_loopback=True, size_bytes_max=50_000_000)
    settings = Settings(api_key=SecretStr(KEY), base_url=url)  # type: ignore[arg-type]
    async with make(settings, Surroundings("fal", fetch, MemorySpool())) as provider:
        yield provider
    await fetch.close()


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("said_url", "run_id"),
    [
        ("https://queue.fal.run/fal-ai/flux/requests/r-1", "fal-ai/flux/r-1"),
        ("https://queue.falrun.com/fal-ai/flux-2/requests/r-1", "fal-ai/flux-2/r-1"),
        # Another request's, another shape, nothing that is read: as the documentation builds it.
        ("https://queue.fal.run/fal-ai/other/requests/r-2", "fal-ai/flux/r-1"),
        ("https://queue.fal.run/../../requests/r-1", "fal-ai/flux/r-1"),
        ("x" * 3_000, "fal-ai/flux/r-1"),
        (None, "fal-ai/flux/r-1"),
        (7, "fal-ai/flux/r-1"),
    ],
)
def test_a_run_has_what_its_addresses_are_made_of(said_url: object, run_id: str) -> None:
    """Owner and app as the answer says them, and never its host: our key goes to one."""
    found = run_id_of({"request_id": "r-1", "response_url": said_url}, model=MODEL)
    assert found == run_id
    assert path_of(found) == f"/{run_id.rpartition('/')[0]}/requests/r-1"


@pytest.mark.exhaustive
@pytest.mark.parametrize("run_id", ["nobody", "a/b", "a/b/c/d", "../x/r-1", "a/b/r?x", "", "a//b"])
def test_what_is_no_run_of_fals_is_asked_of_nobody(run_id: str) -> None:
    """It would be another address."""
    assert path_of(RunId(run_id)) is None


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("result", "urls"),
    [
        ({"images": [{"url": URL, "width": 1}, {"url": URL + "?2"}], "seed": 7}, [URL, URL + "?2"]),
        ({"video": {"url": URL, "file_size": 7}}, [URL]),
        ({"audio": {"url": URL}, "words": ["https://not.example/a-file"]}, [URL]),
        ({"images": [{"url": "data:image/png;base64,AAAA"}, {"url": None}, 7, None]}, []),
        ({"prompt": URL}, []),
        ({"images": [{"url": URL}] * 1_000}, [URL] * 64),
        ({"a": {"b": {"c": {"d": {"e": {"url": URL}}}}}}, []),
    ],
)
def test_files_are_tables_with_an_address(result: object, urls: list[str]) -> None:
    """Wherever a model puts them; a text that is an address is a text, and there is an end to them."""
    assert list(addresses(result)) == urls


def test_black_pictures_are_not_delivered() -> None:
    """What the checker found is left out, and where it found everything the content was refused."""
    images = [{"url": f"{URL}?{number}"} for number in range(3)]
    some = ended({}, answered(200, {"images": images, "has_nsfw_concepts": [False, True, False]}), fetched)
    assert (some.state, len(some.outputs)) == (RunState.SUCCEEDED, 2)
    every = ended({}, answered(200, {"images": images, "has_nsfw_concepts": [True] * 3}), fetched)
    assert every.failure is not None
    assert (every.state, every.failure.reason, every.retryable) == (RunState.FAILED, "CONTENT_REFUSED", False)
    odd = ended({}, answered(200, {"images": images, "has_nsfw_concepts": [True]}), fetched)
    assert len(odd.outputs) == 3


WRONG_INPUT = [{"loc": ["body", "prompt"], "msg": "Field required", "type": "missing"}]
FLAGGED = [{"loc": ["body", "prompt"], "msg": "flagged", "type": "content_policy_violation"}]
BROKEN = [{"loc": ["body"], "msg": "out of memory of /secret", "type": "internal_server_error"}]


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("status", "body", "state", "reason", "retryable"),
    [
        (422, {"detail": WRONG_INPUT}, RunState.FAILED, "PROVIDER_FAILED", False),
        (422, {"detail": FLAGGED}, RunState.FAILED, "CONTENT_REFUSED", False),
        (400, {"detail": [*WRONG_INPUT, *FLAGGED]}, RunState.FAILED, "CONTENT_REFUSED", False),
        (500, {"detail": BROKEN}, RunState.FAILED, "PROVIDER_FAILED", True),
        (
            504,
            {"detail": "Request timed out", "error_type": "request_timeout"},
            RunState.FAILED,
            "PROVIDER_FAILED",
            True,
        ),
        (499, {"detail": "stopped", "error_type": "client_cancelled"}, RunState.CANCELLED, None, True),
        (404, {"detail": "Request not found"}, RunState.FAILED, "PROVIDER_FAILED", True),
    ],
)
def test_a_failed_result_says_why(
    status: int, body: object, state: RunState, reason: str | None, retryable: bool
) -> None:
    """By its kinds, and never by its words, which go nowhere."""
    report = ended({"status": "COMPLETED"}, answered(status, body), fetched)
    assert (report.state, report.retryable) == (state, retryable)
    assert (report.failure and report.failure.reason) == reason
    assert report.failure is None or "secret" not in report.failure.detail
    assert not report.account_trouble


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, {"detail": "Internal Server Error"}),
        (503, "x"),
        (429, {"detail": BROKEN}),
        (400, {"detail": "Request is still in progress"}),
        (401, {"detail": "Authentication is required"}),
        (403, {"detail": "User is locked. Reason: Exhausted balance."}),
        (404, {}),
    ],
)
def test_a_result_that_can_not_be_had_is_no_verdict(status: int, body: object) -> None:
    """What was made may be there in a moment, and is paid for."""
    with pytest.raises(ProviderUnavailable):
        ended({"status": "COMPLETED"}, answered(status, body), fetched)


def test_a_status_that_says_so_is_a_failure() -> None:
    """Then even a plain error of the result is the run's; only who is busy is asked again."""
    failed = {"status": "COMPLETED", "error": "Internal Server Error"}
    report = ended(failed, answered(500, {"detail": "Internal Server Error"}), fetched)
    assert (report.state, report.retryable) == (RunState.FAILED, True)
    for busy in (answered(429, {"detail": "Too many requests"}), answered(502, "page")):
        with pytest.raises(ProviderUnavailable):
            ended(failed, busy, fetched)


@pytest.mark.parametrize("status", [None, "DONE", 7, ["IN_QUEUE"], {}])
def test_another_status_is_no_verdict(status: object) -> None:
    """Nobody guesses what it means."""
    with pytest.raises(ProviderUnavailable):
        running({"status": status})


def test_progress_is_what_the_logs_show() -> None:
    """The last bar; where none is, nothing is made up."""
    bars = [{"message": " 25%|##  | 1/4"}, {"message": " 50%|####| 2/4"}, {"message": None}, 7]
    for logs, progress in ((bars, 0.5), (None, 0.0), ([], 0.0), ("50%|", 0.0)):
        report = running({"status": "IN_PROGRESS", "logs": logs})
        assert report is not None
        assert report.progress == progress


@pytest.mark.server
async def test_a_model_is_named_with_its_app() -> None:
    """Any other name reaches nobody: it would be another path of the queue."""
    async with host_that_says(said(200)) as host, at(host.url) as provider:
        for name in ("flux", "a/../b", "a/b?fal_webhook=x", "a//b", "/a/b", ""):
            with pytest.raises(ProviderRefused) as refused:
                await provider.submit(Run(AttemptId("att_1"), name, {"prompt": "a"}))
            assert not refused.value.retryable
        assert host.requests == 0


@pytest.mark.server
@pytest.mark.parametrize("status", [429, 500])
async def test_a_cancel_that_was_not_heard_is_said(status: int) -> None:
    """What says nothing of the request is no answer."""
    async with host_that_says(said(status, retry_after="7")) as host, at(host.url) as provider:
        with pytest.raises(ProviderUnavailable) as away:
            await provider.cancel(RunId("fal-ai/flux/r-1"))
    assert away.value.retry_after_s == 7


@pytest.mark.server
@pytest.mark.real_time
async def test_an_input_that_its_model_does_not_take_fails_for_good(opens: Opens) -> None:
    """The queue takes it, the result refuses it; nobody tries it elsewhere or again."""
    job = {**profile_of("fal").input, "num_images": 7}
    async with opens("fal") as provider:
        report = await over(provider, await provider.submit(Run(AttemptId("att_1"), MODEL, job)))
    assert (report.state, report.retryable, report.account_trouble) == (RunState.FAILED, False, False)


@pytest.mark.parametrize("model_id", SHIPPED)
def test_what_we_ship_is_taken_at_every_bound(model_id: str) -> None:
    """By the schema that fal publishes of the model; there are no others."""
    model = TomlCatalogue(None, providers={"fal"}).model(ModelId(model_id))
    runs = model.at("fal")
    jobs = jobs_of(dict(model.input_schema))
    assert len(jobs) > 5
    for job in jobs:
        wrong = MODELS[runs.model].wrong(runs.asked(job, {MediaId(MEDIA): "https://store.example/upl_1?s"}))
        assert wrong is None, (job, wrong and wrong.body)


def test_what_we_ship_is_on_offer_with_fal_alone() -> None:
    """And nothing of it where nobody could run it."""
    assert set(SHIPPED) == {str(model.model_id) for model in TomlCatalogue(None, providers={"fal"}).models()}


@pytest.mark.server
@pytest.mark.real_time
async def test_a_film_is_made_of_a_picture_as_we_ship_it(opens: Opens) -> None:
    """By its template, to a file that the intake takes."""
    runs = TomlCatalogue(None, providers={"fal"}).model(ModelId(FILM)).at("fal")
    asked = runs.asked(
        {"prompt": "waves", "image": MEDIA, "duration_s": 2, "seed": 7},
        {MediaId(MEDIA): "https://store.example/upl_1"},
    )
    assert asked["image_url"] == "https://store.example/upl_1"
    async with opens("fal") as provider:
        report = await over(provider, await provider.submit(Run(AttemptId("att_1"), runs.model, asked)))
        (output,) = report.outputs
        async with FileIntake(50_000_000).receive(output, modality=Modality.VIDEO) as media:
            assert (media.media_type, round(media.duration_s or 0)) == ("video/mp4", 2)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("told", "place"),
    [
        ({"status": "IN_QUEUE", "queue_position": 0}, 1),
        ({"status": "IN_QUEUE", "queue_position": 12}, 13),
        ({"status": "IN_QUEUE"}, None),
        ({"status": "IN_QUEUE", "queue_position": "3"}, None),
        ({"status": "IN_QUEUE", "queue_position": -1}, None),
        ({"status": "IN_QUEUE", "queue_position": True}, None),
        ({"status": "IN_PROGRESS", "queue_position": 3}, None),
    ],
)
def test_a_place_counts_from_one(told: dict[str, object], place: int | None) -> None:
    """And is told while it waits alone."""
    report = running(told)
    assert report is not None
    assert report.queue_position == place
