"""Replicate's own: how models are addressed, what outputs look like, and the models that we ship."""

from typing import Any

import pytest
from generation.adapters.outbound.intake import FileIntake
from generation.adapters.outbound.providers.replicate.answers import addresses, report_on
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.domain.identifiers import AttemptId, MediaId, ModelId
from generation.domain.model import Modality
from generation.ports.media_provider import ProviderUnavailable, Run, RunOutput, RunState
from provider_profile import KEY, profile_of
from provider_stage import Opens, ended, run_of
from pydantic import SecretStr
from shipped_jobs import MEDIA, jobs_of
from standins.replicate.app import create_app
from standins.replicate.models import FLUX, MODELS
from standins.replicate.settings import ReplicateSettings
from standins.serving import running

URL = "https://replicate.delivery/a/out-0.webp"


class Nothing:
    """An output that nobody fetches."""

    def __init__(self, url: str) -> None:
        self.url = url


def reported(**prediction: Any) -> Any:
    """What a prediction amounts to."""

    def fetched(url: str) -> RunOutput:
        return Nothing(url)  # type: ignore[return-value]

    return report_on(prediction, fetched)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("output", "urls"),
    [
        (URL, [URL]),
        ([URL, URL + "?2"], [URL, URL + "?2"]),
        ({"image": URL, "mask": None, "more": {"parts": [URL + "?3"]}}, [URL, URL + "?3"]),
        (["a", "text", 7, None, True], []),
        (None, []),
        ("ftp://host/file", []),
        ([[[[[[URL]]]]]], []),
        ([URL] * 1_000, [URL] * 64),
    ],
)
def test_an_output_has_the_shape_that_its_model_gives_it(output: object, urls: list[str]) -> None:
    """Addresses are found in it; what is none is no file, and there is an end to them."""
    assert list(addresses(output)) == urls


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("prediction", "state", "reason", "retryable"),
    [
        ({"status": "starting"}, RunState.RUNNING, None, False),
        ({"status": "succeeded", "output": URL}, RunState.SUCCEEDED, None, False),
        ({"status": "failed", "error": "CUDA out of memory"}, RunState.FAILED, "PROVIDER_FAILED", True),
        ({"status": "failed", "error": None}, RunState.FAILED, "PROVIDER_FAILED", True),
        ({"status": "failed", "error": "... (E005)"}, RunState.FAILED, "CONTENT_REFUSED", False),
        ({"status": "failed", "error": "NSFW content detected."}, RunState.FAILED, "CONTENT_REFUSED", False),
        ({"status": "canceled", "error": "(E005)"}, RunState.CANCELLED, None, True),
        ({"status": "aborted"}, RunState.CANCELLED, None, True),
    ],
)
def test_a_status_is_a_state(
    prediction: dict[str, Any], state: RunState, reason: str | None, retryable: bool
) -> None:
    """Content that was refused is told apart by the error's words; those words go nowhere."""
    report = reported(**prediction)
    assert (report.state, report.retryable) == (state, retryable)
    assert (report.failure and report.failure.reason) == reason
    assert report.failure is None or "CUDA" not in report.failure.detail


@pytest.mark.parametrize(
    ("logs", "progress"),
    [
        ("  0%|          | 0/4 [00:00<?, ?it/s]\n 25%|##5       | 1/4\n", 0.25),
        ("Using seed: 3\n 100%|####| 4/4\n", 1.0),
        ("999%|####|", 1.0),
        ("50% done", 0.0),
        (None, 0.0),
        (["50%|"], 0.0),
    ],
)
def test_progress_is_what_the_logs_show(logs: object, progress: float) -> None:
    """The last bar of a progress library; nothing is made up."""
    assert reported(status="processing", logs=logs).progress == progress


@pytest.mark.parametrize("status", [None, "done", 7, ["succeeded"]])
def test_another_status_is_no_verdict(status: object) -> None:
    """Nobody guesses what it means."""
    with pytest.raises(ProviderUnavailable):
        reported(status=status)


@pytest.mark.server
@pytest.mark.real_time
@pytest.mark.parametrize("model", [FLUX.version, f"{FLUX.name}:{FLUX.version}"])
async def test_any_version_is_run(model: str, opens: Opens) -> None:
    """By its hash alone, or with its name; official models go by their name."""
    async with opens("replicate") as provider:
        run = Run(key=AttemptId("att_1"), model=model, input=profile_of("replicate").input)
        assert (await ended(provider, await provider.submit(run))).state is RunState.SUCCEEDED


@pytest.mark.server
@pytest.mark.real_time
async def test_files_are_gone_after_their_hour(opens: Opens) -> None:
    """A prediction whose data was removed succeeded, and delivers nothing."""
    app = create_app(ReplicateSettings(api_key=SecretStr(KEY), output_ttl_s=0))
    profile = profile_of("replicate")
    with running(app) as url:
        async with opens("replicate", url) as provider:
            report = await ended(provider, await provider.submit(run_of(profile, profile.input)))
    assert (report.state, report.outputs) == (RunState.SUCCEEDED, ())


SHIPPED = (
    "bfl/flux-schnell",
    "bytedance/seedance-1-lite",
    "bfl/flux-kontext-pro",
    "bytedance/seedance-1-pro-animate",
)


@pytest.mark.parametrize("model_id", SHIPPED)
def test_what_we_ship_is_taken_at_every_bound(model_id: str) -> None:
    """By the schema that Replicate publishes of the model; there are no others."""
    offered = {str(model.model_id): model for model in TomlCatalogue(None, providers={"replicate"}).models()}
    runs = offered[model_id].at("replicate")
    jobs = jobs_of(dict(offered[model_id].input_schema))
    assert len(jobs) > 5
    for job in jobs:
        asked = runs.asked(job, {MediaId(MEDIA): "https://store.example/upl_1?signed"})
        refused = MODELS[runs.model].refused(asked)
        assert refused is None, (job, refused and refused.body)


def test_what_we_ship_is_on_offer_with_replicate_alone() -> None:
    """Neither appears where nobody could run it."""
    ids = {str(model.model_id) for model in TomlCatalogue(None, providers={"replicate"}).models()}
    assert set(SHIPPED) == ids
    assert not ids & {str(m.model_id) for m in TomlCatalogue(None, providers={"local"}).models()}


@pytest.mark.server
@pytest.mark.real_time
async def test_a_film_is_made_as_we_ship_it(opens: Opens) -> None:
    """By its template, to a file that the intake takes."""
    model = TomlCatalogue(None, providers={"replicate"}).model(ModelId("bytedance/seedance-1-lite"))
    runs = model.at("replicate")
    job = runs.asked({"prompt": "waves", "duration_s": 2, "ratio": "16:9", "seed": 7})
    async with opens("replicate") as provider:
        report = await ended(provider, await provider.submit(Run(AttemptId("att_1"), runs.model, job)))
        (output,) = report.outputs
        async with FileIntake(50_000_000).receive(output, modality=Modality.VIDEO) as media:
            assert (media.media_type, round(media.duration_s)) == ("video/mp4", 2)
