"""The stack with a stand-in of every provider: each of them makes something, and tells of it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from customer import ENDED, Customer, until
from embedded.throwaway import throwaway_folder
from launch import free_base, launched
from tintype_local.state import StackState

JOBS = {
    "babysea": ("bfl/flux-schnell", {"prompt": "a red fox"}),
    "comfydeploy": ("pixio/krea-flux", {"prompt": "a red fox", "width": 256, "height": 256}),
    "comfyui": ("comfyui/flux-schnell", {"prompt": "a red fox", "width": 256, "height": 256}),
    "fal": ("bfl/flux-schnell", {"prompt": "a red fox"}),
    "openai": ("openai/gpt-image-1", {"prompt": "a red fox"}),
    "replicate": ("bfl/flux-schnell", {"prompt": "a red fox"}),
}
# Whoever tells of its runs.
TELLING = ("babysea", "comfydeploy", "fal", "replicate")


@pytest.fixture(scope="module")
def crowded() -> Iterator[StackState]:
    """A stack of its own."""
    settings = {"TINTYPE_STAND_INS": "all"}
    with throwaway_folder() as folder, launched(folder, base_port=free_base(), settings=settings) as running:
        yield running


def test_each_provider_makes_a_picture_and_is_heard(crowded: StackState) -> None:
    """All are asked for one; those that tell of runs are believed to have."""
    customer = Customer(crowded)
    jobs = {}
    for provider, (model, given) in JOBS.items():
        asked = {"model": model, "input": given, "provider_order": [provider]}
        answer = customer.api.post("/v1/generations", json=asked, headers={"Idempotency-Key": provider})
        jobs[provider] = answer.raise_for_status().json()["id"]

    def found() -> dict[str, str]:
        return {
            provider: customer.api.get(f"/v1/generations/{generation_id}").json()["status"]
            for provider, generation_id in jobs.items()
        }

    until(lambda: set(found().values()) <= ENDED, "an end of every job")
    assert set(found().values()) == {"succeeded"}, found()
    for name in TELLING:
        told = httpx.get(f"{crowded.url(name)}/_test/webhooks").json()["data"]
        assert {one["status"] for one in told} & {200, 202, 204}, (name, told)
    customer.api.close()


def test_every_model_of_theirs_is_ready(crowded: StackState) -> None:
    """`tintype models` asks the running worker's settings, whatever those of the caller are."""
    done = subprocess.run(
        [sys.executable, "-m", "tintype_local", "models", "--json"],
        env={**os.environ, "TINTYPE_DATA_FOLDER": str(crowded.data_folder), "GENERATION_PROVIDERS": "local"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    listed = {each["model"]: each for each in map(json.loads, done.stdout.splitlines())}
    for provider, (model, _) in JOBS.items():
        assert listed[model]["providers"][provider]["why"] == "ready"
