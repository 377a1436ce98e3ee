"""The ComfyDeploy stand-in, as Pixio's starter calls Pixio."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from PIL import Image
from pydantic import SecretStr
from standins.comfydeploy.app import create_app
from standins.comfydeploy.deployments import DEPLOYMENTS
from standins.comfydeploy.settings import ComfyDeploySettings
from standins.serving import running
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

KEY = "cd_of_these_tests"
ENDS_WITHIN_S = 30.0
OVER = ("success", "failed", "timeout", "cancelled")
KREA, QWEN, WAN = DEPLOYMENTS


class Outside:
    """Whoever is told of runs, and has the pictures that workflows are given."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.statuses = [200]

    async def hook(self, request: Request) -> Response:
        """Keep what is told."""
        self.heard.append(json.loads(await request.body()))
        return Response(status_code=self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0])

    async def picture(self, _request: Request) -> Response:
        """Answer with a picture."""
        file = io.BytesIO()
        Image.new("RGB", (32, 32), "teal").save(file, "PNG")
        return Response(file.getvalue(), media_type="image/png")

    async def page(self, _request: Request) -> Response:
        """Answer with what is none."""
        return Response("<p>Sign in</p>", media_type="image/png")

    def told(self, run_id: str) -> list[str]:
        """The statuses that were told of a run, in the order in which they came."""
        return [one["status"] for one in self.heard if one["run_id"] == run_id]


@pytest.fixture
def outside() -> Iterator[tuple[Outside, str]]:
    """It, and where it is."""
    outside = Outside()
    routes = [
        Route("/hook", outside.hook, methods=["POST"]),
        Route("/picture", outside.picture),
        Route("/page", outside.page),
    ]
    with running(Starlette(routes=routes)) as url:
        yield outside, url


def client_of(**more: Any) -> Iterator[httpx.Client]:
    """A client of a running stand-in."""
    settings = ComfyDeploySettings(api_key=SecretStr(KEY), webhook_retry_delays_s=(0.05, 0.05), **more)
    with running(create_app(settings)) as url:
        headers = {"authorization": f"Bearer {KEY}"}
        with httpx.Client(base_url=url, headers=headers, trust_env=False) as client:
            yield client


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """It, in ComfyDeploy's own words."""
    yield from client_of()


@pytest.fixture(scope="module")
def pixio() -> Iterator[httpx.Client]:
    """It, in Pixio's."""
    yield from client_of(vocabulary="pixio")


def queued(client: httpx.Client, deployment: str, inputs: dict[str, Any], **more: Any) -> str:
    """The id of a run."""
    body = {"deployment_id": deployment, "inputs": inputs, **more}
    answer = client.post("/api/run/deployment/queue", json=body)
    assert answer.status_code == 200, answer.text
    run_id: str = answer.json()["run_id"]
    return run_id


def run_of(client: httpx.Client, run_id: str) -> dict[str, Any]:
    """A run as it stands."""
    found: dict[str, Any] = client.get("/api/run", params={"run_id": run_id}).json()
    return found


def ended(client: httpx.Client, run_id: str) -> dict[str, Any]:
    """A run once it is over."""
    deadline = time.monotonic() + ENDS_WITHIN_S
    while (found := run_of(client, run_id))["status"] not in OVER:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def until_told(outside: Outside, run_id: str, *statuses: str) -> list[str]:
    """What was told of a run, once all of these were; they come in any order."""
    deadline = time.monotonic() + ENDS_WITHIN_S
    while not set(statuses) <= set(outside.told(run_id)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return outside.told(run_id)


def test_a_run_waits_runs_and_ends(client: httpx.Client) -> None:
    """It says how far it is, and its file is there without a key, under its node and bare."""
    run_id = queued(client, KREA, {"text": "a fox", "width": 256, "height": 320})
    over = ended(client, run_id)
    assert (over["status"], over["progress"], over["queue_position"]) == ("success", 1.0, None)
    (output,) = over["outputs"]
    (file,) = output["data"]["images"]
    assert file["url"] == output["url"]
    assert Image.open(io.BytesIO(httpx.get(file["url"]).content)).size == (256, 320)


@pytest.mark.parametrize(
    ("inputs", "place"),
    [
        ({}, "text"),
        ({"text": 7}, "text"),
        ({"text": "a", "width": 10}, "width"),
        ({"text": "a", "width": 512.5}, "width"),
        ({"text": "a", "prompt": "a"}, "prompt"),
    ],
)
def test_what_a_workflow_does_not_take_is_named(
    client: httpx.Client, inputs: dict[str, Any], place: str
) -> None:
    """422, and nothing starts."""
    answer = client.post("/api/run/deployment/queue", json={"deployment_id": KREA, "inputs": inputs})
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["body", "inputs", place])


def test_a_film_is_made_between_two_pictures(client: httpx.Client, outside: tuple[Outside, str]) -> None:
    """It is fetched by the workflow; a film is under `files`."""
    inputs = {
        "start_image": f"{outside[1]}/picture",
        "end_image": f"{outside[1]}/picture",
        "positive": "waves",
        "length": 17,
    }
    (output,) = ended(client, queued(client, WAN, inputs))["outputs"]
    (file,) = output["data"]["files"]
    assert httpx.get(file["url"]).headers["content-type"] == "video/mp4"


@pytest.mark.parametrize("path", ["page", "nothing"])
def test_a_picture_that_can_not_be_had_fails_the_run(
    client: httpx.Client, outside: tuple[Outside, str], path: str
) -> None:
    """So does what is none."""
    over = ended(client, queued(client, QWEN, {"image1": f"{outside[1]}/{path}", "positive": "red"}))
    assert over["status"] == "failed"
    assert "LoadImage" in over["error"]


def test_every_change_is_told(client: httpx.Client, outside: tuple[Outside, str]) -> None:
    """At the address that came with the run, unsigned; a wrong answer is told again, three times at most."""
    listener, url = outside
    listener.statuses = [500, 500, 500, 200]
    hook = {"webhook": f"{url}/hook"}
    run_id = queued(client, KREA, {"text": "a fox", "width": 64, "height": 64}, **hook)
    assert len(until_told(listener, run_id, "started", "running", "uploading", "success")) >= 4
    (last,) = [one for one in listener.heard if one["status"] == "success"][:1]
    assert last["outputs"][0]["data"]["images"]
    progress = {**hook, "webhook_intermediate_status": True}
    more = queued(client, KREA, {"text": "a fox", "width": 64, "height": 64}, **progress)
    deadline = time.monotonic() + ENDS_WITHIN_S
    while {0.25, 0.5, 0.75} - {one["progress"] for one in listener.heard if one["run_id"] == more}:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_pixio_has_words_of_its_own(pixio: httpx.Client, outside: tuple[Outside, str]) -> None:
    """Fewer of them: what has no other word is no change."""
    listener, url = outside
    run_id = queued(pixio, KREA, {"text": "a", "width": 64, "height": 64}, webhook=f"{url}/hook")
    assert sorted(until_told(listener, run_id, "processing", "success")) == ["processing", "success"]


def test_one_that_is_stopped_stays_so(client: httpx.Client) -> None:
    """And one that has ended is not stopped."""
    run_id = queued(client, KREA, {"text": "a fox [[stall]]"})
    for _ in range(2):
        stopped = client.post("/api/run/cancel", json={"run_id": run_id})
        assert stopped.json()["status"] == "cancelled"
    over = ended(client, queued(client, KREA, {"text": "a", "width": 64, "height": 64}))
    assert client.post("/api/run/cancel", json={"run_id": over["run_id"]}).json()["status"] == "success"


def test_strangers_are_turned_away(client: httpx.Client) -> None:
    """And what is not there is not there."""
    assert client.get("/api/run", headers={"authorization": "Bearer other"}).status_code == 401
    assert client.get("/api/run?run_id=nobody").status_code == 404
    assert client.post("/api/run/cancel", json={"run_id": "nobody"}).status_code == 404
    body = {"deployment_id": "nothing", "inputs": {}}
    assert client.post("/api/run/deployment/queue", json=body).status_code == 404
